/* What TLS has to say besides data, once the handshake is over: one message each time. */
#ifndef TESTS_SERVER_ASIDE_H
#define TESTS_SERVER_ASIDE_H

#include <stdbool.h>
#include <stdint.h>

struct tls;

enum aside {
	ASIDE_NONE = 0,
	ASIDE_KEYUPDATE,     /* of our keys */
	ASIDE_KEYUPDATE_ASK, /* and of the peer's */
	ASIDE_TICKET,
	ASIDE_WARNING,	     /* an alert that ends nothing: user_canceled */
	ASIDE_EMPTY,	     /* a record of no octets of data */
	ASIDE_HELLO_REQUEST, /* TLS 1.2: please shake hands again; not allowed in TLS 1.3 */
	ASIDE_CERT_REQUEST,  /* TLS 1.3, not allowed unless the client offered it */
};

/* False: no such word, or TLS of this session can't. */
bool aside_parse(const char *word, enum aside *ret);
bool aside_send(struct tls *t, enum aside what, unsigned times);

#endif
