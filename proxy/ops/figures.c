#include "proxy/ops/figures.h"

#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/list.h"
#include "common/config/config.h"
#include "proxy/loop.h"
#include "proxy/mailbox.h"

struct gatherer {
	struct gatherer_setup setup;
	struct list requests; /* under way, those that only wait for their mails too */
	unsigned count;
	uint64_t refused;
	uint64_t begun_us; /* CLOCK_BOOTTIME */
};

struct figures_request {
	struct list node;
	struct gatherer *gatherer;
	struct event *patience;
	size_t missing;	    /* mails that have not come back */
	figures_done *done; /* NULL: it was called, or nobody wants to know any more */
	void *arg;
	struct config *config; /* a reference */
	struct figures figures;
};

struct figures_mail {
	struct mail mail;
	struct figures_request *request;
	struct mailbox *back;
	struct worker_report report;
};

/* ------------------------------------------------------------------ sums */

static void add(struct worker_report *sum, const struct worker_report *part, size_t upstreams)
{
	stats_add(&sum->stats, &part->stats);
	for (size_t i = 0; i < upstreams && part->knows_upstreams; i++) {
		stats_add(&sum->upstreams[i].stats, &part->upstreams[i].stats);
		if (sum->knows_upstreams)
			look_add(&sum->upstreams[i].look, &part->upstreams[i].look);
		else
			sum->upstreams[i].look = part->upstreams[i].look;
	}
	sum->knows_upstreams = sum->knows_upstreams || part->knows_upstreams;
	sum->queries_inflight += part->queries_inflight;
	sum->tcp_clients += part->tcp_clients;
	sum->sessions += part->sessions;
	sum->udp_drops += part->udp_drops;
	sum->long_turns += part->long_turns;
	sum->mails_refused += part->mails_refused;
	for (size_t i = 0; i < CONFIG_BLOCK_MAX; i++)
		sum->blocked[i] += part->blocked[i];
}

/* ------------------------------------------------------------------ requests */

static void free_request(struct figures_request *r)
{
	list_remove(&r->node);
	r->gatherer->count--;
	if (r->patience)
		event_free(r->patience);
	config_unref(r->config);
	free(r->figures.sum.upstreams);
	free(r);
}

static void finish(struct figures_request *r)
{
	figures_done *done = r->done;
	const struct gatherer *g = r->gatherer;

	if (!done)
		return;
	r->done = NULL;
	event_del(r->patience);
	r->figures.up_us = loop_boottime_us(NULL) - g->begun_us;
	r->figures.refused = g->refused;
	r->figures.sum.mails_refused += mailbox_refused(g->setup.mailbox);
	r->figures.has_cache = g->setup.cache;
	if (g->setup.cache)
		cache_get_figures(g->setup.cache, &r->figures.cache);
	done(r->arg, &r->figures);
}

static void on_patience_over(evutil_socket_t fd, short what, void *arg)
{
	struct figures_request *r = arg;

	(void)fd;
	(void)what;
	finish(r);
	if (r->missing == 0)
		free_request(r);
}

void figures_cancel(struct figures_request *r)
{
	r->done = NULL;
	event_del(r->patience);
	if (r->missing == 0)
		free_request(r);
}

/* Its mail is back, or lost. */
static void count_in(struct figures_mail *m)
{
	struct figures_request *r = m->request;

	free(m->report.upstreams);
	free(m);
	if (--r->missing > 0)
		return;
	finish(r);
	free_request(r);
}

/* ------------------------------------------------------------------ mails */

/* The program ends: nobody is told. */
static void discard(struct mail *mail)
{
	struct figures_mail *m = container_of(mail, struct figures_mail, mail);

	m->request->done = NULL;
	count_in(m);
}

static void deliver_back(struct mail *mail, void *receiver)
{
	struct figures_mail *m = container_of(mail, struct figures_mail, mail);
	struct figures *f = &m->request->figures;

	(void)receiver;
	if (m->request->done) {
		add(&f->sum, &m->report, f->config->upstream_count);
		f->heard++;
	}
	count_in(m);
}

static void deliver_to_worker(struct mail *mail, void *receiver)
{
	struct figures_mail *m = container_of(mail, struct figures_mail, mail);

	worker_get_report(receiver, m->request->config, &m->report);
	m->mail.deliver = deliver_back;
	mailbox_post(m->back, &m->mail);
}

/* False without memory: the figures of that worker are left out. */
static bool send_to(struct figures_request *r, struct worker *w)
{
	struct figures_mail *m = calloc(1, sizeof *m);

	if (m)
		m->report.upstreams = calloc(r->config->upstream_count, sizeof *m->report.upstreams);
	if (!m || !m->report.upstreams) {
		free(m);
		return false;
	}
	m->request = r;
	m->back = r->gatherer->setup.mailbox;
	m->mail.deliver = deliver_to_worker;
	m->mail.discard = discard;
	r->missing++;
	mailbox_post(worker_mailbox(w), &m->mail);
	return true;
}

static struct figures_request *make_request(struct gatherer *g)
{
	const struct gatherer_setup *s = &g->setup;
	struct figures_request *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->gatherer = g;
	list_append(&g->requests, &r->node);
	g->count++;
	r->config = config_ref(s->config);
	r->figures.config = r->config;
	r->figures.workers = s->worker_count;
	r->figures.sum.upstreams =
		calloc(s->config->upstream_count, sizeof *r->figures.sum.upstreams);
	r->patience = evtimer_new(s->base, on_patience_over, r);
	if (r->figures.sum.upstreams && r->patience)
		return r;
	free_request(r);
	return NULL;
}

struct figures_request *gatherer_ask(struct gatherer *g, figures_done *done, void *arg)
{
	static const struct timeval patience = { .tv_sec = FIGURES_PATIENCE_US / 1000000,
		.tv_usec = FIGURES_PATIENCE_US % 1000000 };
	struct figures_request *r;

	if (g->count >= FIGURES_REQUESTS_MAX) {
		g->refused++;
		return NULL;
	}
	r = make_request(g);
	if (!r)
		return NULL;
	r->done = done;
	r->arg = arg;
	if (evtimer_add(r->patience, &patience) < 0) {
		free_request(r);
		return NULL;
	}
	for (size_t i = 0; i < g->setup.worker_count; i++)
		send_to(r, g->setup.workers[i]);
	return r; /* without any mail the timer answers */
}

/* ------------------------------------------------------------------ life */

struct gatherer *gatherer_new(const struct gatherer_setup *setup)
{
	struct gatherer *g = calloc(1, sizeof *g);

	if (!g)
		return NULL;
	g->setup = *setup;
	list_init(&g->requests);
	g->begun_us = loop_boottime_us(NULL);
	config_ref(setup->config);
	return g;
}

void gatherer_free(struct gatherer *g)
{
	if (!g)
		return;
	while (!list_empty(&g->requests))
		free_request(container_of(g->requests.next, struct figures_request, node));
	config_unref(g->setup.config);
	free(g);
}

void gatherer_set_config(struct gatherer *g, struct config *config, struct cache *cache)
{
	config_ref(config);
	config_unref(g->setup.config);
	g->setup.config = config;
	g->setup.cache = cache;
}

struct mailbox *gatherer_mailbox(const struct gatherer *g)
{
	return g->setup.mailbox;
}

struct config *gatherer_config(const struct gatherer *g)
{
	return g->setup.config;
}

struct worker *gatherer_worker(const struct gatherer *g, size_t i)
{
	return g->setup.workers[i];
}
