#include "proxy/upstream/pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "proxy/upstream/flights.h"
#include "proxy/upstream/placing.h"
#include "proxy/upstream/policy.h"
#include "proxy/upstream/verdict.h"
#include "proxy/upstream/ways.h"

/* A matched answer that does not parse is asked for once more, then it is the upstream's word. */
#define BAD_ANSWERS_MAX 2
/* With others to ask: so often by one upstream, whole or half. */
#define SPENT_MAX 2
/* A change of the upstream that is asked is told so often at most. */
#define SERVING_NEWS_US 1000000u
/* A slow name may be asked for again if fifty queries have earned it; at most so many saved up. */
#define HEDGE_COST 50u
#define HEDGE_MAX  (20u * HEDGE_COST)

/* ------------------------------------------------------------------ the queue */

/* Where it is counted what is the upstream's own, whichever way. */
static struct stats *stats_of(struct upstream *u)
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

static void look_again(struct pool *p)
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
		look_again(r->pool); /* those that waited for room there wait for another */
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
	probe_copy(&p->probe, r, ~pool_bit(p, u));
	stats_of(u)->upstream_probes++;
	submit_to(s, &p->probe.request);
}

/*
 * failover: those who watch are told who is asked now.  What moves a single query on is no such
 * news.
 */
static void note_serving(struct pool *p, const struct upstream *u, const struct request *r)
{
	uint64_t now = turn_now_us(p->turn);

	if (u == p->serving || r->sent_before || p->policy != POLICY_FAILOVER)
		return;
	if (p->serving && p->told_us && now - p->told_us < SERVING_NEWS_US)
		return; /* a later query tells, if it is still so */
	if (p->serving) {
		log_info("queries go to %s now", u->label);
		p->told_us = now;
	}
	p->serving = u;
}

enum placed { PLACED, PLACE_AWAITED, PLACE_NONE };

static enum placed place(struct pool *p, struct request *r)
{
	struct choice c;

	if (!placing_choose(p, r, &c))
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
	r->done(r);
	free(kept); /* r may be gone */
}

static void finish(struct pool *p, struct request *r)
{
	flights_forget(r);
	leave_queue(p, r);
	turn_forget(&r->work);
	r->state = REQUEST_DONE;
	r->work.run = deliver;
	turn_defer(p->turn, &r->work);
	look_again(p); /* its places are free */
}

/* The error that an upstream answered, as nobody had anything better. */
static void finish_kept(struct pool *p, struct request *r)
{
	r->answered = message_parse(r->kept, r->kept_len, &r->answer) == MESSAGE_OK;
	r->upstream = r->kept_from;
	r->failure = (struct ede){ EDE_OTHER, "an answer that was kept does not parse" };
	finish(p, r);
}

static struct ede why_lost(struct pool *p, const struct request *r)
{
	if (r->bad_answers >= BAD_ANSWERS_MAX) {
		snprintf(p->reason, sizeof p->reason, "%s: its answers are malformed",
			r->own->label);
		return (struct ede){ EDE_INVALID_DATA, p->reason };
	}
	if (r->bad_cookies >= REQUEST_SENDS_MAX) {
		snprintf(p->reason, sizeof p->reason, "%s: it answers BADCOOKIE", r->own->label);
		return (struct ede){ EDE_OTHER, p->reason };
	}
	snprintf(p->reason, sizeof p->reason, "%s: asked %d times, lost each time: %s",
		r->own->label, REQUEST_SENDS_MAX, upstream_last_loss(r->own));
	return (struct ede){ EDE_NETWORK_ERROR, p->reason };
}

/* No more sends for it: what is under way may still bring the answer. */
static void finish_lost(struct pool *p, struct request *r)
{
	if (flights_any(r))
		return;
	if (r->kept) {
		finish_kept(p, r);
		return;
	}
	r->answered = false;
	r->failure = why_lost(p, r);
	finish(p, r);
}

static bool is_exhausted(struct request *r)
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
				finish_kept(p, r);
			break;
		}
		/* fall through */
	case PLACE_AWAITED:
		wait_in_queue(p, r);
		look_again(p); /* what was found out while it was placed came too early for it */
		break;
	}
}

/* In the deferred phase: what to do with a query whose session did not answer it. */
static void reconsider(struct turn_work *w)
{
	struct request *r = container_of(w, struct request, work);

	if (request_waits(r))
		look_again(r->pool); /* a send that was given back opens other places to it */
	if (request_waits(r) || flights_any_fresh(r))
		return;
	if (is_exhausted(r))
		finish_lost(r->pool, r);
	else
		ask(r->pool, r);
}

static void reconsider_later(struct pool *p, struct request *r)
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
			finish_kept(p, r);
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
	look_again(container_of(t, struct pool, patience));
}

/* ------------------------------------------------------------------ what upstreams say */

static size_t on_wanted(void *arg)
{
	const struct pool *p = arg;

	return p->waiting_count;
}

static void on_room(void *arg)
{
	look_again(arg);
}

static void on_lost(void *arg, struct upstream *u)
{
	(void)u;
	look_again(arg);
}

/*
 * The path is in doubt: it is sent elsewhere too; what was sent may still be answered.  The second
 * time with an upstream it goes to another one.
 */
static bool path_is_late(struct pool *p, struct upstream *u, struct request *r)
{
	if (r->late_on & pool_bit(p, u) && (r->avoid | pool_bit(p, u)) != pool_everybody(p))
		r->avoid |= pool_bit(p, u);
	r->late_on |= pool_bit(p, u);
	if (!is_exhausted(r))
		reconsider_later(p, r);
	look_again(p); /* those that wait for room there */
	return true;
}

/* Once, to another session of the same upstream, if the budget allows. */
static bool name_is_slow(struct pool *p, struct upstream *u, struct request *r)
{
	struct session *s;

	if (r->sends > 1 || request_waits(r) || is_exhausted(r))
		return true;
	if (p->hedge_credit < HEDGE_COST)
		return false;
	s = upstream_session(u, r);
	if (!s) {
		upstream_ensure_second(u);
		return false;
	}
	p->hedge_credit -= HEDGE_COST;
	stats_of(u)->upstream_hedges++;
	upstream_submit(u, s, flights_take(r));
	return true;
}

/* Datagrams are of no use to it: from now on it goes to the stream beside them. */
static void move_to_stream(struct pool *p, struct request *r, uint64_t *counter)
{
	if (r->needs_stream)
		return;
	r->needs_stream = true;
	if (!r->is_probe)
		++*counter;
	look_again(p); /* it may wait for datagrams */
}

/* Never held against the upstream itself: there is the stream.  The second time it goes there. */
static bool datagrams_are_late(
	struct pool *p, struct upstream *u, struct request *r, enum session_late why)
{
	if (why == LATE_DATAGRAMS || r->datagram_late)
		move_to_stream(p, r, &stats_of(u)->fallback_silence);
	r->datagram_late = true;
	if (!is_exhausted(r))
		reconsider_later(p, r);
	look_again(p);
	return true;
}

static bool on_late(void *arg, struct upstream *u, struct flight *f, enum session_late why)
{
	struct pool *p = arg;

	if (u->stream)
		return datagrams_are_late(p, u, f->request, why);
	return why == LATE_PATH ? path_is_late(p, u, f->request) : name_is_slow(p, u, f->request);
}

/* Its answer came twice by half, or malformed: that is the upstream's own trouble with it. */
static void note_spent(struct pool *p, struct upstream *u, struct request *r)
{
	health_error(&ways_face(u)->health);
	if (++r->spent < SPENT_MAX || (r->avoid | pool_bit(p, u)) == pool_everybody(p))
		return;
	r->avoid |= pool_bit(p, u);
	r->spent = r->bad_answers = 0;
}

/* The first error stays, but any says more than REFUSED. */
static void keep(struct request *r, const struct upstream *u)
{
	struct dns_message old;
	uint8_t *copy;

	if (r->kept && message_parse(r->kept, r->kept_len, &old) == MESSAGE_OK &&
		(message_rcode(&old) != RCODE_REFUSED ||
			message_rcode(&r->answer) == RCODE_REFUSED))
		return;
	copy = malloc(r->answer.len);
	if (!copy)
		return;
	memcpy(copy, r->answer.data, r->answer.len);
	free(r->kept);
	r->kept = copy;
	r->kept_len = r->answer.len;
	r->kept_from = u->label;
}

/* It has had its say: what it may still answer on another session is not waited for. */
static void expect_nothing_of(struct upstream *u, struct request *r)
{
	for (size_t i = 0; i < REQUEST_FLIGHTS_MAX; i++) {
		struct flight *f = &r->flights[i];

		if (!f->session || ways_face(ways_of(f->session)) != ways_face(u))
			continue;
		if (f->sent)
			f->late = true;
		else
			session_forget(f);
	}
}

/* An error of the upstream's own: others are asked, if there are any. False: there is no other. */
static bool try_others(struct pool *p, struct upstream *u, struct request *r)
{
	r->avoid |= pool_bit(p, u);
	if (r->avoid == pool_everybody(p) || (is_exhausted(r) && !flights_any(r)))
		return false;
	keep(r, u);
	if (!r->kept)
		return false;
	expect_nothing_of(u, r);
	reconsider_later(p, r);
	look_again(p);
	return true;
}

/* Not even the server's own cookie pleases it: for whoever has others to ask that is an error of its own. */
static bool moves_on_for_cookies(struct pool *p, struct upstream *u, const struct flight *f)
{
	struct request *r = f->request;

	if (!f->cookie_refused || r->bad_cookies < 2 || r->is_probe ||
		(r->avoid | pool_bit(p, u)) == pool_everybody(p))
		return false;
	health_error(&u->health);
	return try_others(p, u, r);
}

static void on_returned(void *arg, struct upstream *u, struct flight *f)
{
	struct pool *p = arg;

	if (u->stream && f->cookie_refused && f->request->bad_cookies > 1)
		move_to_stream(p, f->request, &stats_of(u)->fallback_cookies); /* RFC 7873 5.3 */
	else if (moves_on_for_cookies(p, u, f))
		return;
	if (f->spent)
		note_spent(p, u, f->request);
	if (f->oversized)
		move_to_stream(p, f->request, &stats_of(u)->fallback_size);
	else if (u->stream && f->request->datagrams >= REQUEST_SENDS_MAX)
		move_to_stream(p, f->request, &stats_of(u)->fallback_silence);
	reconsider_later(p, f->request);
	look_again(p);
}

/* An error that says why the name fails is no better knowledge than an error that does not. */
static bool is_known(const struct dns_message *answer)
{
	return message_rcode(answer) != RCODE_SERVFAIL && message_rcode(answer) != RCODE_REFUSED;
}

/* What others had answered with errors was to be known. */
static void compare_with_others(struct pool *p, struct upstream *u, const struct request *r)
{
	bool known = !r->is_probe && is_known(&r->answer);

	for (size_t i = 0; known && r->avoid && i < p->count; i++)
		if (r->avoid & (UINT32_C(1) << i))
			health_contradicted(&p->upstreams[i].health);
	health_good(&ways_face(u)->health);
}

/* The answer is there, but not in a datagram (RFC 8094 5): no other upstream is asked for it. */
static void ask_stream(struct pool *p, struct upstream *u, struct request *r)
{
	move_to_stream(p, r, &stats_of(u)->fallback_truncated);
	reconsider_later(p, r);
}

static void on_answered(void *arg, struct upstream *u, struct flight *f)
{
	struct pool *p = arg;
	struct request *r = f->request;

	ways_answered(u);
	if (u->stream && r->answer.flags & DNS_TC && !r->is_probe) {
		ask_stream(p, u, r);
		return;
	}
	if (p->count > 1) {
		bool error = verdict_moves_on(&r->answer);

		if (error)
			health_error(&ways_face(u)->health);
		if (error && !r->is_probe && try_others(p, u, r))
			return;
		if (error && r->kept) {
			keep(r, u);
			finish_kept(p, r);
			return;
		}
		if (!error)
			compare_with_others(p, u, r);
	}
	r->answered = true;
	r->upstream = u->label;
	finish(p, r);
}

static const struct upstream_owner upstream_owner = {
	.wanted = on_wanted,
	.room = on_room,
	.lost = on_lost,
	.late = on_late,
	.returned = on_returned,
	.answered = on_answered,
};

/* ------------------------------------------------------------------ for those above */

void pool_init(struct pool *p)
{
	p->turn = p->upstreams[0].session.turn;
	if (!p->stats)
		p->stats = p->upstreams[0].session.stats;
	p->dispatch.run = on_dispatch;
	p->patience.fire = on_patience;
	p->hedge_credit = HEDGE_COST;
	list_init(&p->again);
	list_init(&p->waiting);
	probe_init(&p->probe, p);
	for (size_t i = 0; i < p->count; i++) {
		p->upstreams[i].owner = &upstream_owner;
		p->upstreams[i].owner_arg = p;
		p->upstreams[i].health.alone = p->count == 1;
		ways_init(&p->upstreams[i]);
	}
}

void pool_deinit(struct pool *p)
{
	probe_deinit(&p->probe);
	assert(p->waiting_count == 0);
	for (size_t i = 0; i < p->count; i++)
		ways_deinit(&p->upstreams[i]);
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
	r->sent_before = r->is_probe = r->needs_stream = r->datagram_late = false;
	r->late_on = r->avoid = 0;
	r->own = NULL;
	r->kept = NULL;
	r->node = (struct list){ 0 };
	r->work = (struct turn_work){ 0 };
	memset(r->flights, 0, sizeof r->flights);
}

/* It ends at once: somebody who waits would only be told later. */
static bool is_refused(struct pool *p, struct request *r)
{
	const char *why = p->unusable ? p->unusable(p->unusable_arg) : NULL;

	if (!why)
		return false;
	r->answered = false;
	r->failure = (struct ede){ EDE_NETWORK_ERROR, why };
	finish(p, r);
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
	look_again(p); /* behind those that came before */
}

void pool_cancel(struct pool *p, struct request *r)
{
	if (r->state == REQUEST_IDLE)
		return;
	flights_forget(r);
	leave_queue(p, r);
	turn_forget(&r->work);
	free(r->kept);
	r->kept = NULL;
	r->state = REQUEST_IDLE;
	look_again(p);
}

unsigned pool_sessions(const struct pool *p)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += ways_ready(&p->upstreams[i]);
	return n;
}
