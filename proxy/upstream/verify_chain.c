#include "proxy/upstream/verify_chain.h"

#include <gnutls/gnutls.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proxy/upstream/verify_dates.h"

#define DATE_MAX 32
/* Of an issuer's name at most. */
#define NAME_SHOWN 80

/* ------------------------------------------------------------------ what was sent */

bool chain_init(struct chain *c, gnutls_session_t session, char *reason, size_t size)
{
	unsigned n = 0;
	const gnutls_datum_t *sent = gnutls_certificate_get_peers(session, &n);

	*c = (struct chain){ .count = 0 };
	if (n == 0 || n > CHAIN_MAX) {
		snprintf(reason, size,
			n ? "certificate refused: the chain of %u certificates is too large"
			  : "the server shows no certificate",
			n);
		return false;
	}
	for (; c->count < n; c->count++) {
		gnutls_x509_crt_t *cert = &c->certs[c->count];
		int err = gnutls_x509_crt_init(cert);

		if (err == 0)
			err = gnutls_x509_crt_import(*cert, &sent[c->count], GNUTLS_X509_FMT_DER);
		if (err == 0)
			continue;
		snprintf(reason, size, "certificate %u of the chain is broken: %s", c->count + 1,
			gnutls_strerror(err));
		if (*cert)
			gnutls_x509_crt_deinit(*cert);
		return false;
	}
	return true;
}

void chain_deinit(struct chain *c)
{
	while (c->count > 0)
		gnutls_x509_crt_deinit(c->certs[--c->count]);
}

/* ------------------------------------------------------------------ why not */

static const char *date(time_t t, char out[DATE_MAX])
{
	struct tm tm;

	if (t == (time_t)-1 || !gmtime_r(&t, &tm) ||
		!strftime(out, DATE_MAX, "%Y-%m-%d %H:%M:%SZ", &tm))
		snprintf(out, DATE_MAX, "an unknown date");
	return out;
}

/* "its issuer's " for a certificate above the leaf. */
static const char *whose(unsigned i)
{
	return i ? "an issuer's certificate " : "";
}

static void explain_dates(const struct chain *c, char *out, size_t size)
{
	char at[DATE_MAX], now_text[DATE_MAX];
	time_t now = verify_dates_now();
	const char *is = verify_dates_believed() ? "now is"
						 : "and the clock is not set: now is taken to be";

	for (unsigned i = 0; i < c->count; i++) {
		time_t from = gnutls_x509_crt_get_activation_time(c->certs[i]),
		       to = gnutls_x509_crt_get_expiration_time(c->certs[i]);

		if (to != (time_t)-1 && to < now) {
			snprintf(out, size, "%sexpired on %s, %s %s", whose(i), date(to, at), is,
				date(now, now_text));
			return;
		}
		if (from != (time_t)-1 && from > now) {
			snprintf(out, size, "%snot valid before %s, %s %s", whose(i),
				date(from, at), is, date(now, now_text));
			return;
		}
	}
	/* An anchor of ours, then. */
	snprintf(out, size, "expired or not valid yet above what the server sent");
}

/* The one that nobody of the chain has issued. */
static void explain_issuer(const struct chain *c, char *out, size_t size)
{
	gnutls_datum_t name = { NULL, 0 };
	unsigned i = 0;

	while (i + 1 < c->count && gnutls_x509_crt_check_issuer(c->certs[i], c->certs[i + 1]))
		i++;
	/* RFC 4514: what is most its own, the common name, comes first. */
	gnutls_x509_crt_get_issuer_dn3(c->certs[i], &name, 0);
	snprintf(out, size, "unknown issuer \"%.*s%s\"%s", NAME_SHOWN,
		name.data ? (const char *)name.data : "?", name.size > NAME_SHOWN ? "..." : "",
		gnutls_x509_crt_check_issuer(c->certs[i], c->certs[i]) ? " (self-signed)" : "");
	gnutls_free(name.data);
}

static const struct {
	unsigned status;
	const char *text; /* NULL: has a function of its own */
} reasons[] = {
	{ GNUTLS_CERT_REVOKED, "revoked, as its OCSP response says" },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, "weak: a signature or key of the chain is not secure" },
	{ GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED, NULL },
	{ GNUTLS_CERT_SIGNER_NOT_CA, "its issuer is not a CA" },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, "outside the constraints of an issuer" },
	{ GNUTLS_CERT_PURPOSE_MISMATCH, "not for servers (extended key usage)" },
	{ GNUTLS_CERT_MISSING_OCSP_STATUS, "no OCSP response, which the certificate demands" },
	{ GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, "its OCSP response is out of date" },
	{ GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE, "its OCSP response is from the future" },
	{ GNUTLS_CERT_INVALID_OCSP_STATUS, "its OCSP response is not valid" },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, "it has a critical extension that is not known" },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, "a signature of the chain is wrong" },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, NULL },
};

static void explain(const struct chain *c, unsigned status, char *reason, size_t size)
{
	char why[160];

	snprintf(why, sizeof why, "status %#x", status);
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (!(status & reasons[i].status))
			continue;
		if (reasons[i].text)
			snprintf(why, sizeof why, "%s", reasons[i].text);
		else if (reasons[i].status == GNUTLS_CERT_SIGNER_NOT_FOUND)
			explain_issuer(c, why, sizeof why);
		else
			explain_dates(c, why, sizeof why);
		break;
	}
	snprintf(reason, size, "certificate refused: %s", why);
}

/* ------------------------------------------------------------------ the OCSP response */

/* What the response says of the certificate; GOOD where it says nothing. */
static unsigned ocsp_status_of(gnutls_ocsp_resp_t response, gnutls_x509_crt_t cert)
{
	unsigned status = GNUTLS_OCSP_CERT_GOOD;

	for (unsigned i = 0; gnutls_ocsp_resp_get_single(response, i, NULL, NULL, NULL, NULL,
				     &status, NULL, NULL, NULL, NULL) == 0;
		i++)
		if (gnutls_ocsp_resp_check_crt(response, i, cert) == 0)
			return status;
	return GNUTLS_OCSP_CERT_GOOD;
}

bool chain_is_known(const struct chain *c, gnutls_session_t session, char *reason, size_t size)
{
	unsigned status = GNUTLS_OCSP_CERT_GOOD;
	gnutls_ocsp_resp_t response;
	gnutls_datum_t sent;

	if (gnutls_ocsp_status_request_get2(session, 0, &sent) < 0)
		return true;
	if (gnutls_ocsp_resp_init(&response) == 0) {
		if (gnutls_ocsp_resp_import2(response, &sent, GNUTLS_X509_FMT_DER) == 0)
			status = ocsp_status_of(response, c->certs[0]);
		gnutls_ocsp_resp_deinit(response);
	}
	if (status != GNUTLS_OCSP_CERT_UNKNOWN)
		return true;
	snprintf(reason, size, "certificate refused: its OCSP response does not know it");
	return false;
}

/* ------------------------------------------------------------------ the check */

bool chain_leaf_serves(const struct chain *c)
{
	return gnutls_x509_crt_check_key_purpose(c->certs[0], GNUTLS_KP_TLS_WWW_SERVER, 0) != 0;
}

bool chain_check(const struct chain *c, gnutls_session_t session,
	gnutls_certificate_credentials_t anchors, gnutls_certificate_credentials_t bare,
	char *reason, size_t size)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER };
	unsigned status = 0;
	int err = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, anchors);

	if (err == 0) {
		err = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, bare);
	}
	if (err == 0 && status == 0)
		return true;
	if (err < 0)
		snprintf(reason, size, "certificate not checked: %s", gnutls_strerror(err));
	else
		explain(c, status, reason, size);
	return false;
}
