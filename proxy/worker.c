#include "proxy/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/client/tcp.h"
#include "proxy/client/udp.h"
#include "proxy/listeners.h"
#include "proxy/loop.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/tls.h"
#include "proxy/upstream/tls_policy.h"

/* How long queries in flight may take to be answered once we are told to stop (threats F20). */
#define DRAIN_US     2000000u
#define LABEL_MAX    300
#define TLS_UDP_SIZE 4096 /* advertised on streams, bounds padded answers (standards 3.3) */

/* How one upstream is reached, and what it is called. */
struct way {
	struct tls_endpoint endpoint;
	char label[LABEL_MAX];
};

struct worker {
	pthread_t thread;
	bool started;
	bool draining, done;
	struct loop loop;
	struct mailbox mailbox;
	struct timer drain_limit;

	struct way *ways; /* one for each upstream, in step with the array below */
	struct upstream *upstreams;
	size_t upstream_count;
	struct pool pool;
	bool pool_built;
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

/* One with a single address is called by it; others as in the configuration. */
static void name_upstream(struct way *way, const struct config_upstream *u)
{
	char text[ADDR_TEXT_MAX];

	if (u->address_count == 1)
		snprintf(way->label, sizeof way->label, "tls://%s%s%s",
			addr_text(&u->address[0], text), u->auth_name ? "#" : "",
			u->auth_name ? u->auth_name : "");
	else
		snprintf(way->label, sizeof way->label, "%s", u->name);
}

static void on_want_addresses(void *arg, struct upstream *up)
{
	struct worker *w = arg;

	w->want_addresses(w->want_arg, (size_t)(up - w->upstreams));
}

static void fill_upstream(struct worker *w, size_t i, const struct worker_setup *setup)
{
	const struct config_upstream *u = &setup->config->forward[i];
	struct way *way = &w->ways[i];
	struct upstream *up = &w->upstreams[i];

	name_upstream(way, u);
	way->endpoint = (struct tls_endpoint){ .loop = &w->loop,
		.policy = setup->policies[i],
		.want_trust = setup->want_trust,
		.want_arg = setup->trust_arg };
	tls_endpoint_init(&way->endpoint);
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
		.max_inflight = u->max_inflight,
		.scratch = w->loop.scratch };
}

static int build_pool(struct worker *w, const struct worker_setup *setup)
{
	const struct config *c = setup->config;

	w->ways = calloc(c->forward_count, sizeof *w->ways);
	w->upstreams = calloc(c->forward_count, sizeof *w->upstreams);
	if (!w->ways || !w->upstreams)
		return -ENOMEM;
	w->upstream_count = c->forward_count;
	for (size_t i = 0; i < c->forward_count; i++)
		fill_upstream(w, i, setup);
	w->pool.upstreams = w->upstreams;
	w->pool.count = w->upstream_count;
	w->pool.policy = c->policy;
	pool_init(&w->pool);
	for (size_t i = 0; i < c->forward_count; i++)
		upstream_set_addresses(
			&w->upstreams[i], c->forward[i].address, c->forward[i].address_count);
	return 0;
}

void worker_set_addresses(struct worker *w, size_t upstream, const struct addr *addrs, size_t count)
{
	upstream_set_addresses(&w->upstreams[upstream], addrs, count);
}

void worker_trust_loaded(struct worker *w, const struct trust *t)
{
	for (size_t i = 0; i < w->upstream_count; i++)
		if (w->ways[i].endpoint.policy->trust == t)
			tls_trust_loaded(&w->ways[i].endpoint);
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
	w->pool_built = build_pool(w, setup) == 0;
	lookups_init(&w->lookups, setup->config->max_queries, &w->loop.stats,
		(struct routes){ .forward = &w->pool });
	err = build_local(w, setup);
	if (queries_init(&w->queries, &w->loop, setup->config, &w->lookups, &w->local) == 0 &&
		err == 0 && w->pool_built && build_listeners(w, setup) == 0 &&
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

	pool_warm(&w->pool);
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
		.sessions = pool_sessions(&w->pool),
		.long_turns = w->loop.turn.rounds_exceeded };
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
	if (w->pool_built)
		pool_deinit(&w->pool);
	lookups_deinit(&w->lookups);
	timer_stop(&w->loop.turn.timers, &w->drain_limit);
	mailbox_deinit(&w->mailbox);
	loop_deinit(&w->loop);
	for (size_t i = 0; i < w->upstream_count; i++)
		tls_endpoint_deinit(&w->ways[i].endpoint);
	free(w->upstreams);
	free(w->ways);
	free(w);
}
