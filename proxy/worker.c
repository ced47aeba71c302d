#include "proxy/worker.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/config/policy_hash.h"
#include "common/dns/cookie_store.h"
#include "proxy/client/tcp.h"
#include "proxy/client/udp.h"
#include "proxy/listeners.h"
#include "proxy/loop.h"
#include "proxy/upstream/dtls.h"
#include "proxy/upstream/plain.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/tls.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/ways.h"

/* How long queries in flight may take to be answered once we are told to stop (threats F20). */
#define DRAIN_US     2000000u
#define LABEL_MAX    300
#define TLS_UDP_SIZE 4096 /* advertised on streams, bounds padded answers (standards 3.3) */
/* Advertised in datagrams, as if there were no DTLS (RFC 8094 5). */
#define DATAGRAM_UDP_SIZE 1232

/* How one upstream is reached on one way, and what it is called. */
struct way {
	struct tls_endpoint endpoint; /* without policy in clear */
	struct plain_endpoint plain;  /* else empty but for the loop */
	char label[LABEL_MAX];
};

/* A group of upstreams: those of `forward`, or of a zone. */
struct group {
	struct pool pool;
	const char *interface; /* NULL: any */
	char missing[80];      /* what clients are told while it is */
};

struct worker {
	pthread_t thread;
	bool started;
	bool draining, done;
	struct loop loop;
	struct mailbox mailbox;
	struct timer drain_limit;

	/* One for each upstream, in step; of those over datagrams, that way. */
	struct way *ways;
	struct upstream *upstreams;
	/* The streams beside these; empty where there is none. */
	struct way *stream_ways;
	struct upstream *streams;
	size_t upstream_count;
	struct group *groups; /* the forward group, then the zones */
	size_t group_count;
	struct route_zone *zones;
	bool pools_built;
	struct cookie_store cookies; /* of those asked in clear */
	void (*want_addresses)(void *arg, size_t upstream);
	void *want_arg;
	struct lookups lookups;
	struct local local;
	struct queries queries;

	struct udp_receiver *receiver;
	struct tcp_clients *clients;
	struct udp_listener **udp;
	struct tcp_listener **tcp;
	size_t udp_count, tcp_count;
	bool counts_drops;
};

/* ------------------------------------------------------------------ building */

/* Of the two ways to one upstream. */
static const char *transport_name(const char *scheme)
{
	static const char *const names[][2] = { { "tls", "TLS" }, { "dtls", "DTLS" },
		{ "udp", "UDP" }, { "tcp", "TCP" } };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i][0], scheme) == 0)
			return names[i][1];
	return scheme;
}

/*
 * As in the configuration, and in full where that is one address in one of its spellings.  The long
 * form has a name of its own, which tells those apart that have one address.
 */
static void name_way(struct way *way, const char *scheme, const struct config_upstream *u)
{
	bool paired = u->transport != TRANSPORT_TLS && u->transport != TRANSPORT_TCP;
	char text[ADDR_TEXT_MAX];

	if (u->address_count == 1 && !u->long_form)
		snprintf(way->label, sizeof way->label, "%s://%s%s%s", scheme,
			addr_text(&u->address[0], text), u->auth_name ? "#" : "",
			u->auth_name ? u->auth_name : "");
	else
		snprintf(way->label, sizeof way->label, "%s%s%s", u->name, paired ? " over " : "",
			paired ? transport_name(scheme) : "");
}

static void on_want_addresses(void *arg, struct upstream *up)
{
	struct worker *w = arg;

	w->want_addresses(w->want_arg, (size_t)(ways_face(up) - w->upstreams));
}

/* What both ways have in common; as for TLS. */
static void fill_way(struct worker *w, struct way *way, struct upstream *up, size_t i,
	const struct worker_setup *setup)
{
	const struct config_upstream *u = &setup->config->forward[i];

	way->endpoint = (struct tls_endpoint){ .loop = &w->loop,
		.policy = setup->policies[i],
		.want_trust = setup->want_trust,
		.want_arg = setup->trust_arg };
	tls_endpoint_init(&way->endpoint);
	way->plain.loop = &w->loop;
	up->label = way->label;
	up->connections = u->connections;
	up->want_addresses = u->host ? on_want_addresses : NULL;
	up->want_arg = w;
	up->session = (struct session_setup){ .turn = &w->loop.turn,
		.random = &w->loop.random,
		.stats = &w->loop.stats,
		.opener = { tls_open, &way->endpoint },
		.form = { .udp_size = TLS_UDP_SIZE,
			.keepalive = true,
			.pad_block = (uint16_t)u->pad_block },
		.cookies = u->cookies,
		.max_inflight = u->max_inflight,
		.scratch = w->loop.scratch };
}

/* As way, with a label and an opener of its own. */
static void use_plain(struct worker *w, struct way *way, struct upstream *up, const char *scheme,
	const struct config_upstream *u,
	struct transport *(*open)(void *, const struct addr *, const struct transport_handler *,
		void *, struct transport_end *))
{
	name_way(way, scheme, u);
	up->session.opener = (struct transport_opener){ open, &way->plain };
	up->session.form.pad_block = 0; /* RFC 7830 6: what is in clear is not padded */
	up->session.no_subnet = true;
	up->session.cookie_store = &w->cookies;
}

/* Over datagrams: one session, no keepalive, and a stream for what they are of no use to. */
static void add_datagrams(struct worker *w, size_t i, const struct worker_setup *setup)
{
	const struct config_upstream *u = &setup->config->forward[i];
	struct upstream *up = &w->upstreams[i];

	fill_way(w, &w->stream_ways[i], &w->streams[i], i, setup);
	up->stream = &w->streams[i];
	up->races = u->transport == TRANSPORT_AUTO;
	up->connections = 1;
	up->session.form.udp_size = DATAGRAM_UDP_SIZE;
	up->session.form.keepalive = false;
	if (u->transport == TRANSPORT_UDP) {
		use_plain(w, &w->stream_ways[i], &w->streams[i], "tcp", u, plain_tcp_open);
		use_plain(w, &w->ways[i], up, "udp", u, plain_udp_open);
		up->session.max_inflight = PLAIN_UDP_SOCKETS;
	} else {
		name_way(&w->stream_ways[i], "tls", u);
		name_way(&w->ways[i], "dtls", u);
		w->ways[i].endpoint.policy = setup->dtls_policies[i];
		up->session.opener = (struct transport_opener){ dtls_open, &w->ways[i].endpoint };
	}
}

static void fill_upstream(struct worker *w, size_t i, const struct worker_setup *setup)
{
	const struct config_upstream *u = &setup->config->forward[i];

	fill_way(w, &w->ways[i], &w->upstreams[i], i, setup);
	name_way(&w->ways[i], "tls", u);
	if (u->transport == TRANSPORT_TCP)
		use_plain(w, &w->ways[i], &w->upstreams[i], "tcp", u, plain_tcp_open);
	else if (u->transport != TRANSPORT_TLS)
		add_datagrams(w, i, setup);
}

/* ------------------------------------------------------------------ groups */

static const char *interface_missing(void *arg)
{
	const struct group *g = arg;

	return if_nametoindex(g->interface) ? NULL : g->missing;
}

static void build_group(struct worker *w, struct group *g, size_t first, size_t count,
	enum config_policy policy, const char *interface)
{
	g->pool.upstreams = &w->upstreams[first];
	g->pool.count = count;
	g->pool.policy = policy;
	if (!interface || !*interface)
		return;
	g->interface = interface;
	snprintf(g->missing, sizeof g->missing, "there is no interface %s", interface);
	g->pool.unusable = interface_missing;
	g->pool.unusable_arg = g;
	for (size_t i = first; i < first + count; i++) {
		w->ways[i].endpoint.device = w->ways[i].plain.device = interface;
		w->stream_ways[i].endpoint.device = w->stream_ways[i].plain.device = interface;
	}
}

static bool is_clear(const struct config_upstream *u)
{
	return u->transport == TRANSPORT_UDP || u->transport == TRANSPORT_TCP;
}

/* In clear nothing is asked that no client waits for (design 5, Plain). */
static void build_zone(struct worker *w, size_t i, const struct config *c)
{
	const struct config_zone *z = &c->zone[i];
	struct route_zone *route = &w->zones[i];
	struct pool *pool = &w->groups[1 + i].pool;

	build_group(w, &w->groups[1 + i], z->first, z->count, z->policy, z->interface);
	route->name_len = name_from_text(z->name, route->name);
	route->pool = pool;
	pool->cache_policy = config_policy_hash(&c->forward[z->first], z->count);
	pool->no_refresh = is_clear(&c->forward[z->first]);
}

static bool allocate(struct worker *w, const struct config *c)
{
	w->ways = calloc(c->upstream_count, sizeof *w->ways);
	w->upstreams = calloc(c->upstream_count, sizeof *w->upstreams);
	w->stream_ways = calloc(c->upstream_count, sizeof *w->stream_ways);
	w->streams = calloc(c->upstream_count, sizeof *w->streams);
	w->groups = calloc(1 + c->zone_count, sizeof *w->groups);
	w->zones = calloc(1 + c->zone_count, sizeof *w->zones);
	return w->ways && w->upstreams && w->stream_ways && w->streams && w->groups && w->zones;
}

/* Cookies age while we sleep. */
static uint64_t boottime_us(void *arg)
{
	struct timespec now;

	(void)arg;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int build_pools(struct worker *w, const struct worker_setup *setup)
{
	const struct config *c = setup->config;

	if (!allocate(w, c))
		return -ENOMEM;
	w->upstream_count = c->upstream_count;
	w->group_count = 1 + c->zone_count;
	for (size_t i = 0; i < c->upstream_count; i++)
		fill_upstream(w, i, setup);
	build_group(w, &w->groups[0], 0, c->forward_count, c->policy, NULL);
	w->groups[0].pool.cache_policy = config_forward_hash(c);
	for (size_t i = 0; i < c->zone_count; i++)
		build_zone(w, i, c);
	for (size_t i = 0; i < w->group_count; i++)
		pool_init(&w->groups[i].pool);
	for (size_t i = 0; i < c->upstream_count; i++)
		ways_set_addresses(
			&w->upstreams[i], c->forward[i].address, c->forward[i].address_count);
	return 0;
}

void worker_set_addresses(struct worker *w, size_t upstream, const struct addr *addrs, size_t count)
{
	ways_set_addresses(&w->upstreams[upstream], addrs, count);
}

void worker_set_unknown(struct worker *w, size_t upstream, const char *why)
{
	upstream_set_unknown(&w->upstreams[upstream], why);
}

void worker_trust_loaded(struct worker *w, const struct trust *t)
{
	for (size_t i = 0; i < w->upstream_count; i++) {
		const struct tls_policy *policy = w->ways[i].endpoint.policy;

		if (!policy || policy->trust != t)
			continue;
		tls_endpoint_trust_loaded(&w->ways[i].endpoint);
		if (w->upstreams[i].stream)
			tls_endpoint_trust_loaded(&w->stream_ways[i].endpoint);
	}
}

void worker_set_cookie_secrets(struct worker *w, const struct cookie_secrets *secrets)
{
	w->queries.secrets = *secrets;
}

static int add_udp(struct worker *w, int *fd, const struct addr *bound)
{
	struct udp_listener *u = udp_listener_new(&w->loop, &w->queries, w->receiver, *fd, bound);

	*fd = -1;
	if (!u)
		return -ENOMEM;
	w->udp[w->udp_count++] = u;
	return 0;
}

static int add_tcp(struct worker *w, int *fd)
{
	struct tcp_listener *t = tcp_listener_new(w->clients, *fd);

	*fd = -1;
	if (!t)
		return -ENOMEM;
	w->tcp[w->tcp_count++] = t;
	return 0;
}

static int build_listeners(struct worker *w, const struct worker_setup *setup)
{
	int err = 0;

	w->counts_drops = setup->counts_drops;
	w->udp = calloc(setup->socket_count, sizeof(struct udp_listener *));
	w->tcp = calloc(setup->socket_count, sizeof(struct tcp_listener *));
	w->receiver = udp_receiver_new();
	w->clients = tcp_clients_new(&w->loop, &w->queries, setup->tcp_clients);
	if (!w->udp || !w->tcp || !w->receiver || !w->clients)
		return -ENOMEM;
	for (size_t i = 0; i < setup->socket_count && err == 0; i++) {
		struct socket_pair *s = &setup->sockets[i];

		if (s->udp >= 0)
			err = add_udp(w, &s->udp, &setup->listen[i].addr);
		if (s->tcp >= 0 && err == 0)
			err = add_tcp(w, &s->tcp);
	}
	return err;
}

static struct routes routes_of(const struct worker *w)
{
	if (!w->pools_built)
		return (struct routes){ .forward = NULL };
	return (struct routes){
		.forward = &w->groups[0].pool, .zones = w->zones, .zone_count = w->group_count - 1
	};
}

uint32_t worker_boottime_s(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint32_t)ts.tv_sec;
}

/* What is refused is not kept, either. */
static bool is_refused(void *arg, const struct dns_question *q, const struct dns_message *answer)
{
	return local_refuses(arg, q, answer);
}

static void build_lookups(struct worker *w, const struct worker_setup *setup)
{
	struct lookups_setup s = { .max = setup->config->max_queries,
		.turn = &w->loop.turn,
		.stats = &w->loop.stats,
		.random = &w->loop.random,
		.routes = routes_of(w),
		.cache = setup->cache,
		.boottime_s = worker_boottime_s,
		.refused = is_refused,
		.refused_arg = &w->local,
		.timeout_us = setup->config->query_timeout_us,
		.prefetch = setup->config->prefetch };

	lookups_init(&w->lookups, &s);
}

static int build_local(struct worker *w, const struct worker_setup *setup)
{
	int err = local_init(&w->local, setup->config, &w->loop.stats, setup->local_key);

	if (err < 0)
		return err;
	worker_set_local(w, setup->names, setup->blocks);
	return 0;
}

void worker_set_local(struct worker *w, struct local_names *names, struct local_blocks *blocks)
{
	local_set_names(&w->local, names);
	local_set_blocks(&w->local, blocks);
}

struct worker *worker_new(const struct worker_setup *setup)
{
	struct worker *w = calloc(1, sizeof *w);
	int err;

	if (!w)
		return NULL;
	w->mailbox.fd = -1;
	if (loop_init(&w->loop) < 0) {
		free(w);
		return NULL;
	}
	w->want_addresses = setup->want_addresses;
	w->want_arg = setup->want_arg;
	cookie_store_init(&w->cookies, boottime_us, NULL);
	w->pools_built = build_pools(w, setup) == 0;
	build_lookups(w, setup);
	err = build_local(w, setup);
	if (queries_init(&w->queries, &w->loop, setup->config, &w->lookups, &w->local) < 0)
		err = -ENOMEM;
	worker_set_cookie_secrets(w, setup->cookie_secrets);
	if (err == 0 && w->pools_built && build_listeners(w, setup) == 0 &&
		mailbox_init(&w->mailbox, w->loop.base, w) == 0)
		return w;
	worker_free(w);
	return NULL;
}

/* ------------------------------------------------------------------ running */

static bool is_drained(const struct worker *w)
{
	for (size_t i = 0; i < w->udp_count; i++)
		if (!udp_listener_flushed(w->udp[i]))
			return false;
	return queries_inflight(&w->queries) == 0 && tcp_clients_flushed(w->clients);
}

static void *run(void *arg)
{
	struct worker *w = arg;

	pool_warm(&w->groups[0].pool); /* zones are asked when they are asked for */
	while (!w->done) {
		loop_turn(&w->loop);
		if (w->draining && is_drained(w))
			w->done = true;
	}
	return NULL;
}

int worker_start(struct worker *w)
{
	sigset_t all, old;
	int err;

	/* Signals are main's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	w->started = err == 0;
	return -err;
}

struct mailbox *worker_mailbox(struct worker *w)
{
	return &w->mailbox;
}

void worker_get_report(struct worker *w, struct worker_report *ret)
{
	*ret = (struct worker_report){ .stats = w->loop.stats,
		.queries_inflight = queries_inflight(&w->queries),
		.tcp_clients = tcp_clients_count(w->clients),
		.long_turns = w->loop.turn.rounds_exceeded };
	for (size_t i = 0; i < w->group_count; i++)
		ret->sessions += pool_sessions(&w->groups[i].pool);
	memcpy(ret->blocked, w->local.blocked, sizeof ret->blocked);
	for (size_t i = 0; i < w->udp_count && w->counts_drops; i++)
		ret->udp_drops += udp_listener_drops(w->udp[i]);
}

static void on_drain_limit(struct timer *t)
{
	struct worker *w = container_of(t, struct worker, drain_limit);

	queries_finish_all(&w->queries, (struct ede){ EDE_NOT_READY, "dnsfwd is stopping" });
	w->done = true; /* the replies leave at the end of this turn */
}

void worker_drain(struct worker *w)
{
	if (w->draining)
		return;
	w->draining = true;
	for (size_t i = 0; i < w->udp_count; i++)
		udp_listener_stop(w->udp[i]);
	for (size_t i = 0; i < w->tcp_count; i++)
		tcp_listener_stop(w->tcp[i]);
	tcp_clients_stop(w->clients);
	w->drain_limit.fire = on_drain_limit;
	if (timer_start(&w->loop.turn.timers, &w->drain_limit,
		    turn_now_us(&w->loop.turn) + DRAIN_US) < 0)
		w->done = true;
}

/* ------------------------------------------------------------------ the end */

static void free_listeners(struct worker *w)
{
	for (size_t i = 0; i < w->udp_count; i++)
		udp_listener_free(w->udp[i]);
	for (size_t i = 0; i < w->tcp_count; i++)
		tcp_listener_free(w->tcp[i]);
	tcp_clients_free(w->clients);
	udp_receiver_free(w->receiver);
	free(w->udp);
	free(w->tcp);
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->started)
		pthread_join(w->thread, NULL);
	free_listeners(w);
	queries_deinit(&w->queries);
	local_deinit(&w->local);
	lookups_deinit(&w->lookups);
	for (size_t i = 0; w->pools_built && i < w->group_count; i++)
		pool_deinit(&w->groups[i].pool);
	timer_stop(&w->loop.turn.timers, &w->drain_limit);
	mailbox_deinit(&w->mailbox);
	loop_deinit(&w->loop);
	for (size_t i = 0; i < w->upstream_count; i++) {
		tls_endpoint_deinit(&w->ways[i].endpoint);
		if (w->upstreams[i].stream)
			tls_endpoint_deinit(&w->stream_ways[i].endpoint);
	}
	cookie_store_deinit(&w->cookies);
	free(w->zones);
	free(w->groups);
	free(w->streams);
	free(w->stream_ways);
	free(w->upstreams);
	free(w->ways);
	explicit_bzero(&w->queries.secrets, sizeof w->queries.secrets);
	free(w);
}
