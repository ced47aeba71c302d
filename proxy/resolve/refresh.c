/*
 * Questions that nobody waits for: those asked ahead of the end of a TTL (prefetch), and those
 * whose clients took an old answer.  They end by themselves, and there are few of them.
 */
#include "proxy/resolve/lookup_internal.h"

#include "proxy/upstream/pool.h"

/* One question ahead costs as much as 20 of clients bring; what is saved up has a bound. */
#define PRICE	   20u
#define CREDIT_MAX (50u * PRICE)
/* Of all questions in flight, so many may be such ones. */
#define PART 8u

static bool has_room(const struct lookups *l)
{
	if (l->alone_count < l->setup.max / PART)
		return true;
	l->setup.stats->bound_refreshes++;
	return false;
}

void refresh_earn(struct lookups *l)
{
	if (l->refresh_credit < CREDIT_MAX)
		l->refresh_credit++;
}

bool refresh_afford(struct lookups *l, const struct lookup_ask *a)
{
	return l->setup.prefetch && !a->pool->no_refresh && l->refresh_credit >= PRICE &&
	       has_room(l);
}

static void arm(struct lookups *l)
{
	const struct lookup *first;

	if (list_empty(&l->alone) || timer_running(&l->alone_timer))
		return;
	first = container_of(l->alone.next, struct lookup, alone);
	if (timer_start(&l->setup.turn->timers, &l->alone_timer, first->alone_until_us) < 0)
		l->setup.stats->bound_memory++;
}

static void add(struct lookups *l, struct lookup *k)
{
	k->alone_until_us = turn_now_us(l->setup.turn) + l->setup.timeout_us;
	list_append(&l->alone, &k->alone);
	l->alone_count++;
	arm(l);
}

void refresh_start(struct lookups *l, const struct lookup_ask *a)
{
	struct lookup *k;

	if (joining_find(l, a) || lookup_new(l, a, &k) < 0)
		return;
	l->refresh_credit -= PRICE;
	l->setup.stats->cache_prefetches++;
	k->renews = true;
	add(l, k);
}

bool refresh_go_on(struct lookup *k)
{
	struct lookups *l = k->lookups;

	if (!k->renews || k->request.pool->no_refresh || !has_room(l))
		return false;
	add(l, k);
	return true;
}

void refresh_forget(struct lookup *k)
{
	if (!list_linked(&k->alone))
		return;
	list_remove(&k->alone);
	k->lookups->alone_count--;
}

static void on_timer(struct timer *t)
{
	struct lookups *l = container_of(t, struct lookups, alone_timer);
	uint64_t now = turn_now_us(l->setup.turn);

	while (!list_empty(&l->alone)) {
		struct lookup *k = container_of(l->alone.next, struct lookup, alone);

		if (k->alone_until_us > now)
			break;
		lookup_cancel(k);
	}
	arm(l);
}

void refresh_init(struct lookups *l)
{
	list_init(&l->alone);
	l->alone_timer.fire = on_timer;
}

void refresh_deinit(struct lookups *l)
{
	while (!list_empty(&l->alone))
		lookup_cancel(container_of(l->alone.next, struct lookup, alone));
	timer_stop(&l->setup.turn->timers, &l->alone_timer);
}
