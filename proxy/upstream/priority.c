#include "proxy/upstream/priority.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* AES-128-GCM first: the cheapest where there is hardware for it. */
static const char ours[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
	"-CIPHER-ALL:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:-MAC-ALL:+AEAD:"
	"-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:"
	"+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+SIGN-ECDSA-SHA512:"
	"+SIGN-EDDSA-ED25519:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:"
	"+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:"
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"
	"%SAFE_RENEGOTIATION:%PROFILE_MEDIUM";

/*
 * Behind what a user wrote.  Names that the library knows in Debian 12 and later; what it does not
 * implement any more can't be offered.
 */
static const char floor_text[] =
	":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS1.0"
	":-RSA:-RSA-PSK:-PSK:-DHE-RSA:-DHE-DSS:-SRP:-SRP-RSA:-SRP-DSS:-ANON-DH:-ANON-ECDH"
	":-AES-128-CBC:-AES-256-CBC:-CAMELLIA-128-CBC:-CAMELLIA-256-CBC:-3DES-CBC:-ARCFOUR-128:-"
	"NULL"
	":-SHA1:-SHA256:-SHA384:-MD5"
	":-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1:-SIGN-RSA-MD5"
	":%SAFE_RENEGOTIATION";

/*
 * Where tickets are used: with it, psk_dhe_ke is the only mode that is offered for them (RFC 8446
 * 4.2.9); without it, the library offers psk_ke, too, which has no forward secrecy.  Nothing comes by
 * it in TLS 1.2, for there are no pre-shared keys.
 */
static const char resumption[] = ":+ECDHE-PSK";

/* Behind all of it, for datagrams; resumption there is by RFC 5077, which offers nothing more. */
static const char dtls[] = ":-VERS-ALL:+VERS-DTLS1.2";

/*
 * Keywords that take a check away: removing something later does not bring it back.  COMPAT takes
 * that of the key's usage away; without a status request there is no OCSP response to look at.
 */
static const char *const forbidden[] = { "%UNSAFE_RENEGOTIATION", "%PARTIAL_RENEGOTIATION",
	"%DISABLE_SAFE_RENEGOTIATION", "%NO_SESSION_HASH", "%NO_EXTENSIONS", "%NO_STATUS_REQUEST",
	"%COMPAT", "%VERIFY_ALLOW_", "%VERIFY_DISABLE_", "%PROFILE_LEGACY", "%PROFILE_LOW",
	"%PROFILE_VERY_WEAK", "%DEBUG_ALLOW_", "%ALLOW_", NULL };

static const char *find_forbidden(const char *wanted)
{
	for (const char *const *f = forbidden; *f; f++)
		if (strcasestr(wanted, *f))
			return *f;
	return NULL;
}

/* With the versions and key exchanges that are left. */
static bool has_suite(gnutls_priority_t p)
{
	unsigned index;
	int err;

	for (unsigned i = 0;; i++) {
		err = gnutls_priority_get_cipher_suite_index(p, i, &index);
		if (err != GNUTLS_E_UNKNOWN_CIPHER_SUITE)
			return err == 0;
	}
}

/* "" or what is missing for a usable offer. */
static const char *find_missing(gnutls_priority_t p)
{
	const unsigned *list;

	if (gnutls_priority_protocol_list(p, &list) <= 0)
		return "version (TLS 1.2 or newer, DTLS 1.2)";
	if (gnutls_priority_cipher_list(p, &list) <= 0)
		return "AEAD cipher";
	if (gnutls_priority_group_list(p, &list) <= 0)
		return "group for forward secrecy";
	if (gnutls_priority_sign_list(p, &list) <= 0)
		return "signature algorithm";
	if (!has_suite(p))
		return "suite";
	return "";
}

/* at: where the library stopped in what we gave it; an empty keyword at the end is the user's, too. */
static const char *find_place(const char *wanted, size_t at)
{
	size_t len = strlen(wanted);

	if (at < len)
		return wanted + at;
	return at == len && wanted[len - 1] == ':' ? wanted + len - 1 : NULL;
}

static bool is_allowed(const char *wanted, char *error, size_t size)
{
	const char *keyword = find_forbidden(wanted);

	if (!keyword)
		return true;
	snprintf(error, size,
		"option \"tls-priority\": \"%s\" would weaken the check of the peer; it is not "
		"allowed",
		keyword);
	return false;
}

static gnutls_priority_t make_ours(const char *more, char *error, size_t size)
{
	char text[sizeof ours + sizeof resumption + sizeof dtls];
	gnutls_priority_t p;

	snprintf(text, sizeof text, "%s%s", ours, more);
	if (gnutls_priority_init(&p, text, NULL) == 0)
		return p;
	snprintf(error, size, "TLS: out of memory, or the library refuses our priorities");
	return NULL;
}

static gnutls_priority_t make_wanted(const char *wanted, const char *more, char *error, size_t size)
{
	const char *at = NULL, *medium = strcasestr(wanted, "%PROFILE_") ? "" : ":%PROFILE_MEDIUM";
	size_t len = strlen(wanted) + sizeof floor_text + strlen(medium) + strlen(more);
	char *text = malloc(len);
	gnutls_priority_t p = NULL;
	const char *missing = "", *place = NULL;
	int err = GNUTLS_E_MEMORY_ERROR;

	if (text) {
		snprintf(text, len, "%s%s%s%s", wanted, floor_text, medium, more);
		err = gnutls_priority_init(&p, text, &at);
	}
	if (err == GNUTLS_E_INVALID_REQUEST && at)
		place = find_place(wanted, (size_t)(at - text));
	if (place)
		snprintf(error, size,
			"option \"tls-priority\": the library does not understand it from "
			"\"%.60s\" on",
			place);
	else if (err == GNUTLS_E_NO_PRIORITIES_WERE_SET)
		missing = "suite";
	else if (err < 0)
		snprintf(error, size, "option \"tls-priority\": %s", gnutls_strerror(err));
	free(text);
	if (err < 0)
		p = NULL;
	else
		missing = find_missing(p);
	if (!*missing)
		return p;
	snprintf(error, size,
		"option \"tls-priority\": it leaves no %s to offer; what is weaker than TLS 1.2 "
		"with "
		"AEAD and forward secrecy is never offered",
		missing);
	gnutls_priority_deinit(p);
	return NULL;
}

gnutls_priority_t priority_new(const char *wanted, bool tickets, char *error, size_t size)
{
	const char *more = tickets ? resumption : "";
	gnutls_priority_t p;

	if (!is_allowed(wanted, error, size))
		return NULL;
	if (!*wanted)
		return make_ours(more, error, size);
	/* It has to do by itself, before resumption comes to it. */
	p = make_wanted(wanted, "", error, size);
	if (!p || !tickets)
		return p;
	gnutls_priority_deinit(p);
	return make_wanted(wanted, more, error, size);
}

gnutls_priority_t priority_new_dtls(const char *wanted, char *error, size_t size)
{
	if (!is_allowed(wanted, error, size))
		return NULL;
	return *wanted ? make_wanted(wanted, dtls, error, size) : make_ours(dtls, error, size);
}

/* ------------------------------------------------------------------ afterwards */

static bool is_aead(gnutls_cipher_algorithm_t cipher)
{
	switch (cipher) {
	case GNUTLS_CIPHER_AES_128_GCM:
	case GNUTLS_CIPHER_AES_256_GCM:
	case GNUTLS_CIPHER_CHACHA20_POLY1305:
	case GNUTLS_CIPHER_AES_128_CCM:
	case GNUTLS_CIPHER_AES_256_CCM:
	case GNUTLS_CIPHER_CAMELLIA_128_GCM:
	case GNUTLS_CIPHER_CAMELLIA_256_GCM:
		return true;
	default:
		return false;
	}
}

static bool is_forward_secret(gnutls_kx_algorithm_t kx)
{
	switch (kx) {
	case GNUTLS_KX_ECDHE_RSA:
	case GNUTLS_KX_ECDHE_ECDSA:
	case GNUTLS_KX_DHE_RSA:
	case GNUTLS_KX_ECDHE_PSK: /* as a resumed TLS 1.3 session is reported */
	case GNUTLS_KX_DHE_PSK:
		return true;
	default:
		return false;
	}
}

static bool is_new_enough(gnutls_protocol_t version)
{
	return version == GNUTLS_TLS1_2 || version == GNUTLS_TLS1_3 || version == GNUTLS_DTLS1_2;
}

bool priority_floor_holds(gnutls_session_t session, const char **ret_what)
{
	if (!is_new_enough(gnutls_protocol_get_version(session)))
		*ret_what = "the server chose a version older than TLS 1.2";
	else if (!is_aead(gnutls_cipher_get(session)))
		*ret_what = "the server chose a cipher that is no AEAD";
	else if (!is_forward_secret(gnutls_kx_get(session)))
		*ret_what = "the server chose a key exchange without forward secrecy";
	else if (gnutls_protocol_get_version(session) == GNUTLS_DTLS1_2 &&
		 !gnutls_session_ext_master_secret_status(session))
		*ret_what = "the server does not confirm the extended master secret (RFC 7627)";
	else
		return true;
	return false;
}
