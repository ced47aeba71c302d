/*
 * Where a worker's questions go: the queue of those that wait, and the upstreams that take them.
 * One pool per forward group and worker; in this version it holds one upstream.
 *
 * Every request submitted is either done (exactly once, from the turn's deferred phase, never
 * before pool_submit returned) or cancelled by its owner.  The queue is bounded by the owner's
 * max-queries.
 */
#ifndef PROXY_UPSTREAM_POOL_H
#define PROXY_UPSTREAM_POOL_H

#include <stddef.h>

#include "common/base/turn.h"
#include "proxy/upstream/request.h"
#include "proxy/upstream/upstream.h"

struct pool {
	struct upstream upstream; /* the caller fills its public part before pool_init */
	/* Private. */
	struct turn *turn;
	struct stats *stats;
	struct list again;    /* requests that wait, sent before: they go first, in order */
	struct list waiting;  /* those never sent, the oldest first */
	size_t waiting_count; /* of both */
	struct turn_work dispatch;
	char reason[UPSTREAM_TEXT_MAX + 80];
};

void pool_init(struct pool *p);
/* Every request is done or cancelled. */
void pool_deinit(struct pool *p);

void pool_submit(struct pool *p, struct request *r);

/* done() will not be called any more.  Any state. */
void pool_cancel(struct pool *p, struct request *r);

/* Why a query that reached its deadline was not answered.  The text lives until the next call. */
struct ede pool_reason(struct pool *p, const struct request *r);

#endif
