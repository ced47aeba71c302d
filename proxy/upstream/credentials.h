/*
 * Whom we trust, and how a peer is judged: the trust anchors, the TLS parameters, the check of a
 * certificate against the name that we expect.  Made before the workers start, read-only
 * afterwards, shared by all of them.  GnuTLS stays behind this file and tls.c.
 */
#ifndef PROXY_UPSTREAM_CREDENTIALS_H
#define PROXY_UPSTREAM_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

struct credentials;
struct gnutls_session_int;

/*
 * Loads the trust anchors from a PEM file, or the system's store (bundle ""), whole and checked:
 * missing, unreadable, empty and garbage are errors.  NULL on failure with one sentence in error.
 */
struct credentials *credentials_load(const char *bundle, char *error, size_t size);
void credentials_free(struct credentials *c);

/* How many trust anchors there are. */
unsigned credentials_anchors(const struct credentials *c);

/* Sets a new client session up: anchors, priorities, ALPN. 0 or a GnuTLS error. */
int credentials_apply(const struct credentials *c, struct gnutls_session_int *session);

/*
 * Judges the peer of a session in its handshake: the chain up to our anchors, serverAuth, dates,
 * and a subjectAltName for the name (or, where auth_name is NULL, for the address); never the CN
 * (RFC 8310 8.1). False with the reason, as a sentence that says what was expected and what came.
 */
bool credentials_verify(struct gnutls_session_int *session, const char *auth_name,
	const struct addr *addr, char *reason, size_t size);

#endif
