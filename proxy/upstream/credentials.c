#include "proxy/upstream/credentials.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hostmatch.h"

/*
 * TLS 1.2 and 1.3 (RFC 8310 9, RFC 9325 3.1), AEAD with forward secrecy only, no renegotiation with
 * peers that don't do it safely.  AES-128-GCM first: the cheapest where there is hardware for it.
 */
static const char priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
	"-CIPHER-ALL:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:-MAC-ALL:+AEAD:"
	"-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:"
	"+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+SIGN-ECDSA-SHA512:"
	"+SIGN-EDDSA-ED25519:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:"
	"+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:"
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"
	"%SAFE_RENEGOTIATION:%PROFILE_MEDIUM";

struct credentials {
	gnutls_certificate_credentials_t x509;
	gnutls_priority_t priority;
	unsigned anchors;
};

static int load_anchors(struct credentials *c, const char *bundle)
{
	if (*bundle)
		return gnutls_certificate_set_x509_trust_file(c->x509, bundle, GNUTLS_X509_FMT_PEM);
	return gnutls_certificate_set_x509_system_trust(c->x509);
}

/* The library's words for an unreadable file are poor; the system's say what to do. */
static void explain_load(const char *bundle, int err, char *error, size_t size)
{
	const char *what = *bundle ? bundle : "the system's trust store";
	FILE *f = *bundle ? fopen(bundle, "r") : NULL;

	if (*bundle && !f)
		snprintf(error, size, "tls-cert-bundle %s: %m", what);
	else if (err < 0)
		snprintf(error, size, "tls-cert-bundle %s: %s", what, gnutls_strerror(err));
	else
		snprintf(error, size, "%s%s holds no certificate%s",
			*bundle ? "tls-cert-bundle " : "", what,
			*bundle ? "" : "; install ca-certificates or set tls-cert-bundle");
	if (f)
		fclose(f);
}

struct credentials *credentials_load(const char *bundle, char *error, size_t size)
{
	struct credentials *c = calloc(1, sizeof *c);
	int n;

	if (!c || gnutls_certificate_allocate_credentials(&c->x509) < 0 ||
		gnutls_priority_init(&c->priority, priorities, NULL) < 0) {
		snprintf(error, size, "TLS: out of memory, or the library refuses our priorities");
		goto fail;
	}
	n = load_anchors(c, bundle);
	if (n <= 0) {
		explain_load(bundle, n, error, size);
		goto fail;
	}
	c->anchors = (unsigned)n;
	return c;
fail:
	credentials_free(c);
	return NULL;
}

void credentials_free(struct credentials *c)
{
	if (!c)
		return;
	if (c->priority)
		gnutls_priority_deinit(c->priority);
	if (c->x509)
		gnutls_certificate_free_credentials(c->x509);
	free(c);
}

unsigned credentials_anchors(const struct credentials *c)
{
	return c->anchors;
}

int credentials_apply(const struct credentials *c, gnutls_session_t session)
{
	static const gnutls_datum_t dot = { (unsigned char *)(uintptr_t) "dot", 3 };
	int err = gnutls_priority_set(session, c->priority);

	if (err == 0)
		err = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->x509);
	if (err == 0)
		err = gnutls_alpn_set_protocols(session, &dot, 1, 0); /* RFC 8932, standards 7.5 */
	return err;
}

/* ------------------------------------------------------------------ judging a peer */

/* Collects what the certificate offers, for the message. */
static void note_name(char *seen, size_t size, const char *name, size_t len)
{
	size_t at = strlen(seen);

	if (at + len + 4 < size)
		snprintf(seen + at, size - at, "%s%.*s", at ? ", " : "", (int)len, name);
}

static void note_address(char *seen, size_t size, const unsigned char *ip, size_t len)
{
	struct addr a = { 0 };
	char text[ADDR_TEXT_MAX];

	if (len == 4) {
		a.in4.sin_family = AF_INET;
		memcpy(&a.in4.sin_addr, ip, len);
	} else if (len == 16) {
		a.in6.sin6_family = AF_INET6;
		memcpy(&a.in6.sin6_addr, ip, len);
	} else {
		return;
	}
	addr_ip_text(&a, text);
	note_name(seen, size, text, strlen(text));
}

static bool address_matches(const struct addr *a, const unsigned char *ip, size_t len)
{
	if (a->sa.sa_family == AF_INET6)
		return len == 16 && memcmp(ip, &a->in6.sin6_addr, 16) == 0;
	return len == 4 && memcmp(ip, &a->in4.sin_addr, 4) == 0;
}

/* RFC 9525 6.3, 6.4: dNSName for a name, iPAddress octet for octet for an address, nothing else. */
static bool san_matches(gnutls_x509_crt_t cert, const char *auth_name, const struct addr *addr,
	char *seen, size_t size)
{
	for (unsigned i = 0;; i++) {
		unsigned char san[1024];
		size_t len = sizeof san;
		int type = gnutls_x509_crt_get_subject_alt_name(cert, i, san, &len, NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (type < 0)
			return false;
		if (type == GNUTLS_SAN_DNSNAME) {
			if (auth_name && hostmatch((const char *)san, len, auth_name))
				return true;
			note_name(seen, size, (const char *)san, len);
		} else if (type == GNUTLS_SAN_IPADDRESS) {
			if (!auth_name && address_matches(addr, san, len))
				return true;
			note_address(seen, size, san, len);
		}
	}
}

static bool leaf_matches(gnutls_session_t session, const char *auth_name, const struct addr *addr,
	char *seen, size_t size)
{
	unsigned n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
	gnutls_x509_crt_t cert;
	bool ok = false;

	if (n == 0 || gnutls_x509_crt_init(&cert) < 0)
		return false;
	if (gnutls_x509_crt_import(cert, &chain[0], GNUTLS_X509_FMT_DER) == 0)
		ok = san_matches(cert, auth_name, addr, seen, size);
	gnutls_x509_crt_deinit(cert);
	return ok;
}

static bool chain_is_good(gnutls_session_t session, char *reason, size_t size)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER };
	gnutls_datum_t text = { NULL, 0 };
	unsigned status = 0;
	int err = gnutls_certificate_verify_peers(session, &purpose, 1, &status);

	if (err == 0 && status == 0)
		return true;
	if (err < 0)
		snprintf(reason, size, "certificate not checked: %s", gnutls_strerror(err));
	else if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) ==
		 0)
		snprintf(reason, size, "certificate refused: %s", text.data);
	else
		snprintf(reason, size, "certificate refused (status %#x)", status);
	gnutls_free(text.data);
	return false;
}

bool credentials_verify(gnutls_session_t session, const char *auth_name, const struct addr *addr,
	char *reason, size_t size)
{
	char seen[160] = "", expected[ADDR_TEXT_MAX];

	if (!chain_is_good(session, reason, size))
		return false;
	if (leaf_matches(session, auth_name, addr, seen, sizeof seen))
		return true;
	snprintf(reason, size, "certificate is for %s, expected %s",
		*seen ? seen : "no name at all",
		auth_name ? auth_name : addr_ip_text(addr, expected));
	return false;
}
