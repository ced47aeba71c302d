#include "proxy/upstream/tls_policy.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/siphash.h"
#include "proxy/upstream/priority.h"
#include "proxy/upstream/trust.h"

bool tls_policy_trusts(const struct config_upstream *u)
{
	return u->pin_count == 0 || u->auth_name;
}

/* Nobody else chooses what goes in, so that a fixed key will do. */
static uint64_t mix(uint64_t id, const void *data, size_t len)
{
	uint8_t key[16] = { 0 };

	memcpy(key, &id, sizeof id);
	memcpy(key + 8, &len, sizeof len);
	return siphash(key, data, len);
}

static uint64_t identify(const struct tls_policy *p, const char *priority)
{
	const char *bundle = p->trust ? trust_bundle(p->trust) : "none";
	uint8_t flags[] = { p->strict, p->tickets, p->auth_name != NULL, p->trust != NULL,
		p->datagram };
	uint64_t id = mix(0, flags, sizeof flags);

	if (p->auth_name)
		id = mix(id, p->auth_name, strlen(p->auth_name));
	for (size_t i = 0; i < p->pin_count; i++)
		id = mix(id, p->pins[i], sizeof p->pins[i]);
	id = mix(id, bundle, strlen(bundle));
	return mix(id, priority, strlen(priority));
}

static bool copy(struct tls_policy *p, const struct config_upstream *u)
{
	size_t len = u->pin_count * sizeof *p->pins;

	p->auth_name = u->auth_name ? strdup(u->auth_name) : NULL;
	p->pins = len > 0 ? malloc(len) : NULL;
	if (p->pins)
		memcpy(p->pins, u->pins, len);
	p->pin_count = u->pin_count;
	return (p->auth_name || !u->auth_name) && (p->pins || len == 0) &&
	       gnutls_certificate_allocate_credentials(&p->bare) == 0;
}

static struct tls_policy *make(const struct config_upstream *u, bool datagram, const char *priority,
	struct trust *trust, char *error, size_t size)
{
	struct tls_policy *p = calloc(1, sizeof *p);

	if (p)
		atomic_init(&p->references, 1);
	if (!p || !copy(p, u)) {
		snprintf(error, size, "out of memory");
		tls_policy_free(p);
		return NULL;
	}
	p->strict = u->profile == PROFILE_STRICT;
	p->tickets = u->session_tickets;
	p->datagram = datagram;
	p->trust = trust ? trust_ref(trust) : NULL;
	p->id = identify(p, priority);
	p->priority = datagram ? priority_new_dtls(priority, error, size)
			       : priority_new(priority, p->tickets, error, size);
	if (p->priority)
		return p;
	tls_policy_free(p);
	return NULL;
}

struct tls_policy *tls_policy_new(const struct config_upstream *u, const char *priority,
	struct trust *trust, char *error, size_t size)
{
	return make(u, false, priority, trust, error, size);
}

struct tls_policy *dtls_policy_new(const struct config_upstream *u, const char *priority,
	struct trust *trust, char *error, size_t size)
{
	return make(u, true, priority, trust, error, size);
}

struct tls_policy *tls_policy_ref(struct tls_policy *p)
{
	atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
	return p;
}

void tls_policy_free(struct tls_policy *p)
{
	/* Whoever frees must see all that others did before they let go. */
	if (!p || atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) > 1)
		return;
	if (p->priority)
		gnutls_priority_deinit(p->priority);
	if (p->bare)
		gnutls_certificate_free_credentials(p->bare);
	trust_free(p->trust);
	free(p->auth_name);
	free(p->pins);
	free(p);
}

int tls_policy_apply(const struct tls_policy *p, gnutls_session_t session)
{
	static const gnutls_datum_t dot = { (unsigned char *)(uintptr_t) "dot", 3 };
	int err = gnutls_priority_set(session, p->priority);

	if (err == 0)
		err = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, p->bare);
	/* "dot" is a name of DNS over TLS alone; RFC 8094 has none. */
	if (err == 0 && !p->datagram)
		err = gnutls_alpn_set_protocols(session, &dot, 1, 0); /* RFC 8932, standards 7.5 */
	return err;
}

const char *tls_policy_text(const struct tls_policy *p, char *out, size_t size)
{
	char pins[40] = "";

	if (p->pin_count)
		snprintf(pins, sizeof pins, "%s%zu pin%s", p->trust ? " and " : "", p->pin_count,
			p->pin_count == 1 ? "" : "s");
	snprintf(out, size, "%s%s",
		!p->trust      ? ""
		: p->auth_name ? p->auth_name
			       : "its address",
		pins);
	return out;
}
