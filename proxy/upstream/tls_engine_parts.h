/*
 * What TLS and DTLS over memory have in common: the session, who is taken for the server, the ends,
 * the bounds.  For tls_engine and dtls_engine alone.
 */
#ifndef PROXY_UPSTREAM_TLS_ENGINE_PARTS_H
#define PROXY_UPSTREAM_TLS_ENGINE_PARTS_H

#include <sys/types.h>

#include "proxy/upstream/tls_engine.h"

/* How the library reads and writes; the first argument is the struct tls_engine. */
struct tls_engine_io {
	ssize_t (*pull)(void *engine, void *data, size_t len);
	int (*pull_timeout)(void *engine, unsigned ms); /* never waits */
	ssize_t (*push)(void *engine, const void *data, size_t len);
};

/* As tls_engine_init; of datagrams where the policy says so. */
bool tls_engine_begin(struct tls_engine *e, const struct tls_policy *policy,
	const struct ticket *ticket, const struct addr *addr, struct transport_end *end,
	const struct tls_engine_io *io);

/* err: of gnutls_handshake, 0 or fatal.  DONE: ready, all that the policy asks for holds; or END. */
enum tls_progress tls_engine_end_handshake(struct tls_engine *e, int err);

/* Writes e->end. */
void tls_engine_fail(struct tls_engine *e, enum transport_fault fault, const char *text);
void tls_engine_fail_library(struct tls_engine *e, int err);

/* Work that brings no answer is bounded (threats A65): false, *end filled, beyond it. */
bool tls_engine_chatter_is_bounded(struct tls_engine *e);
void tls_engine_note_answer(struct tls_engine *e);

/* What a read said that is no end, though no data: warnings, a wish for renegotiation (declined). */
bool tls_engine_is_passed_over(struct tls_engine *e, int err);

#endif
