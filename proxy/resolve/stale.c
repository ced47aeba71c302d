/*
 * Old answers where new ones do not come (RFC 8767): after LOOKUP_STALE_AFTER_US, when the upstream
 * fails, at the deadline.  Only questions that have one cost a timer.
 */
#include "proxy/resolve/lookup_internal.h"

static void arm(struct lookups *l)
{
	const struct lookup_waiter *first;

	if (list_empty(&l->stale_waiters) || timer_running(&l->stale_timer))
		return;
	first = container_of(l->stale_waiters.next, struct lookup_waiter, stale);
	if (timer_start(&l->setup.turn->timers, &l->stale_timer, first->stale_us) < 0)
		l->setup.stats->bound_memory++;
}

void stale_watch(struct lookups *l, struct lookup_waiter *w)
{
	w->stale_us = turn_now_us(l->setup.turn) + LOOKUP_STALE_AFTER_US;
	list_append(&l->stale_waiters, &w->stale);
	arm(l);
}

void stale_unwatch(struct lookup_waiter *w)
{
	list_remove(&w->stale);
}

/* What is known of the key, whatever its age. */
static bool find_any(struct lookups *l, const struct cache_key *key, struct cache_hit *ret)
{
	if (!l->setup.cache)
		return false;
	return cache_find(l->setup.cache, key, false, lookup_now_s(l), ret) != CACHE_NONE;
}

static void give(struct lookups *l, struct lookup_waiter *w, struct cache_hit *hit)
{
	if (hit->stale)
		l->setup.stats->cache_stale++;
	w->cached(w, hit);
	if (hit->entry) /* else it did */
		cache_release(hit);
}

bool stale_give(struct lookup *k, struct lookup_waiter *w)
{
	struct cache_hit hit;

	if (!k->cacheable || !find_any(k->lookups, &k->key, &hit))
		return false;
	give(k->lookups, w, &hit);
	return true;
}

bool lookup_give_stale(struct lookups *l, struct lookup_waiter *w)
{
	struct lookup *k = w->lookup;
	struct cache_hit hit;

	if (!k || !k->cacheable || !l->setup.cache)
		return false;
	cache_rest(l->setup.cache, &k->key, lookup_now_s(l), LOOKUP_REST_S);
	if (!find_any(l, &k->key, &hit))
		return false;
	k->renews = true;
	lookup_unwait(w);
	give(l, w, &hit);
	return true;
}

/* One lazily armed timer: its waiter may have been answered long ago. */
static void on_timer(struct timer *t)
{
	struct lookups *l = container_of(t, struct lookups, stale_timer);
	uint64_t now = turn_now_us(l->setup.turn);

	while (!list_empty(&l->stale_waiters)) {
		struct lookup_waiter *w =
			container_of(l->stale_waiters.next, struct lookup_waiter, stale);

		if (w->stale_us > now)
			break;
		list_remove(&w->stale);
		lookup_give_stale(l, w);
	}
	arm(l);
}

void stale_init(struct lookups *l)
{
	list_init(&l->stale_waiters);
	l->stale_timer.fire = on_timer;
}

void stale_deinit(struct lookups *l)
{
	timer_stop(&l->setup.turn->timers, &l->stale_timer);
}
