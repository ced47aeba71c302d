/*
 * What applies to a question: which pool it goes to.  Zones, special-use names and local records
 * come here; in this version every question goes to the forward group.
 */
#ifndef PROXY_RESOLVE_ROUTE_H
#define PROXY_RESOLVE_ROUTE_H

#include "common/dns/message.h"

struct pool;

struct routes {
	struct pool *forward; /* borrowed */
};

static inline struct pool *route_find(const struct routes *r, const struct dns_question *q)
{
	(void)q;
	return r->forward;
}

#endif
