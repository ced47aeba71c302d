/*
 * How an upstream comes by its sessions: rounds of attempts over its addresses, backoff between
 * rounds, and caps on connections that come to nothing.  Works on struct upstream; upstream.c tells it
 * what its sessions say.
 */
#ifndef PROXY_UPSTREAM_OPENING_H
#define PROXY_UPSTREAM_OPENING_H

#include "proxy/upstream/upstream.h"

void opening_init(struct upstream *u);
void opening_stop(struct upstream *u);

/* As upstream_ensure. */
void opening_ensure(struct upstream *u, bool urgent);
/* A session has gone or been lost: is another due, by itself? */
void opening_renew(struct upstream *u);
/* The attempts under way are not needed any more. */
void opening_rest(struct upstream *u);
/* One more at once, beside those that are there, as far as caps allow. */
void opening_add(struct upstream *u);

/* An attempt became a session; false: it was not needed, and is gone. */
bool opening_won(struct upstream *u, struct session *s);
/* An attempt ended without becoming one. */
void opening_failed(struct upstream *u, struct session *s, const struct transport_end *end);
/* A session that had been ready ended having answered nothing; failed: it calls for backoff. */
void opening_fruitless(struct upstream *u, bool failed);
/* An answer: connecting works again. */
void opening_answered(struct upstream *u);

/* One attempt to its i-th address, counted and in the list; NULL: *ret_end says why not.  For retest too. */
struct session *opening_open_to(struct upstream *u, size_t i, struct transport_end *ret_end);
/* Sessions of any state. */
size_t opening_count_sessions(const struct upstream *u);

#endif
