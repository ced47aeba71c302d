/*
 * When an upstream may be connected to again: backoff after rounds that failed, and a cap on connections that come to
 * nothing.  Part of opening, for opening.c alone.
 */
#ifndef PROXY_UPSTREAM_OPENING_BACKOFF_H
#define PROXY_UPSTREAM_OPENING_BACKOFF_H

#include "proxy/upstream/upstream.h"

/* Queries that wait for a session. */
size_t opening_wanted(const struct upstream *u);
/* Whether a session is opened although no query waits: to have it ready for the next one. */
bool opening_is_ahead_due(const struct upstream *u);

/* Without memory it is counted, and nothing is waited for. */
void opening_start_timer(struct upstream *u, struct timer *t, uint64_t due_us);

/* One connection came to nothing, now. */
void opening_note_fruitless(struct upstream *u);
/* When another connection is allowed at the earliest. */
uint64_t opening_fruitless_until(const struct upstream *u);

/* The next try is after so long, or when the cap allows it; the timer of it is started where somebody wants it. */
void opening_wait_before_next(struct upstream *u, uint64_t wait_us);
/* The same, for as long as backoff says, which is returned. */
uint64_t opening_back_off(struct upstream *u);

#endif
