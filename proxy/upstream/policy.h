/*
 * In which order a pool's upstreams are asked (design 5, Policy): failover, as written; fastest, by
 * smoothed response time; round-robin, in turns.  And which one is owed a copy of a real query, so
 * that what is known of it does not grow old: nothing is ever sent without a client's query.
 */
#ifndef PROXY_UPSTREAM_POLICY_H
#define PROXY_UPSTREAM_POLICY_H

#include "proxy/upstream/pool.h"

/* Another query comes: chooses p->first anew. */
void policy_advance(struct pool *p);

/* The i-th upstream to be asked; i < p->count. */
static inline struct upstream *policy_nth(const struct pool *p, size_t i)
{
	if (i == 0)
		return p->upstreams[p->first];
	return p->upstreams[i <= p->first ? i - 1 : i];
}

/*
 * An upstream that a copy of a query should go to, which another one (of this rank) gets: one in
 * doubt that the policy would prefer to it, or (fastest) one not measured for long.  NULL: none
 * now.
 */
struct upstream *policy_probe(struct pool *p, size_t rank);

/* It had no session: the copy is owed still. */
void policy_probe_missed(struct pool *p, const struct upstream *u);

#endif
