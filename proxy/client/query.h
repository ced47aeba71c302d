/*
 * One query of a client, from its bytes to its one reply.
 *
 * query_start reads it strictly; what can't be asked is answered at once, the rest waits for a
 * lookup with an absolute deadline of its own.  Every end goes through one place: one reply per
 * query, always, with an Extended DNS Error that says why when it is a SERVFAIL of ours (design 3).
 */
#ifndef PROXY_CLIENT_QUERY_H
#define PROXY_CLIENT_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/log_limit.h"
#include "common/base/slab.h"
#include "common/config/config.h"
#include "common/dns/cookie_server.h"
#include "proxy/client/origin.h"
#include "proxy/client/quota.h"
#include "proxy/resolve/dns64.h"
#include "proxy/resolve/local.h"
#include "proxy/resolve/lookup.h"

struct loop;

/* What the queries of one worker share. */
struct queries {
	struct loop *loop;
	const struct config *config;
	struct lookups *lookups;
	struct cookie_secrets secrets; /* the owner's; count 0: no cookies */
	struct local *local;
	struct quota quota;
	struct dns64 dns64;
	uint8_t *unpacked; /* owned: an answer of the cache that another is made of */
	struct slab slab;
	struct list
		deadlines; /* all in flight; the timeout is one for all, so the oldest is first */
	struct timer timer;
	struct log_limit circle_limit;
};

/* 0, -ENOMEM. */
int queries_init(struct queries *qs, struct loop *loop, const struct config *config,
	struct lookups *lookups, struct local *local);
/*
 * By another configuration from now on, which is borrowed; the lookups were changed before.  Takes the buckets (see
 * quota_change).
 */
void queries_change(struct queries *qs, const struct config *config, struct quota_bucket *buckets);
/* Replies SERVFAIL with this reason to all that are in flight. */
void queries_finish_all(struct queries *qs, struct ede why);
/* Queries in flight are forgotten without a reply. */
void queries_deinit(struct queries *qs);

static inline size_t queries_inflight(const struct queries *qs)
{
	return qs->slab.used;
}

enum query_verdict {
	QUERY_BEGUN,	/* a reply will come */
	QUERY_REPLIED,	/* the reply was committed */
	QUERY_DROPPED,	/* silence */
	QUERY_RESPONSE, /* a well-formed response where a query belongs: a loop; streams close */
};

/* One whole message.  from and msg are borrowed for the call. */
enum query_verdict query_start(
	struct queries *qs, const struct origin *from, const uint8_t *msg, size_t len);

/*
 * The same in steps, for those who have several at hand: read all, expect all, answer all.  So the
 * memory of one is on its way while another is dealt with.
 */
struct query_ready {
	struct origin from; /* filled in by the caller */
	/* Private. */
	struct dns_message message;
	struct edns edns;
	struct client_form form;
	struct lookup_ask ask;
	bool doubtful; /* its source may be forged */
};

/* True: goes on with query_answer; else *ret_verdict is the end.  msg must stay until then. */
bool query_read(struct queries *qs, struct query_ready *r, const uint8_t *msg, size_t len,
	enum query_verdict *ret_verdict);
void query_expect(struct queries *qs, const struct query_ready *r);
enum query_verdict query_answer(struct queries *qs, struct query_ready *r);

/*
 * The client of this origin (inside a query) has gone: nothing will be sent, the lookup goes on
 * without it.
 */
void query_orphan(struct origin *o);

#endif
