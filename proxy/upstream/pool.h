/*
 * Where a worker's questions go: the upstreams of one forward group, the policy that chooses among
 * them, and the queue of those that wait.
 *
 * What moves a query on to another upstream (design 5): its own has no session that can be relied
 * on and none comes within 250 ms, takes queries and answers none in time, or answered SERVFAIL or
 * REFUSED; or this query was late on two of its paths, or lost on two, or its answer twice cut or malformed.  NXDOMAIN, empty answers and full sessions do not.
 *
 * Every request submitted is either done (exactly once, from the turn's deferred phase, never
 * before pool_submit returned) or cancelled by its owner.  The queue is bounded by the owner's
 * max-queries.
 */
#ifndef PROXY_UPSTREAM_POOL_H
#define PROXY_UPSTREAM_POOL_H

#include <stddef.h>

#include "common/base/turn.h"
#include "common/config/config.h"
#include "proxy/upstream/probe.h"
#include "proxy/upstream/request.h"
#include "proxy/upstream/upstream.h"

#define POOL_UPSTREAMS_MAX CONFIG_FORWARD_MAX
/* Bits of a request, for those and for such that leave. */
#define POOL_PLACES 32u

struct pool {
	/* Set by the owner before pool_init. */
	/*
	 * In the order of the configuration, 1 to POOL_UPSTREAMS_MAX; owned by the caller, outlive the pool;
	 * public parts filled in; of one with two ways, that over datagrams.
	 */
	struct upstream *upstreams[POOL_UPSTREAMS_MAX];
	size_t count;
	enum config_policy policy; /* may be changed at any time */
	/*
	 * Why nobody can be asked at all now, though others could (an interface is missing): a text
	 * that lives for ever; else NULL.  Asked for each query; NULL: never so.
	 */
	const char *(*unusable)(void *arg);
	void *unusable_arg;
	/*
	 * An upstream that pool_change took out has answered what it was asked: no session is left of it, no
	 * request knows of it.  From a timer.  NULL where pool_change is never called.
	 */
	void (*gone)(void *arg, struct upstream *u);
	void *gone_arg;
	struct stats *stats;   /* of what concerns no single upstream; NULL: those of the first */
	uint64_t cache_policy; /* its answers are kept under this (common/cache); 0: not at all */
	bool no_refresh; /* asked only what a client waits for: no prefetch, no renewal behind it */

	/* Private. */
	struct turn *turn;
	uint32_t everybody;   /* the bits of its upstreams */
	struct list requests; /* all that are neither done nor cancelled, but the probe */
	struct list leaving;  /* upstreams that pool_change took out, the oldest first */
	struct timer leaving_check;
	struct list
		again; /* requests that wait, tried before or not for all: they go first, in order */
	struct list waiting;  /* those never tried, the oldest first */
	size_t waiting_count; /* of both */
	struct turn_work dispatch;
	struct timer patience;		/* an upstream has been awaited for long enough */
	const struct upstream *serving; /* failover: to whom new queries went last, as logged */
	uint64_t told_us;		/* when the log told of a change last */
	size_t first;			/* the upstream that the policy prefers now */
	uint64_t rotation;		/* round-robin */
	struct probe probe;
	unsigned probes;   /* copies sent to those in doubt */
	uint64_t probe_us; /* no copy of a query before, to learn of another upstream */
	uint64_t probe_wait_us;
	uint64_t sample_us;    /* fastest: none to measure by before */
	unsigned hedge_credit; /* in 1/50 of a repetition: 2 % of queries */
	char reason[2 * HEALTH_TEXT_MAX];
};

/* The bit of one of its upstreams (either way to it), as in request->avoid; one that leaves has its own still, mostly. */
static inline uint32_t pool_bit(const struct upstream *u)
{
	unsigned place = (u->datagrams ? u->datagrams : u)->place;

	return place < POOL_PLACES ? UINT32_C(1) << place : 0;
}

/* Whether these bits are those of all who could be asked. */
static inline bool pool_is_everybody(const struct pool *p, uint32_t bits)
{
	return (p->everybody & ~bits) == 0;
}

void pool_init(struct pool *p);
/* Every request is done or cancelled. */
void pool_deinit(struct pool *p);

/*
 * Other upstreams, as in p->upstreams: those that it has go on as they are; new ones begin, those that are
 * missing leave (pool_change.c): they are asked nothing new, what they were asked is answered or goes to
 * another one, then gone() is called.  Requests stay where they are.
 */
void pool_change(struct pool *p, struct upstream *const *upstreams, size_t count);

/* Every request ends with this failure, at the end of the turn. */
void pool_fail_all(struct pool *p, struct ede why);

/* Nobody waits for anything of it. */
static inline bool pool_is_idle(const struct pool *p)
{
	return p->requests.next == &p->requests;
}

/* Opens a session to the upstream that is asked first: for the start of the program. */
void pool_warm(struct pool *p);

void pool_submit(struct pool *p, struct request *r);

/* done() will not be called any more.  Any state. */
void pool_cancel(struct pool *p, struct request *r);

/* Why a query that reached its deadline was not answered.  The text lives until the next call. */
struct ede pool_reason(struct pool *p, const struct request *r);

/* The upstream that has an address of this host, by its label; NULL: none of the group has. */
const char *pool_asks_host(const struct pool *p, const struct addr *host);

/*
 * Its upstreams have all been renewed (ways_renew): those that wait are placed anew, and what was measured of
 * them is measured again.
 */
void pool_renewed(struct pool *p);

/* Sessions of all upstreams that can be relied on. */
unsigned pool_sessions(const struct pool *p);

#endif
