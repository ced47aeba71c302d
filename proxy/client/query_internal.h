/*
 * One query inside, for four files: query_read.c reads its message, query.c asks and goes on, query_end.c is the one
 * end, queries.c is what all of a worker share, with their deadlines.
 */
#ifndef PROXY_CLIENT_QUERY_INTERNAL_H
#define PROXY_CLIENT_QUERY_INTERNAL_H

#include "proxy/client/query.h"
#include "proxy/client/reply.h"

struct query {
	struct lookup_waiter waiter;
	struct queries *queries;
	struct origin origin;
	struct list deadline_node;
	uint64_t start_us, deadline_us;
	struct quota_client *client; /* NULL: without limit */
	bool begun;		     /* the origin knows of it: it waits */
	bool doubtful;		     /* its source may be forged */
	bool joined;		     /* an equal one was in flight */
	bool dns64;		     /* it is about A now, to have AAAA made of it */
	struct prefix prefix;	     /* by this */
	uint32_t dns64_ttl;
	bool outside;		 /* it is about the name that a local alias leads to */
	unsigned zone_labels;	 /* of the zone that its question falls into; 0: none */
	struct client_form form; /* its question's name is the array below */
	uint8_t name[DNS_NAME_MAX];
};

/* What a query comes to: an upstream's answer, one of the cache, or a SERVFAIL with a reason. */
struct outcome {
	const struct request *result;
	const struct cache_hit *hit;
	const struct dns_message *unpacked; /* the hit, where something is made of it */
	struct ede why;
};

/* query_end.c: the one end of every query.  It is gone afterwards; the hit is still the caller's. */
void query_finish(struct query *q, const struct outcome *what);

/* queries.c: the first deadline is waited for. */
void queries_arm(struct queries *qs);

/*
 * queries.c: it fails; has it come back from where it was sent (threats A51)?  That is told where there is hardly another
 * explanation: it joined an equal one, and its client is an upstream of the group that is asked, on another machine.
 * result: of the request; NULL: it has none, its time is over.
 */
void queries_look_for_circle(struct query *q, const struct request *result);

/* A query that never waited. */
static inline struct reply_to reply_now(struct queries *qs, struct query_ready *r)
{
	return (struct reply_to){ qs, &r->from, &r->form, 0 };
}

/* Without asking anybody: QUERY_REPLIED. */
enum query_verdict query_refuse(
	struct queries *qs, struct query_ready *r, unsigned rcode, struct ede ede);

#endif
