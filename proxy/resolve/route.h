/*
 * What applies to a question: which pool it goes to.  The zone with the longest name that the
 * question's is or ends in, by labels; else the forward group; before all, that of an open portal (portal.h).  Special-use names and local records
 * come here.
 */
#ifndef PROXY_RESOLVE_ROUTE_H
#define PROXY_RESOLVE_ROUTE_H

#include <stddef.h>

#include "common/dns/message.h"
#include "common/dns/name.h"

struct pool;
struct portal;

struct route_zone {
	uint8_t name[DNS_NAME_MAX];
	size_t name_len;
	struct pool *pool; /* borrowed */
};

struct routes {
	struct pool *forward;		/* borrowed */
	const struct route_zone *zones; /* borrowed; in any order */
	size_t zone_count;
	struct portal *portal;	  /* borrowed; NULL: there is none */
	struct pool *portal_pool; /* borrowed; where its names go; NULL: nowhere */
	unsigned portal_number;	  /* the opening that this pool is for */
};

/* *ret_labels: of the zone, all of the name for a portal's; 0: it is not in one. */
struct pool *route_find(const struct routes *r, const struct dns_question *q, unsigned *ret_labels);

#endif
