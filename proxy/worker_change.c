#include <stdlib.h>
#include <string.h>

#include "proxy/client/tcp.h"
#include "proxy/client/udp.h"
#include "proxy/client/udp_sender.h"
#include "proxy/worker_internal.h"

struct worker_change {
	struct config *config; /* a reference */
	struct groups_change *groups;
	struct local_change *local;
	struct local_names *names; /* a reference each */
	struct local_blocks *blocks;
	struct cache *cache; /* borrowed */
	struct cookie_secrets secrets;
	size_t tcp_clients;
	struct quota_bucket *buckets;
	uint8_t **replies; /* of each UDP socket, where they need more room */
	size_t reply_count;
};

static bool prepare_replies(const struct worker *w, struct worker_change *c)
{
	c->replies = calloc(w->udp_count + 1, sizeof *c->replies);
	for (size_t i = 0; c->replies && i < w->udp_count; i++) {
		c->replies[i] = udp_sender_buffers(c->config->edns_size);
		if (!c->replies[i])
			return false;
		c->reply_count++;
	}
	return c->replies;
}

static bool prepare(struct worker *w, struct worker_change *c, const struct worker_setup *setup,
	const struct config_change *change)
{
	c->groups = groups_prepare(&w->groups, c->config, change, &setup->upstreams);
	c->local = local_prepare(c->config, setup->local_key);
	if (c->config->rate_limit > 0)
		c->buckets = quota_buckets_new();
	return c->groups && c->local && (c->buckets || c->config->rate_limit == 0) &&
	       prepare_replies(w, c);
}

struct worker_change *worker_prepare(
	struct worker *w, const struct worker_setup *setup, const struct config_change *change)
{
	struct worker_change *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->config = config_ref(setup->config);
	c->names = local_names_ref(setup->names);
	c->blocks = local_blocks_ref(setup->blocks);
	c->cache = setup->cache;
	c->secrets = *setup->cookie_secrets;
	c->tcp_clients = setup->tcp_clients;
	if (prepare(w, c, setup, change))
		return c;
	worker_change_free(c);
	return NULL;
}

void worker_change_free(struct worker_change *c)
{
	if (!c)
		return;
	groups_change_free(c->groups);
	local_change_free(c->local);
	local_names_unref(c->names);
	local_blocks_unref(c->blocks);
	free(c->buckets);
	for (size_t i = 0; i < c->reply_count; i++)
		free(c->replies[i]);
	free(c->replies);
	config_unref(c->config);
	explicit_bzero(&c->secrets, sizeof c->secrets);
	free(c);
}

static void change_lookups(struct worker *w, const struct worker_change *c)
{
	lookups_change(&w->lookups, &(struct lookups_change){ .max = w->config->max_queries,
					    .routes = groups_routes(&w->groups),
					    .cache = c->cache,
					    .timeout_us = w->config->query_timeout_us,
					    .prefetch = w->config->prefetch });
	w->local.routes = groups_routes(&w->groups);
	w->cache = c->cache;
	groups_flush_gone(&w->groups, w->cache);
}

static void change_replies(struct worker *w, struct worker_change *c)
{
	for (size_t i = 0; i < c->reply_count; i++)
		udp_listener_grow(w->udp[i], c->replies[i], w->config->edns_size);
	c->reply_count = 0;
}

void worker_change(struct worker *w, struct worker_change *c)
{
	struct config *before = w->config;

	w->config = c->config;
	c->config = before;
	groups_apply(&w->groups, c->groups);
	local_change(&w->local, c->local);
	change_lookups(w, c);
	queries_change(&w->queries, w->config, c->buckets);
	c->buckets = NULL;
	worker_set_local(w, c->names, c->blocks);
	worker_set_cookie_secrets(w, &c->secrets);
	tcp_clients_set_max(w->clients, c->tcp_clients);
	change_replies(w, c);
}
