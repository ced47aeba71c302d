/*
 * The server side of DTLS 1.2 for one association.  GnuTLS never sees a socket: it is given datagrams
 * one by one, and what it wants to send goes through `push`, one datagram a call.
 */
#ifndef TESTS_SERVER_DTLS_H
#define TESTS_SERVER_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/tls.h"

struct dtls;

#define DTLS_RANDOM 32u

typedef void dtls_push(void *arg, const uint8_t *data, size_t len);

/* What proves that a client is where it says it is: cookies that are made and checked without memory. */
struct dtls_cookies {
	uint8_t key[16];
};

/* What the check of a cookie leaves behind for the handshake. */
struct dtls_prestate {
	unsigned record_seq, read_seq, write_seq;
};

void dtls_cookies_init(struct dtls_cookies *c);
/* Is it a ClientHello in clear?  Then *ret_random is the random in it (borrowed). */
bool dtls_is_hello(const uint8_t *data, size_t len, const uint8_t **ret_random);
/* Has this ClientHello the cookie that belongs to `peer` (octets that tell one client from another)? */
bool dtls_cookie_good(struct dtls_cookies *c, const void *peer, size_t peer_len,
	const uint8_t *data, size_t len, struct dtls_prestate *ret);
/* A HelloVerifyRequest with the cookie of `peer`. */
void dtls_cookie_ask(
	struct dtls_cookies *c, const void *peer, size_t peer_len, dtls_push *push, void *arg);

/* mtu: octets of the largest datagram.  NULL with a message on stderr. */
struct dtls *dtls_new(struct tls_server *s, const struct dtls_prestate *prestate, unsigned mtu,
	dtls_push *push, void *arg);
void dtls_free(struct dtls *d);

/* The datagram to be read next; borrowed until it is read or another one comes. */
void dtls_take(struct dtls *d, const uint8_t *data, size_t len);
/* To be called for a datagram, and when dtls_timeout_ms has passed. */
enum tls_result dtls_handshake(struct dtls *d);
unsigned dtls_timeout_ms(struct dtls *d);
/* One record; *ret_len is set with TLS_DONE. */
enum tls_result dtls_read(struct dtls *d, void *data, size_t size, size_t *ret_len);
/* One record in one datagram; false: it is larger than dtls_room. */
bool dtls_write(struct dtls *d, const void *data, size_t len);
size_t dtls_room(const struct dtls *d);
void dtls_close_notify(struct dtls *d);
bool dtls_alert(struct dtls *d, uint8_t level, uint8_t description);

/* Valid after the handshake. */
void dtls_facts(struct dtls *d, struct tls_facts *ret);
const char *dtls_error(const struct dtls *d);
bool dtls_got_alert(const struct dtls *d);
/* Records so far that were broken, forged or old. */
unsigned dtls_discarded(const struct dtls *d);

#endif
