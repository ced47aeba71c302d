/* The path from a peer's certificate up to an anchor, and what to say where there is none. */
#ifndef PROXY_UPSTREAM_VERIFY_CHAIN_H
#define PROXY_UPSTREAM_VERIFY_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

struct gnutls_session_int;
struct gnutls_x509_crt_int;
struct gnutls_certificate_credentials_st;

/* Certificates that a server may send at most; more are refused. */
#define CHAIN_MAX 16u

/* What a server has sent, the leaf first. */
struct chain {
	struct gnutls_x509_crt_int *certs[CHAIN_MAX];
	unsigned count;
};

/* False with a reason: none, too many, or broken ones.  chain_deinit is due either way. */
bool chain_init(struct chain *c, struct gnutls_session_int *session, char *reason, size_t size);
void chain_deinit(struct chain *c);

/*
 * False: the OCSP response that came along says "unknown" of the leaf (RFC 6960 2.2): its own
 * issuer's responder has never heard of it.  For the library that is as good as no response.
 */
bool chain_is_known(
	const struct chain *c, struct gnutls_session_int *session, char *reason, size_t size);

/*
 * Checks the session's certificates against the anchors: signatures, CA:TRUE, path length, name
 * constraints, dates, strength, serverAuth, OCSP response (also one that must be there).  bare are
 * the session's credentials, in place again afterwards.  False with a reason.
 */
bool chain_check(const struct chain *c, struct gnutls_session_int *session,
	struct gnutls_certificate_credentials_st *anchors,
	struct gnutls_certificate_credentials_st *bare, char *reason, size_t size);

/* Its key may serve TLS servers, as far as it says (RFC 5280 4.2.1.12). */
bool chain_leaf_serves(const struct chain *c);

#endif
