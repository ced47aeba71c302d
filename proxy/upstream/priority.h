/*
 * Which TLS versions, suites and signatures we offer, and the floor that no option lowers: TLS 1.2,
 * AEAD, forward secrecy, no unsafe renegotiation (RFC 8310 9, RFC 9325, standards 7.4).
 */
#ifndef PROXY_UPSTREAM_PRIORITY_H
#define PROXY_UPSTREAM_PRIORITY_H

#include <stdbool.h>
#include <stddef.h>

struct gnutls_priority_st;
struct gnutls_session_int;

/*
 * wanted: a GnuTLS priority string, of which what is below the floor is left out; "": ours.
 * tickets: sessions may be resumed.  NULL with one sentence in error that names the option and the
 * place.
 */
struct gnutls_priority_st *priority_new(const char *wanted, bool tickets, char *error, size_t size);

/* The same for DTLS 1.2, the only version that is offered there. */
struct gnutls_priority_st *priority_new_dtls(const char *wanted, char *error, size_t size);

/* What a finished handshake came to is not below the floor; *ret_what names what is. */
bool priority_floor_holds(struct gnutls_session_int *session, const char **ret_what);

#endif
