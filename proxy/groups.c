#include "proxy/groups.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cache/cache.h"
#include "common/config/policy_hash.h"
#include "proxy/loop.h"
#include "proxy/upstream/dtls.h"
#include "proxy/upstream/plain.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/tls.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/ways.h"

#define LABEL_MAX    300
#define TLS_UDP_SIZE 4096 /* advertised on streams, bounds padded answers (standards 3.3) */
/* Advertised in datagrams, as if there were no DTLS (RFC 8094 5). */
#define DATAGRAM_UDP_SIZE 1232

/* How one upstream is reached on one way, and what it is called. */
struct way {
	struct tls_endpoint endpoint; /* without policy in clear */
	struct plain_endpoint plain;  /* else empty but for the loop and the counters */
	struct stats stats;	      /* its own; what concerns no single upstream is the loop's */
	char label[LABEL_MAX];
	struct addr winners[GROUPS_NETWORKS_MAX]; /* of the race, by network; AF_UNSPEC: none */
};

/* A group of upstreams: those of `forward`, or of a zone. */
struct group {
	struct pool pool;
	const char *interface; /* NULL: any */
	char missing[80];      /* what clients are told while it is */
};

/* How a way is spelt, and what people call it. */
static const struct spoken {
	const char *scheme, *name;
} spoken[] = {
	[TRANSPORT_TLS] = { "tls", "TLS" },
	[TRANSPORT_DTLS] = { "dtls", "DTLS" },
	[TRANSPORT_UDP] = { "udp", "UDP" },
	[TRANSPORT_TCP] = { "tcp", "TCP" },
};

/*
 * As in the configuration, and in full where that is one address in one of its spellings.  The long
 * form has a name of its own, which tells those apart that have one address.
 */
static void name_way(struct way *way, enum config_transport over, const struct config_upstream *u)
{
	bool paired = config_has_two_ways(u->transport);
	char text[ADDR_TEXT_MAX];

	if (u->address_count == 1 && !u->long_form)
		snprintf(way->label, sizeof way->label, "%s://%s%s%s", spoken[over].scheme,
			addr_text(&u->address[0], text), u->auth_name ? "#" : "",
			u->auth_name ? u->auth_name : "");
	else
		snprintf(way->label, sizeof way->label, "%s%s%s", u->name, paired ? " over " : "",
			paired ? spoken[over].name : "");
}

static void on_want_addresses(void *arg, struct upstream *up)
{
	struct groups *g = arg;

	g->want_addresses(g->want_arg, (size_t)(ways_face(up) - g->upstreams));
}

/* What both ways have in common; as for TLS. */
static void fill_way(struct groups *g, struct way *way, struct upstream *up, size_t i,
	const struct config *c, const struct groups_setup *setup)
{
	const struct config_upstream *u = &c->forward[i];

	way->endpoint = (struct tls_endpoint){ .loop = g->loop,
		.stats = &way->stats,
		.policy = setup->policies[i],
		.want_trust = setup->want_trust,
		.want_arg = setup->trust_arg };
	tls_endpoint_init(&way->endpoint);
	way->plain.loop = g->loop;
	way->plain.stats = &way->stats;
	up->label = way->label;
	up->connections = u->connections;
	up->want_addresses = u->host ? on_want_addresses : NULL;
	up->want_arg = g;
	up->session = (struct session_setup){ .turn = &g->loop->turn,
		.random = &g->loop->random,
		.stats = &way->stats,
		.opener = { tls_open, &way->endpoint },
		.form = { .udp_size = TLS_UDP_SIZE,
			.keepalive = true,
			.pad_block = (uint16_t)u->pad_block },
		.cookies = u->cookies,
		.max_inflight = u->max_inflight,
		.scratch = g->loop->scratch };
}

/* As way, with a label and an opener of its own. */
static void use_plain(struct groups *g, struct way *way, struct upstream *up,
	enum config_transport over, const struct config_upstream *u,
	struct transport *(*open)(void *, const struct addr *, const struct transport_handler *,
		void *, struct transport_end *))
{
	name_way(way, over, u);
	up->session.opener = (struct transport_opener){ open, &way->plain };
	up->session.form.pad_block = 0; /* RFC 7830 6: what is in clear is not padded */
	up->session.no_subnet = true;
	up->session.cookie_store = &g->cookies;
}

/* Over datagrams: one session, no keepalive, and a stream for what they are of no use to. */
static void add_datagrams(
	struct groups *g, size_t i, const struct config *c, const struct groups_setup *setup)
{
	const struct config_upstream *u = &c->forward[i];
	struct upstream *up = &g->upstreams[i];

	fill_way(g, &g->stream_ways[i], &g->streams[i], i, c, setup);
	up->stream = &g->streams[i];
	up->races = u->transport == TRANSPORT_AUTO;
	up->connections = 1;
	up->session.form.udp_size = DATAGRAM_UDP_SIZE;
	up->session.form.keepalive = false;
	if (u->transport == TRANSPORT_UDP) {
		use_plain(g, &g->stream_ways[i], &g->streams[i], TRANSPORT_TCP, u, plain_tcp_open);
		use_plain(g, &g->ways[i], up, TRANSPORT_UDP, u, plain_udp_open);
		up->session.max_inflight = PLAIN_UDP_SOCKETS;
	} else {
		name_way(&g->stream_ways[i], TRANSPORT_TLS, u);
		name_way(&g->ways[i], TRANSPORT_DTLS, u);
		g->ways[i].endpoint.policy = setup->dtls_policies[i];
		up->session.opener = (struct transport_opener){ dtls_open, &g->ways[i].endpoint };
	}
}

static void fill_upstream(
	struct groups *g, size_t i, const struct config *c, const struct groups_setup *setup)
{
	const struct config_upstream *u = &c->forward[i];

	fill_way(g, &g->ways[i], &g->upstreams[i], i, c, setup);
	name_way(&g->ways[i], TRANSPORT_TLS, u);
	if (u->transport == TRANSPORT_TCP)
		use_plain(g, &g->ways[i], &g->upstreams[i], TRANSPORT_TCP, u, plain_tcp_open);
	else if (u->transport != TRANSPORT_TLS)
		add_datagrams(g, i, c, setup);
}

/* ------------------------------------------------------------------ groups */

static const char *interface_missing(void *arg)
{
	const struct group *g = arg;

	return if_nametoindex(g->interface) ? NULL : g->missing;
}

static void build_group(struct groups *g, struct group *one, size_t first, size_t count,
	enum config_policy policy, const char *interface)
{
	one->pool.upstreams = &g->upstreams[first];
	one->pool.count = count;
	one->pool.policy = policy;
	if (!interface || !*interface)
		return;
	one->interface = interface;
	snprintf(one->missing, sizeof one->missing, "there is no interface %s", interface);
	one->pool.unusable = interface_missing;
	one->pool.unusable_arg = one;
	for (size_t i = first; i < first + count; i++) {
		g->ways[i].endpoint.device = g->ways[i].plain.device = interface;
		g->stream_ways[i].endpoint.device = g->stream_ways[i].plain.device = interface;
	}
}

/* In clear nothing is asked that no client waits for (design 5, Plain). */
static void build_zone(struct groups *g, size_t i, const struct config *c)
{
	const struct config_zone *z = &c->zone[i];
	struct route_zone *route = &g->zones[i];
	struct pool *pool = &g->group[1 + i].pool;

	build_group(g, &g->group[1 + i], z->first, z->count, z->policy, z->interface);
	route->name_len = name_from_text(z->name, route->name);
	route->pool = pool;
	pool->cache_policy = config_policy_hash(&c->forward[z->first], z->count);
	pool->no_refresh = config_is_plain(c->forward[z->first].transport);
}

static bool allocate(struct groups *g, const struct config *c)
{
	g->ways = calloc(c->upstream_count, sizeof *g->ways);
	g->upstreams = calloc(c->upstream_count, sizeof *g->upstreams);
	g->stream_ways = calloc(c->upstream_count, sizeof *g->stream_ways);
	g->streams = calloc(c->upstream_count, sizeof *g->streams);
	g->group = calloc(1 + c->zone_count, sizeof *g->group);
	g->zones = calloc(1 + c->zone_count, sizeof *g->zones);
	return g->ways && g->upstreams && g->stream_ways && g->streams && g->group && g->zones;
}

/* The pools want all upstreams in place. */
static void build_pools(struct groups *g, const struct config *c)
{
	build_group(g, &g->group[0], 0, c->forward_count, c->policy, NULL);
	g->group[0].pool.cache_policy = config_forward_hash(c);
	for (size_t i = 0; i < c->zone_count; i++)
		build_zone(g, i, c);
	for (size_t i = 0; i < g->count; i++) {
		g->group[i].pool.stats = &g->loop->stats;
		pool_init(&g->group[i].pool);
	}
}

int groups_init(struct groups *g, struct loop *loop, const struct config *c,
	const struct groups_setup *setup)
{
	*g = (struct groups){
		.loop = loop, .want_addresses = setup->want_addresses, .want_arg = setup->want_arg
	};
	cookie_store_init(&g->cookies, loop_boottime_us, NULL);
	if (!allocate(g, c))
		return -ENOMEM;
	g->upstream_count = c->upstream_count;
	g->count = 1 + c->zone_count;
	for (size_t i = 0; i < c->upstream_count; i++)
		fill_upstream(g, i, c, setup);
	build_pools(g, c);
	g->built = true;
	for (size_t i = 0; i < c->upstream_count; i++)
		ways_set_addresses(
			&g->upstreams[i], c->forward[i].address, c->forward[i].address_count);
	return 0;
}

static void deinit_ways(struct groups *g)
{
	for (size_t i = 0; i < g->upstream_count; i++) {
		tls_endpoint_deinit(&g->ways[i].endpoint);
		if (g->upstreams[i].stream)
			tls_endpoint_deinit(&g->stream_ways[i].endpoint);
	}
}

void groups_stop(struct groups *g)
{
	for (size_t i = 0; g->built && i < g->count; i++)
		pool_deinit(&g->group[i].pool);
}

void groups_deinit(struct groups *g)
{
	deinit_ways(g);
	cookie_store_deinit(&g->cookies);
	free(g->zones);
	free(g->group);
	free(g->streams);
	free(g->stream_ways);
	free(g->upstreams);
	free(g->ways);
}

/* ------------------------------------------------------------------ use */

struct routes groups_routes(const struct groups *g)
{
	if (!g->built)
		return (struct routes){ .forward = NULL };
	return (struct routes){
		.forward = &g->group[0].pool, .zones = g->zones, .zone_count = g->count - 1
	};
}

/* Zones are asked when they are asked for. */
void groups_warm(struct groups *g)
{
	pool_warm(&g->group[0].pool);
}

unsigned groups_sessions(const struct groups *g)
{
	unsigned sum = 0;

	for (size_t i = 0; i < g->count; i++)
		sum += pool_sessions(&g->group[i].pool);
	return sum;
}

void groups_set_addresses(struct groups *g, size_t upstream, const struct addr *addrs, size_t count)
{
	ways_set_addresses(&g->upstreams[upstream], addrs, count);
}

void groups_set_unknown(struct groups *g, size_t upstream, const char *why)
{
	upstream_set_unknown(&g->upstreams[upstream], why);
}

void groups_trust_loaded(struct groups *g, const struct trust *t)
{
	for (size_t i = 0; i < g->upstream_count; i++) {
		const struct tls_policy *policy = g->ways[i].endpoint.policy;

		if (!policy || policy->trust != t)
			continue;
		tls_endpoint_trust_loaded(&g->ways[i].endpoint);
		if (g->upstreams[i].stream)
			tls_endpoint_trust_loaded(&g->stream_ways[i].endpoint);
	}
}

/* ------------------------------------------------------------------ another network */

/* Who won here is noted; returns who won there, NULL: not known. */
static const struct addr *change_winner(
	struct way *way, const struct upstream *u, size_t left, size_t entered, bool fresh)
{
	const struct addr *winner = race_winner(&u->race);

	way->winners[left] = winner ? *winner : (struct addr){ 0 };
	if (fresh)
		way->winners[entered] = (struct addr){ 0 };
	return way->winners[entered].sa.sa_family == AF_UNSPEC ? NULL : &way->winners[entered];
}

/* The connections go first: a ticket that none has used comes back at its end. */
static void renew_upstream_ways(
	struct groups *g, size_t i, size_t left, size_t entered, bool fresh)
{
	struct upstream *face = &g->upstreams[i];
	struct way *way = &g->ways[i], *beside = &g->stream_ways[i];
	const struct addr *winner = change_winner(way, face, left, entered, fresh), *other = NULL;

	if (face->stream)
		other = change_winner(beside, face->stream, left, entered, fresh);
	ways_renew(face, winner, other);
	tls_endpoint_renew(&way->endpoint);
	if (face->stream)
		tls_endpoint_renew(&beside->endpoint);
}

void groups_renew(struct groups *g, size_t left, size_t entered, bool fresh)
{
	for (size_t i = 0; i < g->upstream_count; i++)
		renew_upstream_ways(g, i, left, entered, fresh);
	cookie_store_new_epoch(&g->cookies);
	for (size_t i = 0; i < g->count; i++)
		pool_renewed(&g->group[i].pool);
}

static bool is_concerned(const struct groups *g, size_t i, const struct addr *a)
{
	const struct upstream *face = &g->upstreams[i];

	return ways_concern(face, a) || tickets_any(&g->ways[i].endpoint.tickets, a) ||
	       (face->stream && tickets_any(&g->stream_ways[i].endpoint.tickets, a));
}

bool groups_moved(struct groups *g, const struct addr *addrs, size_t count)
{
	for (size_t i = 0; i < g->upstream_count; i++)
		for (size_t k = 0; k < count; k++)
			if (is_concerned(g, i, &addrs[k]))
				return true;
	for (size_t i = 0; i < g->upstream_count; i++)
		for (size_t k = 0; k < count; k++)
			ways_hope(&g->upstreams[i], &addrs[k]);
	return false;
}

void groups_flush_plain(const struct groups *g, struct cache *cache)
{
	for (size_t i = 0; cache && i < g->count; i++) {
		const struct pool *p = &g->group[i].pool;

		if (p->no_refresh && p->cache_policy)
			cache_flush(cache, &(struct cache_filter){ .has_policy = true,
						   .policy = p->cache_policy });
	}
}

void groups_get_stats(const struct groups *g, size_t upstream, struct stats *ret)
{
	*ret = g->ways[upstream].stats;
	stats_add(ret, &g->stream_ways[upstream].stats);
}
