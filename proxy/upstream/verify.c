#include "proxy/upstream/verify.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>

#include "proxy/upstream/pins.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/trust.h"
#include "proxy/upstream/verify_chain.h"
#include "proxy/upstream/verify_name.h"

/* One judgement. */
struct judge {
	gnutls_session_t session;
	const struct tls_policy *policy;
	const struct addr *addr;
	struct chain chain;
	struct verify_result *result;
};

static bool refuse(struct judge *j, const char *text)
{
	snprintf(j->result->reason, sizeof j->result->reason, "%s", text);
	return false;
}

/* ------------------------------------------------------------------ pins */

/* The path from the leaf up to this certificate holds, with it as the only anchor. */
static bool is_on_path(struct judge *j, gnutls_x509_crt_t anchor)
{
	gnutls_certificate_credentials_t sole;
	bool ok = false;

	if (gnutls_certificate_allocate_credentials(&sole) < 0)
		return refuse(j, "out of memory");
	if (gnutls_certificate_set_x509_trust(sole, &anchor, 1) >= 0)
		ok = chain_check(&j->chain, j->session, sole, j->policy->bare, j->result->reason,
			sizeof j->result->reason);
	gnutls_certificate_free_credentials(sole);
	if (!ok || anchor == j->chain.certs[0])
		return ok; /* who vouches for itself is asked for nothing more */
	return chain_is_known(&j->chain, j->session, j->result->reason, sizeof j->result->reason);
}

/*
 * The anchor above what was sent: servers leave their root out, and users pin it all the same.  Only
 * where the policy has anchors, whose path was verified before.
 */
static bool root_is_pinned(struct judge *j, gnutls_certificate_credentials_t anchors)
{
	for (unsigned i = 0; i < j->chain.count; i++) {
		gnutls_x509_crt_t issuer;
		bool ok;

		if (gnutls_certificate_get_issuer(
			    anchors, j->chain.certs[i], &issuer, GNUTLS_TL_GET_COPY) < 0)
			continue;
		ok = pins_contain(j->policy, issuer) && is_on_path(j, issuer);
		gnutls_x509_crt_deinit(issuer);
		if (ok)
			return true;
	}
	return false;
}

static void explain_mismatch(struct judge *j)
{
	char leaf[PIN_TEXT_MAX], top[PIN_TEXT_MAX], above[PIN_TEXT_MAX + 16] = "";
	struct chain *c = &j->chain;

	if (c->count > 1)
		snprintf(above, sizeof above, ", its issuer %s", pin_text(c->certs[1], top));
	snprintf(j->result->reason, sizeof j->result->reason,
		"pin mismatch: the server's key is %s%s; expected %s%zu of pin-sha256",
		pin_text(c->certs[0], leaf), above,
		j->policy->pin_count > 1 ? "one of the " : "the ", j->policy->pin_count);
}

/*
 * anchors NULL: pins alone, so that the pinned certificate is the anchor and its own dates and
 * purpose have to hold too.
 */
static bool pins_hold(struct judge *j, gnutls_certificate_credentials_t anchors)
{
	bool found = false;

	for (unsigned i = 0; i < j->chain.count; i++) {
		if (!pins_contain(j->policy, j->chain.certs[i]))
			continue;
		found = true;
		if (i == 0 && anchors)
			return true; /* its path was verified */
		if (is_on_path(j, j->chain.certs[i]))
			return true;
	}
	if (anchors && root_is_pinned(j, anchors))
		return true;
	if (!found)
		explain_mismatch(j);
	return false;
}

static bool pins_alone_hold(struct judge *j)
{
	if (!pins_hold(j, NULL))
		return false;
	if (!chain_leaf_serves(&j->chain))
		return refuse(j, "certificate refused: not for servers (extended key usage)");
	return true;
}

/* ------------------------------------------------------------------ trust anchors */

static bool name_and_pins_hold(struct judge *j, gnutls_certificate_credentials_t anchors)
{
	char *reason = j->result->reason;
	size_t size = sizeof j->result->reason;

	return chain_check(&j->chain, j->session, anchors, j->policy->bare, reason, size) &&
	       chain_is_known(&j->chain, j->session, reason, size) &&
	       verify_name(j->chain.certs[0], j->policy->auth_name, j->addr, reason, size) &&
	       (j->policy->pin_count == 0 || pins_hold(j, anchors));
}

static bool anchored(struct judge *j)
{
	gnutls_certificate_credentials_t anchors =
		trust_hold(j->policy->trust, j->result->reason, sizeof j->result->reason);
	bool ok;

	if (!anchors) {
		j->result->local = true;
		return false;
	}
	ok = name_and_pins_hold(j, anchors);
	trust_release(j->policy->trust);
	return ok;
}

void verify_peer(gnutls_session_t session, const struct tls_policy *policy, const struct addr *addr,
	struct verify_result *ret)
{
	struct judge j = { .session = session, .policy = policy, .addr = addr, .result = ret };

	*ret = (struct verify_result){ .authenticated = false };
	if (chain_init(&j.chain, session, ret->reason, sizeof ret->reason)) {
		time_t until = gnutls_x509_crt_get_expiration_time(j.chain.certs[0]);

		ret->not_after = until == (time_t)-1 ? 0 : until;
		ret->authenticated = policy->trust ? anchored(&j) : pins_alone_hold(&j);
	}
	if (ret->authenticated)
		ret->reason[0] = '\0';
	chain_deinit(&j.chain);
}
