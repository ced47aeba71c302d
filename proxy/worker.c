#include "proxy/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/tap.h"
#include "proxy/client/tcp.h"
#include "proxy/client/udp.h"
#include "proxy/explain.h"
#include "proxy/client/udp_sender.h"
#include "proxy/groups.h"
#include "proxy/listeners.h"
#include "proxy/loop.h"
#include "proxy/member.h"
#include "proxy/worker_internal.h"

/* How long queries in flight may take to be answered once we are told to stop (threats F20). */
#define DRAIN_US 2000000u

/* ------------------------------------------------------------------ networks */

/*
 * The first query after the machine has slept: connections of before are of no use, and this may be another
 * place (design 5).  Main looks where we are, and tells.
 */
static void on_resumed(void *arg)
{
	struct worker *w = arg;

	groups_renew(&w->groups, w->network, w->network, 0);
	groups_flush_unproven(&w->groups, w->cache);
	dns64_renew(&w->queries.dns64, false);
	if (w->resumed)
		w->resumed(w->resumed_arg);
}

void worker_renew(struct worker *w, const struct worker_epoch *e)
{
	/* Both have seen it, each with its own readings. */
	bool done = e->slept_us < w->loop.slept_us + LOOP_SLEPT_US;

	if (!e->moved && done)
		return;
	if (!done)
		w->loop.slept_us = e->slept_us;
	w->network = e->entered;
	groups_renew(&w->groups, e->left, e->entered, e->fresh);
	groups_flush_unproven(&w->groups, w->cache);
	dns64_renew(&w->queries.dns64, e->moved);
}

void worker_clock_set(struct worker *w)
{
	groups_redate(&w->groups, w->network);
}

bool worker_moved(struct worker *w, const struct addr *addrs, size_t count)
{
	return groups_moved(&w->groups, addrs, count);
}

/* ------------------------------------------------------------------ building */

void worker_set_addresses(struct worker *w, size_t upstream, const struct addr *addrs, size_t count)
{
	groups_set_addresses(&w->groups, upstream, addrs, count);
}

void worker_set_unknown(struct worker *w, size_t upstream, const char *why)
{
	groups_set_unknown(&w->groups, upstream, why);
}

void worker_trust_loaded(struct worker *w, const struct trust *t)
{
	groups_trust_loaded(&w->groups, t);
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

	w->sockets_are_ours = setup->sockets_are_ours;
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
		.routes = groups_routes(&w->groups),
		.cache = setup->cache,
		.boottime_s = loop_boottime_s,
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
	w->local.routes = groups_routes(&w->groups);
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
	list_init(&w->explains);
	w->config = config_ref(setup->config);
	if (loop_init(&w->loop) < 0) {
		config_unref(w->config);
		free(w);
		return NULL;
	}
	w->loop.tap = setup->tap;
	if (setup->tap)
		setup->tap->stats = &w->loop.stats;
	err = groups_init(&w->groups, &w->loop, setup->config, &setup->upstreams);
	build_lookups(w, setup);
	if (build_local(w, setup) < 0)
		err = -ENOMEM;
	if (queries_init(&w->queries, &w->loop, setup->config, &w->lookups, &w->local) < 0)
		err = -ENOMEM;
	worker_set_cookie_secrets(w, setup->cookie_secrets);
	w->cache = setup->cache;
	w->resumed = setup->resumed;
	w->resumed_arg = setup->resumed_arg;
	w->loop.resumed = on_resumed;
	w->loop.resumed_arg = w;
	if (err == 0 && build_listeners(w, setup) == 0 &&
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

	groups_warm(&w->groups);
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

static void report_upstream(struct worker *w, size_t i, struct upstream_report *ret)
{
	groups_get_stats(&w->groups, i, &ret->stats);
	look_at(&w->groups.now.member[i]->upstream, turn_now_us(&w->loop.turn), &ret->look);
}

void worker_get_report(struct worker *w, const struct config *config, struct worker_report *ret)
{
	*ret = (struct worker_report){ .stats = w->loop.stats,
		.upstreams = ret->upstreams,
		.queries_inflight = queries_inflight(&w->queries),
		.tcp_clients = tcp_clients_count(w->clients),
		.sessions = groups_sessions(&w->groups),
		.knows_upstreams = w->config == config,
		.long_turns = w->loop.turn.rounds_exceeded,
		.mails_refused = mailbox_refused(&w->mailbox) };
	for (size_t i = 0; i < w->groups.now.upstream_count; i++) {
		struct stats of;

		groups_get_stats(&w->groups, i, &of);
		stats_add(&ret->stats, &of);
		if (ret->knows_upstreams)
			report_upstream(w, i, &ret->upstreams[i]);
	}
	memcpy(ret->blocked, w->local.blocked, sizeof ret->blocked);
	for (size_t i = 0; i < w->udp_count && w->counts_drops; i++)
		ret->udp_drops += udp_listener_drops(w->udp[i]);
}

void worker_explain(struct worker *w, struct explain *x)
{
	explain_run(x, &w->queries, &w->explains);
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
		udp_listener_stop(w->udp[i], w->sockets_are_ours);
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
	explain_stop(&w->explains);
	local_deinit(&w->local);
	lookups_deinit(&w->lookups);
	groups_stop(&w->groups);
	timer_stop(&w->loop.turn.timers, &w->drain_limit);
	mailbox_deinit(&w->mailbox);
	loop_deinit(&w->loop);
	groups_deinit(&w->groups);
	config_unref(w->config);
	explicit_bzero(&w->queries.secrets, sizeof w->queries.secrets);
	free(w);
}
