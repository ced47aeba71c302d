#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/client/query_internal.h"
#include "proxy/loop.h"

/* One may be an accident. */
#define CIRCLES_TOLD 3u

void queries_look_for_circle(struct query *q, const struct request *result)
{
	struct queries *qs = q->queries;
	const char *to;

	/* This machine's own clients and an upstream on it have one address. */
	if (!q->joined || addr_is_loopback(&q->origin.peer))
		return;
	to = lookup_asks_host(&q->waiter, result, &q->origin.peer);
	if (to && ++qs->loop->stats.circles >= CIRCLES_TOLD)
		log_limited(&qs->circle_limit, LOG_LEVEL_WARNING,
			"queries seem to run in circles: %s asks here for what it is asked for from here, and nobody "
			"answers; let one of the two not forward these names to the other",
			to);
}

/* ------------------------------------------------------------------ deadlines */

void queries_arm(struct queries *qs)
{
	const struct query *first;

	if (list_empty(&qs->deadlines) || timer_running(&qs->timer))
		return;
	first = container_of(qs->deadlines.next, struct query, deadline_node);
	if (timer_start(&qs->loop->turn.timers, &qs->timer, first->deadline_us) < 0)
		qs->loop->stats.bound_memory++;
}

static void expire(struct query *q)
{
	struct ede why = { EDE_OTHER, NULL };

	q->queries->loop->stats.timeouts++;
	if (lookup_give_stale(q->queries->lookups, &q->waiter))
		return;
	queries_look_for_circle(q, NULL);
	lookup_leave(q->queries->lookups, &q->waiter, &why);
	query_finish(q, &(struct outcome){ .why = why });
}

/* One lazily armed timer: it may find that its query was answered long ago. */
static void on_timer(struct timer *t)
{
	struct queries *qs = container_of(t, struct queries, timer);
	uint64_t now = turn_now_us(&qs->loop->turn);

	while (!list_empty(&qs->deadlines)) {
		struct query *q = container_of(qs->deadlines.next, struct query, deadline_node);

		if (q->deadline_us > now)
			break;
		expire(q);
	}
	queries_arm(qs);
}

/* ------------------------------------------------------------------ life */

int queries_init(struct queries *qs, struct loop *loop, const struct config *config,
	struct lookups *lookups, struct local *local)
{
	*qs = (struct queries){
		.loop = loop, .config = config, .lookups = lookups, .local = local
	};
	slab_init(&qs->slab, sizeof(struct query), config->max_queries);
	list_init(&qs->deadlines);
	qs->timer.fire = on_timer;
	dns64_init(&qs->dns64, config->dns64, &loop->turn, lookups);
	local->dns64 = &qs->dns64;
	qs->unpacked = malloc(DNS_MESSAGE_MAX);
	if (!qs->unpacked)
		return -ENOMEM;
	return quota_init(&qs->quota, config->max_queries, config->max_queries_per_client,
		config->rate_limit, &loop->random, &loop->stats);
}

/* They are in the order of their ends; nobody waits longer than those that come now. */
static void shorten_deadlines(struct queries *qs, uint64_t timeout_us)
{
	uint64_t latest = turn_now_us(&qs->loop->turn) + timeout_us;

	list_for_each (n, &qs->deadlines) {
		struct query *q = container_of(n, struct query, deadline_node);

		if (q->deadline_us > latest)
			q->deadline_us = latest;
	}
	timer_stop(&qs->loop->turn.timers, &qs->timer);
	queries_arm(qs);
}

void queries_change(struct queries *qs, const struct config *config, struct quota_bucket *buckets)
{
	bool other_dns64 = strcmp(qs->config->dns64, config->dns64) != 0;

	slab_set_max(&qs->slab, config->max_queries);
	quota_change(&qs->quota, config->max_queries, config->max_queries_per_client,
		config->rate_limit, buckets);
	if (other_dns64) {
		dns64_deinit(&qs->dns64);
		dns64_init(&qs->dns64, config->dns64, &qs->loop->turn, qs->lookups);
	}
	if (config->query_timeout_us < qs->config->query_timeout_us)
		shorten_deadlines(qs, config->query_timeout_us);
	qs->config = config;
}

void queries_finish_all(struct queries *qs, struct ede why)
{
	while (!list_empty(&qs->deadlines)) {
		struct query *q = container_of(qs->deadlines.next, struct query, deadline_node);

		lookup_leave(qs->lookups, &q->waiter, NULL);
		query_finish(q, &(struct outcome){ .why = why });
	}
}

void queries_deinit(struct queries *qs)
{
	struct list *n;

	dns64_deinit(&qs->dns64);
	while ((n = list_take(&qs->deadlines))) {
		struct query *q = container_of(n, struct query, deadline_node);

		lookup_leave(qs->lookups, &q->waiter, NULL);
		list_remove(&q->origin.node);
		quota_end(&qs->quota, q->client);
		slab_put(&qs->slab, q);
	}
	timer_stop(&qs->loop->turn.timers, &qs->timer);
	slab_deinit(&qs->slab);
	quota_deinit(&qs->quota);
	free(qs->unpacked);
}
