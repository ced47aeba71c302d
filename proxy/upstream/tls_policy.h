/*
 * Whom we take for one upstream, and how we speak to it: the whole policy of a TLS or DTLS session.
 * Made by main, read-only afterwards, shared by all threads, freed by the last who lets go.
 */
#ifndef PROXY_UPSTREAM_TLS_POLICY_H
#define PROXY_UPSTREAM_TLS_POLICY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/config/config.h"

struct trust;
struct gnutls_priority_st;
struct gnutls_certificate_credentials_st;
struct gnutls_session_int;

struct tls_policy {
	char *auth_name; /* NULL: the certificate must name the address; or pins alone */
	uint8_t (*pins)[CONFIG_PIN_OCTETS];
	size_t pin_count;
	bool strict;
	bool tickets;
	bool datagram; /* DTLS */
	/* Of a name or an address; NULL: pins alone, which are anchors of their own. A reference. */
	struct trust *trust;
	uint64_t id; /* of all above: two policies that differ have different ones */

	/* Private. */
	atomic_uint references;
	struct gnutls_priority_st *priority;
	struct gnutls_certificate_credentials_st *bare; /* no anchors: a check brings its own */
};

/*
 * What the configuration says of u, which is borrowed for the call; trust is NULL only where tls_policy_trusts
 * is false.  One reference, or NULL with one sentence in error.
 */
struct tls_policy *tls_policy_new(const struct config_upstream *u, const char *priority,
	struct trust *trust, char *error, size_t size);
/*
 * The same over DTLS, whose tickets never meet those of TLS: another id.  An error also where the
 * option tls-priority leaves nothing for DTLS 1.2.
 */
struct tls_policy *dtls_policy_new(const struct config_upstream *u, const char *priority,
	struct trust *trust, char *error, size_t size);
/* From any thread. */
struct tls_policy *tls_policy_ref(struct tls_policy *p);
void tls_policy_free(struct tls_policy *p); /* lets go of a reference; NULL is fine */

/* Whether certificates of u are judged by trust anchors: not if there are pins and no name. */
bool tls_policy_trusts(const struct config_upstream *u);

/* Sets a new client session up: parameters, ALPN, no anchors. 0 or a GnuTLS error. */
int tls_policy_apply(const struct tls_policy *p, struct gnutls_session_int *session);

/* "resolver.test, with 2 pins": for logs. */
const char *tls_policy_text(const struct tls_policy *p, char *out, size_t size);

#endif
