/* What query.c and query_read.c have in common. */
#ifndef PROXY_CLIENT_QUERY_INTERNAL_H
#define PROXY_CLIENT_QUERY_INTERNAL_H

#include "proxy/client/query.h"
#include "proxy/client/reply.h"

/* A query that never waited. */
static inline struct reply_to reply_now(struct queries *qs, struct query_ready *r)
{
	return (struct reply_to){ qs, &r->from, &r->form, 0 };
}

/* Without asking anybody: QUERY_REPLIED. */
enum query_verdict query_refuse(
	struct queries *qs, struct query_ready *r, unsigned rcode, struct ede ede);

#endif
