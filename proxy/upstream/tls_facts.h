/*
 * What a finished handshake came to, in words, for whoever wants to tell people: version, suite, group,
 * ALPN, and the certificates that were shown.  It judges nothing.
 */
#ifndef PROXY_UPSTREAM_TLS_FACTS_H
#define PROXY_UPSTREAM_TLS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "proxy/upstream/pins.h"

struct tls_engine;

#define TLS_FACTS_CERTS	  4u
#define TLS_FACTS_SUBJECT 96u
#define TLS_FACTS_NAMES	  400u

/* A certificate; texts are printable ASCII, cut where they are too long. */
struct tls_certificate {
	char subject[TLS_FACTS_SUBJECT], issuer[TLS_FACTS_SUBJECT];
	char key[32];		     /* "ECDSA 256" */
	char names[TLS_FACTS_NAMES]; /* of the leaf: its subjectAltNames, with blanks between */
	char pin[PIN_TEXT_MAX];	     /* as pin-sha256 takes it */
	time_t not_before, not_after;
};

struct tls_facts {
	const char *protocol, *cipher, *group; /* static; NULL: none */
	char alpn[16];			       /* "": none was chosen */
	size_t sent;			       /* certificates that were shown, the leaf first */
	struct tls_certificate cert[TLS_FACTS_CERTS]; /* of the first of them */
};

/* Of a session that is ready; what was resumed shows no certificate. */
void tls_facts_read(const struct tls_engine *e, struct tls_facts *ret);

#endif
