#include "proxy/upstream/pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "proxy/upstream/flights.h"
#include "proxy/upstream/placing.h"
#include "proxy/upstream/pool_internal.h"
#include "proxy/upstream/policy.h"
#include "proxy/upstream/trace.h"
#include "proxy/upstream/ways.h"

/* A matched answer that does not parse is asked for once more, then it is the upstream's word. */
#define BAD_ANSWERS_MAX 2
/* A change of the upstream that is asked is told so often at most. */
#define SERVING_NEWS_US 1000000u
/* So many repetitions of slow names are saved up at most. */
#define HEDGE_MAX (20u * POOL_HEDGE_COST)

/* ------------------------------------------------------------------ the queue */

struct stats *pool_stats_of(struct upstream *u)
{
	return ways_face(u)->session.stats;
}

static void wait_in_queue(struct pool *p, struct request *r)
{
	/* What needs a stream is not like the others, either, which one of it must not hold up. */
	bool tried = r->sent_before || r->sends > 0 || r->needs_stream;

	p->stats->bound_inflight += pool_sessions(p) > 0; /* there are some, and they are full */
	list_append(tried ? &p->again : &p->waiting, &r->node);
	p->waiting_count++;
}

static void leave_queue(struct pool *p, struct request *r)
{
	if (!request_waits(r))
		return;
	list_remove(&r->node);
	p->waiting_count--;
}

void pool_look_again(struct pool *p)
{
	if (p->waiting_count > 0)
		turn_defer(p->turn, &p->dispatch);
}

static void submit_to(struct session *s, struct request *r)
{
	struct upstream *u = ways_of(s);

	if (!r->own || ways_face(r->own) != ways_face(u))
		r->bad_cookies = 0; /* they were another server's */
	r->own = u;
	upstream_submit(r->own, s, flights_take(r));
	if (session_is_spent(s))
		pool_look_again(r->pool); /* those that waited for room there wait for another */
}

/* ------------------------------------------------------------------ placing */

/* A copy to one of which something is to be learnt, while another one answers. */
static void probe(struct pool *p, const struct request *r, const struct choice *c)
{
	struct upstream *u = probe_is_out(&p->probe) ? NULL : policy_probe(p, c->rank);
	struct session *s;

	if (!u || u == c->upstream)
		return;
	s = ways_session(u, r);
	if (!s) {
		ways_ensure(u, r, false);
		policy_probe_missed(p, u);
		return;
	}
	probe_copy(&p->probe, r, ~pool_bit(u));
	pool_stats_of(u)->upstream_probes++;
	submit_to(s, &p->probe.request);
}

/*
 * failover: those who watch are told who is asked now.  What moves a single query on is no such
 * news.
 */
static void note_serving(struct pool *p, struct upstream *u, const struct request *r)
{
	uint64_t now = turn_now_us(p->turn);

	if (u == p->serving || r->sent_before || p->policy != POLICY_FAILOVER)
		return;
	if (p->serving && p->told_us && now - p->told_us < SERVING_NEWS_US)
		return; /* a later query tells, if it is still so */
	if (p->serving) {
		log_limited(&u->health.limit, LOG_LEVEL_INFO, "queries go to %s now", u->label);
		p->told_us = now;
	}
	p->serving = u;
}

enum placed { PLACED, PLACE_AWAITED, PLACE_NONE };

static enum placed place(struct pool *p, struct request *r)
{
	struct choice c;
	bool placed = placing_choose(p, r, &c);

	if (r->trace)
		trace_choice(r->trace, r, &c);
	if (!placed)
		return c.upstream ? PLACE_AWAITED : PLACE_NONE;
	submit_to(c.session, r);
	if (p->count > 1) {
		note_serving(p, c.upstream, r);
		probe(p, r, &c);
	}
	return PLACED;
}

/* ------------------------------------------------------------------ the ends */

static void deliver(struct turn_work *w)
{
	struct request *r = container_of(w, struct request, work);
	uint8_t *kept = r->kept;

	r->kept = NULL;
	r->state = REQUEST_IDLE;
	list_remove(&r->all);
	if (r->trace)
		r->trace->answered = r->answered;
	trace_detach(r);
	r->done(r);
	free(kept); /* r may be gone */
}

void pool_finish(struct pool *p, struct request *r)
{
	flights_forget(r);
	leave_queue(p, r);
	turn_forget(&r->work);
	r->state = REQUEST_DONE;
	r->work.run = deliver;
	turn_defer(p->turn, &r->work);
	pool_look_again(p); /* its places are free */
}

/* The error that an upstream answered, as nobody had anything better. */
void pool_finish_kept(struct pool *p, struct request *r)
{
	r->answered = message_parse(r->kept, r->kept_len, &r->answer) == MESSAGE_OK;
	r->upstream = r->kept_from;
	r->trusted = r->kept_trusted;
	r->failure = (struct ede){ EDE_OTHER, "an answer that was kept does not parse" };
	pool_finish(p, r);
}

static struct ede why_lost(struct pool *p, const struct request *r)
{
	const char *label = r->own ? r->own->label : POOL_FORMER;

	if (r->bad_answers >= BAD_ANSWERS_MAX) {
		snprintf(p->reason, sizeof p->reason, "%s: its answers are malformed", label);
		return (struct ede){ EDE_INVALID_DATA, p->reason };
	}
	if (r->bad_cookies >= REQUEST_SENDS_MAX) {
		snprintf(p->reason, sizeof p->reason, "%s: it answers BADCOOKIE", label);
		return (struct ede){ EDE_OTHER, p->reason };
	}
	snprintf(p->reason, sizeof p->reason, "%s: asked %d times, lost each time: %s", label,
		REQUEST_SENDS_MAX, r->own ? upstream_last_loss(r->own) : "no connection");
	return (struct ede){ EDE_NETWORK_ERROR, p->reason };
}

/* No more sends for it: what is under way may still bring the answer. */
static void finish_lost(struct pool *p, struct request *r)
{
	if (flights_any(r))
		return;
	if (r->kept) {
		pool_finish_kept(p, r);
		return;
	}
	r->answered = false;
	r->failure = why_lost(p, r);
	pool_finish(p, r);
}

bool pool_is_exhausted(struct request *r)
{
	return r->is_probe || flights_over(r, true) >= REQUEST_SENDS_MAX ||
	       r->sends >= REQUEST_SENDS_MAX || r->bad_answers >= BAD_ANSWERS_MAX;
}

/* ------------------------------------------------------------------ asking */

/* Sends it, or lets it wait for whom it can be sent to. */
static void ask(struct pool *p, struct request *r)
{
	switch (place(p, r)) {
	case PLACED:
		break;
	case PLACE_NONE:
		if (r->kept) {
			if (!flights_any(r))
				pool_finish_kept(p, r);
			break;
		}
		/* fall through */
	case PLACE_AWAITED:
		wait_in_queue(p, r);
		pool_look_again(
			p); /* what was found out while it was placed came too early for it */
		break;
	}
}

/* In the deferred phase: what to do with a query whose session did not answer it. */
static void reconsider(struct turn_work *w)
{
	struct request *r = container_of(w, struct request, work);

	if (request_waits(r))
		pool_look_again(r->pool); /* a send that was given back opens other places to it */
	if (request_waits(r) || flights_any_fresh(r))
		return;
	if (pool_is_exhausted(r))
		finish_lost(r->pool, r);
	else
		ask(r->pool, r);
}

void pool_reconsider_later(struct pool *p, struct request *r)
{
	r->work.run = reconsider;
	turn_defer(p->turn, &r->work);
}

/* Those sent before: each may have upstreams of its own that it can't be sent to. */
static void dispatch_again(struct pool *p)
{
	list_for_each (n, &p->again) {
		struct request *r = container_of(n, struct request, node);
		/* A session that had been in doubt answers again: it is waited for there. */
		enum placed placed = flights_any_fresh(r) ? PLACED : place(p, r);

		if (placed == PLACED || (placed == PLACE_NONE && r->kept))
			leave_queue(p, r);
		if (placed == PLACE_NONE && r->kept && !flights_any(r))
			pool_finish_kept(p, r);
	}
}

/* Those never tried are alike: where one finds no place, none does. */
static void dispatch_waiting(struct pool *p)
{
	while (!list_empty(&p->waiting)) {
		struct request *r = container_of(p->waiting.next, struct request, node);

		if (place(p, r) != PLACED)
			break;
		leave_queue(p, r);
	}
}

static void on_dispatch(struct turn_work *w)
{
	struct pool *p = container_of(w, struct pool, dispatch);

	dispatch_again(p);
	dispatch_waiting(p);
}

static void on_patience(struct timer *t)
{
	pool_look_again(container_of(t, struct pool, patience));
}

/* ------------------------------------------------------------------ for those above */

void pool_init(struct pool *p)
{
	p->turn = p->upstreams[0]->session.turn;
	if (!p->stats)
		p->stats = p->upstreams[0]->session.stats;
	list_init(&p->requests);
	p->dispatch.run = on_dispatch;
	p->patience.fire = on_patience;
	p->hedge_credit = POOL_HEDGE_COST;
	list_init(&p->again);
	list_init(&p->waiting);
	probe_init(&p->probe, p);
	pool_change_init(p);
}

void pool_deinit(struct pool *p)
{
	probe_deinit(&p->probe);
	assert(p->waiting_count == 0);
	for (size_t i = 0; i < p->count; i++)
		ways_deinit(p->upstreams[i]);
	pool_change_deinit(p);
	timer_stop(&p->turn->timers, &p->patience);
	turn_forget(&p->dispatch);
}

void pool_warm(struct pool *p)
{
	ways_warm(policy_nth(p, 0));
}

static void begin(struct pool *p, struct request *r)
{
	r->state = REQUEST_ACTIVE;
	r->pool = p;
	r->sends = r->bad_answers = r->spent = r->returns = r->bad_cookies = 0;
	r->datagrams = 0;
	r->sent_before = r->is_probe = r->needs_stream = r->hedged = false;
	r->late_on = r->datagrams_late_on = r->avoid = 0;
	r->own = NULL;
	r->trusted = false;
	r->kept = NULL;
	r->node = (struct list){ 0 };
	r->work = (struct turn_work){ 0 };
	memset(r->flights, 0, sizeof r->flights);
	list_append(&p->requests, &r->all);
}

/* It ends at once: somebody who waits would only be told later. */
static bool is_refused(struct pool *p, struct request *r)
{
	const char *why = p->unusable ? p->unusable(p->unusable_arg) : NULL;

	if (!why)
		return false;
	r->answered = false;
	r->failure = (struct ede){ EDE_NETWORK_ERROR, why };
	pool_finish(p, r);
	return true;
}

void pool_submit(struct pool *p, struct request *r)
{
	begin(p, r);
	if (is_refused(p, r))
		return;
	policy_advance(p);
	if (p->hedge_credit < HEDGE_MAX)
		p->hedge_credit++;
	if (p->waiting_count == 0 && place(p, r) == PLACED)
		return;
	wait_in_queue(p, r);
	pool_look_again(p); /* behind those that came before */
}

void pool_cancel(struct pool *p, struct request *r)
{
	if (r->state == REQUEST_IDLE)
		return;
	flights_forget(r);
	leave_queue(p, r);
	list_remove(&r->all);
	turn_forget(&r->work);
	trace_detach(r);
	free(r->kept);
	r->kept = NULL;
	r->state = REQUEST_IDLE;
	pool_look_again(p);
}

/* Those that are over already keep what they were told. */
void pool_fail_all(struct pool *p, struct ede why)
{
	list_for_each (n, &p->requests) {
		struct request *r = container_of(n, struct request, all);

		if (r->state != REQUEST_ACTIVE)
			continue;
		r->answered = false;
		r->failure = why;
		pool_finish(p, r);
	}
}

void pool_renewed(struct pool *p)
{
	if (p->policy == POLICY_FASTEST)
		p->first = 0;
	p->probe_us = p->probe_wait_us = p->sample_us = 0;
	for (size_t i = 0; i < p->count; i++)
		ways_reopen(p->upstreams[i]);
	pool_look_again(p);
}

unsigned pool_sessions(const struct pool *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += ways_ready(p->upstreams[i]);
	return n;
}
