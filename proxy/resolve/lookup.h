/*
 * What becomes of a question: an answer of the cache at once, or one question in flight with those
 * who wait for it.  Upstream it goes in a form of its own: name in lower case, nothing of the
 * client's message but question, DO, CD, AD and the options that must be copied; a message signed
 * with TSIG or SIG(0) whole (RFC 5625 4.5).
 *
 *     lookup_prepare    what is asked, under which key
 *     lookup_find       the cache has it: give it, then lookup_given
 *     lookup_start      else ask, or join an equal question in flight
 *
 * A lookup lives until its last waiter was answered or has left; one that renews what is known
 * goes on for a while without any.  done() or cached() is called once for each waiter that has not
 * left, never before the call that made it wait has returned.
 */
#ifndef PROXY_RESOLVE_LOOKUP_H
#define PROXY_RESOLVE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/list.h"
#include "common/base/random.h"
#include "common/base/slab.h"
#include "common/base/stats.h"
#include "common/base/turn.h"
#include "common/cache/cache.h"
#include "common/dns/edns.h"
#include "common/dns/message.h"
#include "proxy/resolve/route.h"
#include "proxy/upstream/request.h"

/* Those who wait for one answer, at most (threats A45). */
#define LOOKUP_WAITERS_MAX 1024u
/* A client is not kept waiting longer where an old answer is known (RFC 8767 5). */
#define LOOKUP_STALE_AFTER_US 1800000u

struct lookup;
struct trace;

struct lookup_waiter {
	struct list node;      /* in its lookup's list */
	struct list stale;     /* in the list of those who get an old answer if it takes long */
	uint64_t stale_us;     /* when */
	struct lookup *lookup; /* NULL: not waiting */
	/* result: the request's, borrowed for the call.  The waiter is out of the list already. */
	void (*done)(struct lookup_waiter *w, const struct request *result);
	/* Instead of done: an answer of the cache, whose shard is locked until the call returns or
	 * releases it (cache_release). */
	void (*cached)(struct lookup_waiter *w, struct cache_hit *hit);
};

struct lookups_setup {
	size_t max; /* questions of clients in flight */
	struct turn *turn;
	struct stats *stats;
	struct random_source *random;
	struct routes routes;
	struct cache *cache;		   /* shared, borrowed; NULL: none */
	uint32_t (*boottime_s)(void *arg); /* a clock for what ages, see cache.h */
	void *clock_arg;
	uint64_t timeout_us; /* how long one goes on that nobody waits for */
	bool prefetch;
	/* Whether clients do not get this answer of the forward group: it is not kept. NULL: they do. */
	bool (*refused)(void *arg, const struct dns_question *q, const struct dns_message *answer);
	void *refused_arg;
};

struct lookups {
	struct lookups_setup setup;
	struct slab slab;
	uint8_t secret[16];
	struct lookup **bucket; /* those that can be joined; NULL: no memory, nothing is joined */
	size_t bucket_mask;
	uint64_t turn_us; /* the turn in which now_s was read */
	uint32_t now_s;
	struct list stale_waiters; /* in order of stale_us */
	struct timer stale_timer;
	struct list alone; /* lookups without waiters, in the order of their end */
	size_t alone_count;
	struct timer alone_timer;
	struct trace *trace;	 /* of what is asked now (explain); NULL: of nobody */
	unsigned refresh_credit; /* in twentieths of a question: 5 % of those of clients */
};

void lookups_init(struct lookups *l, const struct lookups_setup *setup);
/* All waiters have left; the pools are there still. */
void lookups_deinit(struct lookups *l);

/* What a reload may change. */
struct lookups_change {
	size_t max;
	struct routes routes; /* the forward pool is the same */
	struct cache *cache;  /* borrowed; NULL: none any more */
	uint64_t timeout_us;
	bool prefetch;
};

/* Questions in flight go on; their answers are kept where they would be found again. */
void lookups_change(struct lookups *l, const struct lookups_change *c);

/* A question, made ready.  What it borrows must stay until lookup_start has returned. */
struct lookup_ask {
	const struct dns_message *message;
	const struct edns *edns;
	struct pool *pool;
	bool cacheable; /* the cache may answer it, and keep its answer */
	bool joinable;
	bool wants_ad;	/* the client: by AD or DO */
	bool asks_ad;	/* AD in the query upstream */
	bool has_stale; /* lookup_find saw an old answer */
	unsigned
		zone_labels; /* of the zone whose upstreams are asked; 0: none, the forward group's */
	struct cache_key key;
};

void lookup_prepare(struct lookups *l, const struct dns_message *m, const struct edns *e,
	struct lookup_ask *ret);

/* lookup_find comes soon: to be called for a few questions before it is for the first of them. */
void lookup_expect(struct lookups *l, const struct lookup_ask *a);

/* True: *ret is to be given now, and then to be passed to lookup_given. */
bool lookup_find(struct lookups *l, struct lookup_ask *a, struct cache_hit *ret);
/* Lets go of it; renews what is about to expire. */
void lookup_given(struct lookups *l, struct lookup_ask *a, struct cache_hit *hit);

/* Whether an answer is the forward group's, not that of a zone. */
bool lookup_is_outside(const struct lookups *l, const struct request *result);

/* Asks. 0, -EBUSY (too many wait for it), -ENOBUFS (bound), -ENOMEM. */
int lookup_start(struct lookups *l, const struct lookup_ask *a, struct lookup_waiter *w);

/* The waiter's time is up: true, and cached() was called, where an old answer is known. */
bool lookup_give_stale(struct lookups *l, struct lookup_waiter *w);

/*
 * The upstream, by its label, that has an address of this host and is of the group that the waiter's question went to; NULL:
 * none is.  Before the waiter leaves, or of what its done() is told.
 */
const char *lookup_asks_host(
	const struct lookup_waiter *w, const struct request *result, const struct addr *host);

/*
 * The waiter gives up; *ret_reason (if not NULL) says how things stood, its text lives until the
 * next call.
 */
void lookup_leave(struct lookups *l, struct lookup_waiter *w, struct ede *ret_reason);

#endif
