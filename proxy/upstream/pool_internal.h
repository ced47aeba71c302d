/*
 * Between the parts of a pool: pool.c has the queue, the places and the ends of requests, pool_outcome.c
 * what upstreams say of them, pool_change.c who the upstreams are.  For nobody else.
 */
#ifndef PROXY_UPSTREAM_POOL_INTERNAL_H
#define PROXY_UPSTREAM_POOL_INTERNAL_H

#include "proxy/upstream/pool.h"

/* A slow name may be asked for again if fifty queries have earned it. */
#define POOL_HEDGE_COST 50u

/* What an upstream is called that is not there any more. */
#define POOL_FORMER "an upstream of before the reload"

/* pool_change.c: who belongs to it. */
void pool_change_init(struct pool *p);
void pool_change_deinit(struct pool *p);

/* pool_outcome.c: what a pool is to its upstreams; the argument is the pool. */
extern const struct upstream_owner pool_as_owner;

/* Those that wait find a place at the end of this turn, if there is one. */
void pool_look_again(struct pool *p);
/* At the end of this turn it is decided what becomes of it. */
void pool_reconsider_later(struct pool *p, struct request *r);
/* No more sends for it. */
bool pool_is_exhausted(struct request *r);

/* Its result is there: done() comes from the deferred phase. */
void pool_finish(struct pool *p, struct request *r);
/* The error that was kept is its result, as nobody had anything better. */
void pool_finish_kept(struct pool *p, struct request *r);

/* Where it is counted what is the upstream's own, whichever way. */
struct stats *pool_stats_of(struct upstream *u);

#endif
