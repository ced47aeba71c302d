/*
 * The other end for tests of DTLS, in memory: tls_peer's server over datagrams that the test moves, with
 * the exchange of cookies or without.  What can't fail in a test ends the program.
 */
#ifndef TESTS_UNIT_DTLS_PEER_H
#define TESTS_UNIT_DTLS_PEER_H

#include <gnutls/dtls.h>

#include "proxy/upstream/datagrams.h"
#include "tests/unit/tls_peer.h"

struct dtls_peer {
	struct peer tls; /* its `in` and `out` are not used */
	struct datagrams in, out;
	struct datagrams messages; /* read; the oldest first */
	int last;		   /* what the library said of the last record that is no message */
	bool verified;		   /* the client has shown the cookie, or need not */
	unsigned verify_requests;
	gnutls_datum_t cookie_key;
};

/* form's priority NULL: DTLS 1.2.  cookies: a HelloVerifyRequest before anything else. */
void dtls_peer_init(struct dtls_peer *p, const struct peer_form *form, bool cookies);
void dtls_peer_deinit(struct dtls_peer *p);

/* One datagram of the client's: the handshake as far as it comes, then messages. */
void dtls_peer_feed(struct dtls_peer *p, const uint8_t *data, size_t len);

/* Repeats its flight if that is due. */
void dtls_peer_tick(struct dtls_peer *p);

/* The next message; 0: none. */
size_t dtls_peer_read(struct dtls_peer *p, void *data, size_t size);

/* Puts one record into `out`. */
void dtls_peer_write(struct dtls_peer *p, const void *data, size_t len);

#endif
