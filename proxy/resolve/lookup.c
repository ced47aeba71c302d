#include "proxy/resolve/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/resolve/lookup_internal.h"
#include "proxy/resolve/portal.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/trace.h"

uint32_t lookup_now_s(struct lookups *l)
{
	uint64_t turn_us = turn_now_us(l->setup.turn);

	if (turn_us != l->turn_us || l->now_s == 0) {
		l->turn_us = turn_us;
		l->now_s = l->setup.boottime_s(l->setup.clock_arg);
	}
	return l->now_s;
}

/* ------------------------------------------------------------------ the end of one */

static void drop(struct lookup *k)
{
	joining_remove(k->lookups, k);
	refresh_forget(k);
	free(k->bytes);
	slab_put(&k->lookups->slab, k);
}

void lookup_cancel(struct lookup *k)
{
	pool_cancel(k->request.pool, &k->request);
	drop(k);
}

static enum cache_stored store(struct lookup *k, const struct request *r)
{
	struct lookups *l = k->lookups;
	struct cache_answer a = { .message = &r->answer,
		.trusted = r->trusted,
		.ad_asked = r->query.authentic_data || r->query.dnssec_ok };

	return cache_store(l->setup.cache, &k->key, &a, lookup_now_s(l));
}

/* It was asked before a reload that gave the group other upstreams, or took the cache away. */
static bool is_outdated(const struct lookup *k, const struct request *r)
{
	return !k->lookups->setup.cache || r->pool->cache_policy != k->key.policy;
}

bool lookup_is_outside(const struct lookups *l, const struct request *result)
{
	return result->pool == l->setup.routes.forward;
}

static bool is_refused(const struct lookups *l, const struct request *r)
{
	return l->setup.refused && lookup_is_outside(l, r) &&
	       l->setup.refused(l->setup.refused_arg, &r->query.question, &r->answer);
}

/* True: what was known is worth more than what came. */
static bool keep(struct lookup *k, const struct request *r)
{
	struct lookups *l = k->lookups;

	if (!k->cacheable || is_outdated(k, r))
		return false;
	if (r->answered && is_refused(l, r))
		return false;
	if (r->answered)
		return store(k, r) == CACHE_KEPT_OLD;
	cache_rest(l->setup.cache, &k->key, lookup_now_s(l), LOOKUP_REST_S);
	return true;
}

/* Names that an alias leads to may be asked for, too. */
static void learn(const struct lookups *l, const struct request *r)
{
	const struct routes *to = &l->setup.routes;

	if (r->answered && to->portal_pool && r->pool == to->portal_pool)
		portal_learn(to->portal, to->portal_number, &r->answer);
}

static void on_done(struct request *r)
{
	struct lookup *k = container_of(r, struct lookup, request);
	bool old = keep(k, r);
	struct list *n;

	learn(k->lookups, r);
	k->completing = true;
	joining_remove(k->lookups, k);
	while ((n = list_take(&k->waiters))) {
		struct lookup_waiter *w = container_of(n, struct lookup_waiter, node);

		w->lookup = NULL;
		stale_unwatch(w);
		if (!old || !stale_give(k, w))
			w->done(w, r);
	}
	drop(k);
}

void lookup_unwait(struct lookup_waiter *w)
{
	struct lookup *k = w->lookup;

	list_remove(&w->node);
	stale_unwatch(w);
	w->lookup = NULL;
	k->waiter_count--;
	if (!list_empty(&k->waiters) || k->completing || refresh_go_on(k))
		return;
	lookup_cancel(k);
}

const char *lookup_asks_host(
	const struct lookup_waiter *w, const struct request *result, const struct addr *host)
{
	if (!result && w->lookup)
		result = &w->lookup->request;
	return result ? pool_asks_host(result->pool, host) : NULL;
}

void lookup_leave(struct lookups *l, struct lookup_waiter *w, struct ede *ret_reason)
{
	struct lookup *k = w->lookup;

	(void)l;
	if (!k)
		return;
	if (ret_reason)
		*ret_reason = pool_reason(k->request.pool, &k->request);
	lookup_unwait(w);
}

/* ------------------------------------------------------------------ what is asked */

static bool has_copied(const struct edns *e)
{
	for (size_t i = 0; e->present && i < EDNS_COPIED; i++)
		if (e->copied[i].len)
			return true;
	return false;
}

void lookup_prepare(struct lookups *l, const struct dns_message *m, const struct edns *e,
	struct lookup_ask *ret)
{
	unsigned flags = (e->dnssec_ok ? CACHE_KEY_DO : 0) | (m->flags & DNS_CD ? CACHE_KEY_CD : 0);

	ret->message = m;
	ret->edns = e;
	ret->pool = route_find(&l->setup.routes, &m->question, &ret->zone_labels);
	ret->cacheable = l->setup.cache && !m->has_signature && ret->pool->cache_policy;
	ret->joinable = !m->has_signature && !has_copied(e);
	ret->wants_ad = (m->flags & DNS_AD) || e->dnssec_ok;
	ret->asks_ad = m->flags & DNS_AD;
	ret->has_stale = false;
	cache_key_make(&ret->key, l->secret, &m->question, flags, ret->pool->cache_policy);
	if (ret->cacheable)
		cache_expect(l->setup.cache, &ret->key);
}

void lookup_expect(struct lookups *l, const struct lookup_ask *a)
{
	if (a->cacheable)
		cache_expect_soon(l->setup.cache, &a->key);
}

bool lookup_find(struct lookups *l, struct lookup_ask *a, struct cache_hit *ret)
{
	enum cache_found found;

	if (!a->cacheable)
		return false;
	refresh_earn(l);
	found = cache_find(l->setup.cache, &a->key, a->wants_ad, lookup_now_s(l), ret);
	if (found == CACHE_FRESH) {
		l->setup.stats->cache_hits++;
		return true;
	}
	if (found == CACHE_STALE && ret->resting) {
		l->setup.stats->cache_stale++;
		return true;
	}
	a->has_stale = found == CACHE_STALE;
	if (a->has_stale)
		cache_release(ret);
	if (cache_find_cut(l->setup.cache, &a->key, a->wants_ad, lookup_now_s(l), ret,
		    &l->setup.stats->cache_cut_probes)) {
		l->setup.stats->cache_cuts++;
		return true;
	}
	l->setup.stats->cache_misses++;
	return false;
}

void lookup_given(struct lookups *l, struct lookup_ask *a, struct cache_hit *hit)
{
	bool refresh = hit->almost_old && refresh_afford(l, a);

	a->asks_ad |= hit->ad_asked; /* what it can tell now it is to tell then */
	if (refresh)
		cache_note_refresh(hit);
	cache_release(hit);
	if (refresh)
		refresh_start(l, a);
}

/* Options and signed messages go upstream as they came: they need the bytes to stay. */
static int keep_bytes(struct lookup *k, const struct dns_message *m, const struct edns *e)
{
	struct upstream_query *q = &k->request.query;
	bool copied = has_copied(e);

	k->bytes = NULL;
	q->copied = NULL;
	q->signed_message = NULL;
	if (!copied && !m->has_signature)
		return 0;
	k->bytes = malloc(m->len);
	if (!k->bytes)
		return -ENOMEM;
	memcpy(k->bytes, m->data, m->len);
	if (m->has_signature) {
		q->signed_message = k->bytes;
		q->signed_len = m->len;
	}
	for (size_t i = 0; copied && i < EDNS_COPIED; i++) {
		k->copied[i] = e->copied[i];
		if (e->copied[i].len)
			k->copied[i].data = k->bytes + (e->copied[i].data - m->data);
		q->copied = k->copied;
	}
	return 0;
}

static void fill(struct lookup *k, const struct lookup_ask *a)
{
	struct upstream_query *q = &k->request.query;

	k->key = a->key;
	q->question = a->message->question;
	q->question.name = k->key.name;
	q->checking_disabled = a->message->flags & DNS_CD;
	q->authentic_data = a->asks_ad;
	q->dnssec_ok = a->edns->dnssec_ok;
	k->cacheable = a->cacheable;
	k->joinable = a->joinable;
	k->request.done = on_done;
}

int lookup_new(struct lookups *l, const struct lookup_ask *a, struct lookup **ret)
{
	struct lookup *k = slab_get(&l->slab);

	if (!k)
		return -ENOBUFS;
	k->lookups = l;
	k->request.trace = NULL;
	trace_attach(l->trace, &k->request);
	k->completing = k->renews = k->joinable = false;
	k->waiter_count = 0;
	k->alone = (struct list){ 0 };
	list_init(&k->waiters);
	if (keep_bytes(k, a->message, a->edns) < 0) {
		trace_detach(&k->request);
		drop(k);
		return -ENOMEM;
	}
	fill(k, a);
	joining_add(l, k);
	pool_submit(a->pool, &k->request);
	*ret = k;
	return 0;
}

/* What is explained is somebody else's question, too. */
static void note_joined(struct lookups *l, struct lookup *k)
{
	trace_attach(l->trace, &k->request);
	trace_note(l->trace, TRACE_JOINED, "an equal question was in flight already",
		turn_now_us(l->setup.turn));
}

/* *ret: in flight already, or new. */
static int join_or_ask(struct lookups *l, const struct lookup_ask *a, struct lookup **ret)
{
	*ret = joining_find(l, a);
	if (!*ret)
		return lookup_new(l, a, ret);
	if ((*ret)->waiter_count >= LOOKUP_WAITERS_MAX) {
		l->setup.stats->bound_waiters++;
		return -EBUSY;
	}
	l->setup.stats->joined++;
	if (l->trace)
		note_joined(l, *ret);
	refresh_forget(*ret);
	return 0;
}

int lookup_start(struct lookups *l, const struct lookup_ask *a, struct lookup_waiter *w)
{
	struct lookup *k;
	int err = join_or_ask(l, a, &k);

	if (err < 0)
		return err;
	list_append(&k->waiters, &w->node);
	k->waiter_count++;
	w->lookup = k;
	if (a->has_stale)
		stale_watch(l, w);
	return 0;
}

/* ------------------------------------------------------------------ life */

/* Those of clients, and the few that nobody waits for. */
static size_t objects_for(size_t max)
{
	return max + max / 8;
}

/* All caches of the program have one secret. */
void lookups_change(struct lookups *l, const struct lookups_change *c)
{
	slab_set_max(&l->slab, objects_for(c->max));
	l->setup.max = c->max;
	l->setup.routes = c->routes;
	l->setup.cache = c->cache;
	l->setup.timeout_us = c->timeout_us;
	l->setup.prefetch = c->prefetch;
	if (c->cache)
		memcpy(l->secret, cache_secret(c->cache), sizeof l->secret);
}

void lookups_init(struct lookups *l, const struct lookups_setup *setup)
{
	*l = (struct lookups){ .setup = *setup };
	slab_init(&l->slab, sizeof(struct lookup), objects_for(setup->max));
	if (setup->cache)
		memcpy(l->secret, cache_secret(setup->cache), sizeof l->secret);
	else
		random_bytes(setup->random, l->secret, sizeof l->secret);
	joining_init(l);
	stale_init(l);
	refresh_init(l);
}

void lookups_deinit(struct lookups *l)
{
	refresh_deinit(l);
	stale_deinit(l);
	joining_deinit(l);
	slab_deinit(&l->slab);
}
