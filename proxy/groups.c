#include "proxy/groups_internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cache/cache.h"
#include "proxy/loop.h"
#include "proxy/member.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/ways.h"

#define RETIRED_CHECK_US 100000u
/* No client waits so long (query-timeout is 60 s at most). */
#define RETIRED_MAX_US (61ull * 1000000)

/* ------------------------------------------------------------------ what pools say */

static void on_gone(void *arg, struct upstream *up)
{
	struct groups *g = arg;
	struct member *m = member_of(up);
	struct stats counted;

	member_take_stats(m, &counted);
	stats_add(&g->loop->stats, &counted);
	list_remove(&m->node);
	member_free(m);
}

static const char *interface_missing(void *arg)
{
	const struct group *g = arg;

	return if_nametoindex(g->interface) ? NULL : g->missing;
}

/* ------------------------------------------------------------------ groups that are gone */

static void check_later(struct groups *g)
{
	struct turn *turn = &g->loop->turn;

	if (list_empty(&g->retired))
		return;
	if (timer_start(&turn->timers, &g->retired_check, turn_now_us(turn) + RETIRED_CHECK_US) < 0)
		g->loop->stats.bound_memory++; /* until the next change */
}

static void fail_waiting(struct group *one)
{
	static const struct ede why = { EDE_NOT_READY,
		"its zone was taken out of the configuration" };

	pool_fail_all(&one->pool, why);
}

static void look_after(struct groups *g, struct group *one)
{
	if (one->parted && list_empty(&one->pool.leaving)) {
		list_remove(&one->node);
		g->retired_count--;
		pool_deinit(&one->pool);
		free(one);
	} else if (!one->parted && pool_is_idle(&one->pool)) {
		one->parted = true;
		pool_change(&one->pool, NULL, 0);
	} else if (turn_now_us(&g->loop->turn) - one->retired_us > RETIRED_MAX_US) {
		fail_waiting(one);
	}
}

static void on_retired_check(struct timer *t)
{
	struct groups *g = container_of(t, struct groups, retired_check);

	list_for_each (n, &g->retired)
		look_after(g, container_of(n, struct group, node));
	check_later(g);
}

static void retire(struct groups *g, struct group *one)
{
	if (g->retired_count >= GROUPS_RETIRED_MAX)
		fail_waiting(container_of(g->retired.next, struct group, node));
	one->retired_us = turn_now_us(&g->loop->turn);
	list_append(&g->retired, &one->node);
	g->retired_count++;
	look_after(g, one);
}

/* ------------------------------------------------------------------ taking over */

static void leave(struct groups *g, struct member *m)
{
	struct stats counted;

	m->number = MEMBER_LEFT;
	member_take_stats(m, &counted);
	stats_add(&g->loop->stats, &counted);
}

/* Those that go on move over; all others of before have left when this is done. */
static void take_members(struct groups *g, struct groups_change *c)
{
	for (size_t i = 0; i < g->now.upstream_count; i++)
		g->now.member[i]->number = MEMBER_LEFT;
	for (size_t i = 0; i < c->table.upstream_count; i++) {
		struct member **m = &c->table.member[i];

		if (!*m)
			*m = g->now.member[c->change.upstream[i]];
		else
			list_append(&g->members, &(*m)->node);
		(*m)->number = i;
	}
	for (size_t i = 0; i < g->now.upstream_count; i++)
		if (g->now.member[i]->number == MEMBER_LEFT)
			leave(g, g->now.member[i]);
}

static void fill_group(struct group *one, const struct group_plan *plan)
{
	struct pool *p = &one->pool;

	if (p->no_refresh && p->cache_policy != plan->cache_policy)
		one->former_policy = p->cache_policy;
	p->policy = plan->policy;
	p->cache_policy = plan->cache_policy;
	p->no_refresh = plan->no_refresh;
	one->opportunistic = plan->opportunistic;
	memcpy(one->interface, plan->interface, IF_NAMESIZE);
	snprintf(one->missing, sizeof one->missing, "there is no interface %s", plan->interface);
	p->unusable = *plan->interface ? interface_missing : NULL;
	p->unusable_arg = one;
}

static void begin_group(struct groups *g, struct group *one)
{
	one->pool.stats = &g->loop->stats;
	one->pool.gone = on_gone;
	one->pool.gone_arg = g;
	pool_init(&one->pool);
}

static void take_group(struct groups *g, struct groups_change *c, size_t k)
{
	struct group **one = &c->table.group[k];
	const struct group_plan *plan = &c->plan[k];
	struct upstream *upstreams[POOL_UPSTREAMS_MAX];
	bool fresh = *one;

	if (!fresh) {
		struct group **before = &g->now.group[k == 0 ? 0 : 1 + c->change.zone[k - 1]];

		*one = *before;
		*before = NULL;
	}
	fill_group(*one, plan);
	for (size_t i = 0; i < plan->count; i++)
		upstreams[i] = &c->table.member[plan->first + i]->upstream;
	if (fresh) {
		memcpy((*one)->pool.upstreams, upstreams, plan->count * sizeof *upstreams);
		(*one)->pool.count = plan->count;
		begin_group(g, *one);
	} else {
		pool_change(&(*one)->pool, upstreams, plan->count);
	}
	if (k > 0)
		c->table.zones[k - 1].pool = &(*one)->pool;
	if (plan->portal) {
		c->table.portal_pool = &(*one)->pool;
		c->table.portal_number = plan->portal;
	}
}

static void set_written(struct groups_change *c)
{
	for (size_t i = 0; i < c->table.upstream_count; i++)
		if (c->written[i].addr)
			ways_set_addresses(&c->table.member[i]->upstream, c->written[i].addr,
				c->written[i].count);
}

/* The table of before, without what is in use, is left in the change. */
void groups_apply(struct groups *g, struct groups_change *c)
{
	struct groups_table before = g->now;

	g->want_addresses = c->setup.want_addresses;
	g->want_arg = c->setup.want_arg;
	g->want_trust = c->setup.want_trust;
	g->trust_arg = c->setup.trust_arg;
	take_members(g, c);
	for (size_t k = 0; k < c->table.count; k++)
		take_group(g, c, k);
	set_written(c);
	g->now = c->table;
	for (size_t k = 0; k < before.count; k++)
		if (before.group[k])
			retire(g, before.group[k]);
	check_later(g);
	for (size_t i = 0; i < g->now.upstream_count; i++)
		free(c->written[i].addr);
	free(c->written);
	c->written = NULL;
	groups_table_free(&before);
	c->table = (struct groups_table){ 0 };
}

/* ------------------------------------------------------------------ life */

int groups_init(struct groups *g, struct loop *loop, const struct config *c,
	const struct groups_setup *setup)
{
	struct config_change nothing;
	struct groups_change *change;

	*g = (struct groups){ .loop = loop, .portal = setup->portal };
	list_init(&g->members);
	list_init(&g->retired);
	g->retired_check.fire = on_retired_check;
	cookie_store_init(&g->cookies, loop_boottime_us, NULL);
	config_compare(NULL, c, &nothing);
	change = groups_prepare(g, c, &nothing, setup);
	if (!change)
		return -ENOMEM;
	groups_apply(g, change);
	groups_change_free(change);
	return 0;
}

void groups_stop(struct groups *g)
{
	for (size_t i = 0; i < g->now.count; i++)
		pool_deinit(&g->now.group[i]->pool);
	list_for_each (n, &g->retired)
		pool_deinit(&container_of(n, struct group, node)->pool);
	if (g->loop)
		timer_stop(&g->loop->turn.timers, &g->retired_check);
}

void groups_deinit(struct groups *g)
{
	struct list *n;

	if (!g->loop)
		return;
	while ((n = list_take(&g->members)))
		member_free(container_of(n, struct member, node));
	while ((n = list_take(&g->retired)))
		free(container_of(n, struct group, node));
	for (size_t i = 0; i < g->now.count; i++)
		free(g->now.group[i]);
	groups_table_free(&g->now);
	cookie_store_deinit(&g->cookies);
}

/* ------------------------------------------------------------------ use */

struct routes groups_routes(const struct groups *g)
{
	if (g->now.count == 0)
		return (struct routes){ .forward = NULL };
	return (struct routes){ .forward = &g->now.group[0]->pool,
		.zones = g->now.zones,
		.zone_count = g->now.count - 1,
		.portal = g->portal,
		.portal_pool = g->portal ? g->now.portal_pool : NULL,
		.portal_number = g->now.portal_number };
}

/* Zones are asked when they are asked for. */
void groups_warm(struct groups *g)
{
	pool_warm(&g->now.group[0]->pool);
}

unsigned groups_sessions(const struct groups *g)
{
	unsigned sum = 0;

	for (size_t i = 0; i < g->now.count; i++)
		sum += pool_sessions(&g->now.group[i]->pool);
	return sum;
}

void groups_set_addresses(struct groups *g, size_t upstream, const struct addr *addrs, size_t count)
{
	ways_set_addresses(&g->now.member[upstream]->upstream, addrs, count);
}

void groups_set_unknown(struct groups *g, size_t upstream, const char *why)
{
	upstream_set_unknown(&g->now.member[upstream]->upstream, why);
}

void groups_trust_loaded(struct groups *g, const struct trust *t)
{
	list_for_each (n, &g->members)
		member_trust_loaded(container_of(n, struct member, node), t);
}

/* ------------------------------------------------------------------ another network */

static void tell_pools(struct groups *g)
{
	for (size_t i = 0; i < g->now.count; i++)
		pool_renewed(&g->now.group[i]->pool);
	list_for_each (n, &g->retired)
		pool_renewed(&container_of(n, struct group, node)->pool);
}

void groups_renew(struct groups *g, size_t left, size_t entered, uint32_t fresh)
{
	list_for_each (n, &g->members)
		member_renew(container_of(n, struct member, node), left, entered, fresh);
	cookie_store_new_epoch(&g->cookies);
	tell_pools(g);
}

void groups_redate(struct groups *g, size_t here)
{
	list_for_each (n, &g->members)
		member_redate(container_of(n, struct member, node), here);
	tell_pools(g);
}

static bool is_concerned(const struct groups *g, const struct addr *a)
{
	list_for_each (n, &g->members)
		if (member_concerns(container_of(n, struct member, node), a))
			return true;
	return false;
}

bool groups_moved(struct groups *g, const struct addr *addrs, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if (is_concerned(g, &addrs[k]))
			return true;
	for (size_t i = 0; i < g->now.upstream_count; i++)
		for (size_t k = 0; k < count; k++)
			ways_hope(&g->now.member[i]->upstream, &addrs[k]);
	return false;
}

/* What came over no authenticated session; in clear that is all. */
static void flush(struct cache *cache, uint64_t policy)
{
	if (cache && policy)
		cache_flush(cache, &(struct cache_filter){
					   .has_policy = true, .policy = policy, .untrusted = true });
}

void groups_flush_unproven(const struct groups *g, struct cache *cache)
{
	for (size_t i = 0; i < g->now.count; i++) {
		const struct group *one = g->now.group[i];

		if (one->pool.no_refresh || one->opportunistic)
			flush(cache, one->pool.cache_policy);
	}
}

/* They need not be gone for good: the same zone may come back, on another network. */
void groups_flush_gone(struct groups *g, struct cache *cache)
{
	for (size_t i = 0; i < g->now.count; i++) {
		flush(cache, g->now.group[i]->former_policy);
		g->now.group[i]->former_policy = 0;
	}
	list_for_each (n, &g->retired) {
		struct pool *p = &container_of(n, struct group, node)->pool;

		if (!p->no_refresh)
			continue;
		flush(cache, p->cache_policy);
		p->cache_policy = 0;
	}
}

/* ------------------------------------------------------------------ figures */

void groups_get_stats(const struct groups *g, size_t upstream, struct stats *ret)
{
	member_get_stats(g->now.member[upstream], ret);
}
