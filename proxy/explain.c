#include "proxy/explain.h"

#include <stdlib.h>
#include <string.h>

#include "common/cache/cache.h"
#include "common/dns/ede.h"
#include "common/dns/edns.h"
#include "proxy/client/query.h"
#include "proxy/loop.h"
#include "proxy/upstream/pool.h"

#define UDP_SIZE 1232u

/* ------------------------------------------------------------------ the query */

static size_t write_query(struct explain *x, size_t name_len)
{
	struct wire_writer w = wire_writer(x->query, sizeof x->query);

	wire_write16(&w, 0); /* its id: nobody but us sees it */
	wire_write16(&w, DNS_RD | DNS_AD);
	wire_write16(&w, 1);
	wire_write16(&w, 0);
	wire_write16(&w, 0);
	wire_write16(&w, 1);
	wire_write(&w, x->name, name_len);
	wire_write16(&w, x->type);
	wire_write16(&w, DNS_CLASS_IN);
	edns_end(&w, edns_begin(&w, UDP_SIZE, 0, false));
	return w.bad ? 0 : w.pos;
}

struct explain *explain_new(const uint8_t *name, size_t name_len, uint16_t type)
{
	struct explain *x = calloc(1, sizeof *x);

	if (!x)
		return NULL;
	memcpy(x->name, name, name_len);
	x->type = type;
	x->query_len = write_query(x, name_len);
	x->reply = malloc(DNS_MESSAGE_MAX);
	if (x->query_len > 0 && x->reply)
		return x;
	explain_free(x);
	return NULL;
}

void explain_free(struct explain *x)
{
	if (!x)
		return;
	free(x->reply);
	free(x);
}

/* ------------------------------------------------------------------ its origin */

/* Finer than the turn's, which stands still within one. */
static uint64_t now_us(const struct explain *x)
{
	const struct turn_clock *c = &x->queries->loop->turn.clock;

	return c->monotonic_us(c->arg);
}

static void finish(struct explain *x)
{
	trace_end(&x->trace);
	list_remove(&x->node);
	x->done(x);
}

static uint8_t *reserve(struct origin *o, size_t len)
{
	struct explain *x = o->owner;

	return len <= DNS_MESSAGE_MAX ? x->reply : NULL;
}

static const struct trace_event *last_answer(const struct trace *t)
{
	for (size_t i = t->count; i > 0; i--)
		if (t->event[i - 1].kind == TRACE_ANSWERED)
			return &t->event[i - 1];
	return NULL;
}

static bool is_error(unsigned rcode)
{
	return rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN;
}

/*
 * It waited for an upstream: what has become of that?  Where there was none, or an error of theirs, and the reply is
 * none, it is an old answer.
 */
static enum explain_source source_of_late(const struct explain *x)
{
	const struct trace_event *last = last_answer(&x->trace);
	bool failed = is_error(x->reply[3] & 0xf);

	if (x->trace.attached && !x->trace.answered)
		return failed ? EXPLAIN_FAILURE : EXPLAIN_STALE;
	return !failed && last && is_error(last->rcode) ? EXPLAIN_STALE : EXPLAIN_UPSTREAM;
}

/* What is asked behind the reply (a renewal ahead of its time) is no part of the story. */
static void commit(struct origin *o, size_t len)
{
	struct explain *x = o->owner;

	x->reply_len = len;
	x->replied = true;
	x->took_us = now_us(x) - x->begun_us;
	if (x->waits && len > 3)
		x->source = source_of_late(x);
	x->queries->lookups->trace = NULL;
}

static void begun(struct origin *o)
{
	struct explain *x = o->owner;

	x->waits = true;
}

static void ended(struct origin *o)
{
	finish(o->owner);
}

static const struct origin_ops ops = {
	.reserve = reserve, .commit = commit, .begun = begun, .ended = ended
};

/* Somebody who may ask: this machine, or else the first of `allow`. */
static struct addr allowed_peer(const struct config *c)
{
	struct addr local = { .in4 = { .sin_family = AF_INET } };

	local.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < c->allow_count; i++)
		if (prefix_match(&c->allow[i], &local))
			return local;
	return prefix_first(&c->allow[0]);
}

/* ------------------------------------------------------------------ looking around */

/* Looked up as whoever does not care for AD, to tell what is there. */
static void look_into_cache(struct explain *x, const struct lookup_ask *ask, uint32_t now_s)
{
	struct cache *cache = x->queries->lookups->setup.cache;
	struct cache_facts facts;
	struct cache_hit hit;
	enum cache_found found;

	x->cache.used = ask->cacheable;
	if (!ask->cacheable)
		return;
	found = cache_find(cache, &ask->key, false, now_s, &hit);
	if (found == CACHE_NONE)
		return;
	cache_get_facts(&hit, now_s, &facts);
	x->cache.known = true;
	x->cache.stale = found == CACHE_STALE;
	x->cache.needs_ad = !hit.ad_asked;
	x->cache.age_s = facts.age_s;
	x->cache.ttl_s = facts.ttl_s;
	x->cache.hits = facts.hits > 0 ? facts.hits - 1 : 0; /* this look was one */
	cache_release(&hit);
}

/* The last labels of the name. */
static void note_zone(struct explain *x, unsigned labels)
{
	const uint8_t *at = x->name;
	unsigned all = 0;

	for (const uint8_t *p = x->name; *p; p += 1 + *p)
		all++;
	for (; all > labels; all--)
		at += 1 + *at;
	name_text(at, x->zone, sizeof x->zone);
}

static void look_around(struct explain *x)
{
	struct queries *qs = x->queries;
	struct dns_message m;
	struct edns e;
	struct lookup_ask ask;

	if (message_parse(x->query, x->query_len, &m) != MESSAGE_OK)
		return;
	edns_parse(&m, false, &e);
	lookup_prepare(qs->lookups, &m, &e, &ask);
	x->policy = ask.pool->policy;
	if (ask.zone_labels > 0)
		note_zone(x, ask.zone_labels);
	look_into_cache(x, &ask, loop_boottime_s(NULL));
}

/* ------------------------------------------------------------------ what was counted meanwhile */

/* Nothing else is counted while a query is started: the difference is its own. */
static enum explain_source source_of(const struct stats *before, const struct stats *after)
{
	if (after->blocked > before->blocked)
		return EXPLAIN_BLOCKED;
	if (after->local_records > before->local_records)
		return EXPLAIN_RECORD;
	if (after->local_special > before->local_special)
		return EXPLAIN_SPECIAL;
	if (after->cache_hits > before->cache_hits)
		return EXPLAIN_CACHE;
	if (after->cache_stale > before->cache_stale)
		return EXPLAIN_STALE;
	if (after->cache_cuts > before->cache_cuts)
		return EXPLAIN_CUT;
	return after->replies_local > before->replies_local ? EXPLAIN_LOCAL : EXPLAIN_UPSTREAM;
}

static size_t list_of(const uint64_t *before, const uint64_t *after)
{
	size_t i = 0;

	while (i + 1 < CONFIG_BLOCK_MAX && before[i] == after[i])
		i++;
	return i;
}

/* ------------------------------------------------------------------ running it */

static enum query_verdict start(struct explain *x)
{
	struct queries *qs = x->queries;
	struct origin from = {
		.ops = &ops, .owner = x, .stream = true, .peer = allowed_peer(qs->config)
	};
	uint64_t blocked[CONFIG_BLOCK_MAX];
	struct stats before = qs->loop->stats;
	enum query_verdict v;

	memcpy(blocked, qs->local->blocked, sizeof blocked);
	qs->lookups->trace = &x->trace;
	v = query_start(qs, &from, x->query, x->query_len);
	qs->lookups->trace = NULL;
	if (v == QUERY_DROPPED || v == QUERY_RESPONSE)
		x->source = EXPLAIN_DROPPED;
	else
		x->source = source_of(&before, &qs->loop->stats);
	x->list = list_of(blocked, qs->local->blocked);
	return v;
}

void explain_run(struct explain *x, struct queries *qs, struct list *running)
{
	x->queries = qs;
	list_append(running, &x->node);
	look_around(x);
	x->begun_us = now_us(x);
	if (start(x) != QUERY_BEGUN)
		finish(x);
}

void explain_stop(struct list *running)
{
	struct list *n;

	while ((n = list_take(running))) {
		struct explain *x = container_of(n, struct explain, node);

		trace_end(&x->trace);
		x->mail.discard(&x->mail);
	}
}
