/*
 * Where a request may go now: looks at the upstreams of a pool in the policy's order, those in doubt
 * behind the others, and sees that those passed over get their sessions.
 */
#ifndef PROXY_UPSTREAM_PLACING_H
#define PROXY_UPSTREAM_PLACING_H

#include "proxy/upstream/pool.h"

/* What a look at all upstreams has come to. */
struct choice {
	struct upstream *upstream; /* to ask, or to wait for; NULL: neither */
	struct session *session;   /* with room; NULL: wait */
	size_t rank;		   /* of the upstream in the policy's order */
	uint64_t until_us;	   /* wait so long; 0: until it has room */
	uint32_t missed;	   /* bits of those passed over without a session */
};

/*
 * False: it must wait, for c->upstream or (NULL) for anybody; the pool's patience timer runs where
 * that ends by itself.
 */
bool placing_choose(struct pool *p, const struct request *r, struct choice *c);

#endif
