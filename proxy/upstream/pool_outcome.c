#include "proxy/upstream/pool_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/upstream/flights.h"
#include "proxy/upstream/trace.h"
#include "proxy/upstream/verdict.h"
#include "proxy/upstream/ways.h"

/* With others to ask: so often by one upstream, whole or half. */
#define SPENT_MAX 2
static size_t on_wanted(void *arg)
{
	const struct pool *p = arg;

	return p->waiting_count;
}

static void on_room(void *arg)
{
	pool_look_again(arg);
}

static void on_lost(void *arg, struct upstream *u)
{
	(void)u;
	pool_look_again(arg);
}

/*
 * The path is in doubt, or was: it is sent elsewhere too; what was sent may still be answered.  The second
 * time with an upstream, in datagrams or here, it goes to another one.
 */
static bool path_is_late(struct pool *p, struct upstream *u, struct request *r)
{
	bool before = (r->late_on | r->datagrams_late_on) & pool_bit(u);

	if (before && !pool_is_everybody(p, r->avoid | pool_bit(u)))
		r->avoid |= pool_bit(u);
	r->late_on |= pool_bit(u);
	if (!pool_is_exhausted(r))
		pool_reconsider_later(p, r);
	pool_look_again(p); /* those that wait for room there */
	return true;
}

/*
 * Once, to another session of the same upstream, if the budget allows, whether or not it was lost
 * before.  What came here because its path was in doubt came into the same silence: that is no slow name.
 */
static bool name_is_slow(struct pool *p, struct upstream *u, struct request *r)
{
	struct session *s;

	if (r->late_on & pool_bit(u))
		return path_is_late(p, u, r);
	if (r->hedged || request_waits(r) || pool_is_exhausted(r))
		return true;
	if (p->hedge_credit < POOL_HEDGE_COST)
		return false;
	s = upstream_session(u, r);
	if (!s) {
		upstream_ensure_second(u);
		return false;
	}
	p->hedge_credit -= POOL_HEDGE_COST;
	r->hedged = true;
	pool_stats_of(u)->upstream_hedges++;
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
	pool_look_again(p); /* it may wait for datagrams */
}

/*
 * Never held against the upstream itself: there is the stream.  The second time it goes there; or, where the stream was
 * late already, to another upstream.
 */
static bool datagrams_are_late(
	struct pool *p, struct upstream *u, struct request *r, enum session_late why)
{
	if (why == LATE_DATAGRAMS || r->datagrams_late_on)
		move_to_stream(p, r, &pool_stats_of(u)->fallback_silence);
	if (r->late_on & pool_bit(u) && !pool_is_everybody(p, r->avoid | pool_bit(u)))
		r->avoid |= pool_bit(u);
	r->datagrams_late_on |= pool_bit(u);
	if (!pool_is_exhausted(r))
		pool_reconsider_later(p, r);
	pool_look_again(p);
	return true;
}

static bool on_late(void *arg, struct upstream *u, struct flight *f, enum session_late why)
{
	struct pool *p = arg;

	if (f->request->trace)
		trace_late(f->request->trace, f, why);
	if (u->stream)
		return datagrams_are_late(p, u, f->request, why);
	return why == LATE_NAME ? name_is_slow(p, u, f->request) : path_is_late(p, u, f->request);
}

/* Its answer came twice by half, or malformed: that is the upstream's own trouble with it. */
static void note_spent(struct pool *p, struct upstream *u, struct request *r)
{
	health_error(&ways_face(u)->health);
	if (++r->spent < SPENT_MAX || pool_is_everybody(p, r->avoid | pool_bit(u)))
		return;
	r->avoid |= pool_bit(u);
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
	r->kept_trusted = r->trusted;
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
	r->avoid |= pool_bit(u);
	if (pool_is_everybody(p, r->avoid) || (pool_is_exhausted(r) && !flights_any(r)))
		return false;
	keep(r, u);
	if (!r->kept)
		return false;
	expect_nothing_of(u, r);
	pool_reconsider_later(p, r);
	pool_look_again(p);
	return true;
}

/* Not even the server's own cookie pleases it: for whoever has others to ask that is an error of its own. */
static bool moves_on_for_cookies(struct pool *p, struct upstream *u, const struct flight *f)
{
	struct request *r = f->request;

	if (!f->cookie_refused || r->bad_cookies < 2 || r->is_probe ||
		pool_is_everybody(p, r->avoid | pool_bit(u)))
		return false;
	health_error(&u->health);
	return try_others(p, u, r);
}

static void on_returned(void *arg, struct upstream *u, struct flight *f)
{
	struct pool *p = arg;

	if (u->stream && f->cookie_refused && f->request->bad_cookies > 1)
		move_to_stream(
			p, f->request, &pool_stats_of(u)->fallback_cookies); /* RFC 7873 5.3 */
	else if (moves_on_for_cookies(p, u, f))
		return;
	if (f->spent)
		note_spent(p, u, f->request);
	if (f->oversized)
		move_to_stream(p, f->request, &pool_stats_of(u)->fallback_size);
	else if (u->stream && f->request->datagrams >= REQUEST_SENDS_MAX)
		move_to_stream(p, f->request, &pool_stats_of(u)->fallback_silence);
	pool_reconsider_later(p, f->request);
	pool_look_again(p);
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
		if (r->avoid & pool_bit(p->upstreams[i]))
			health_contradicted(&p->upstreams[i]->health);
	health_good(&ways_face(u)->health);
}

/* The answer is there, but not in a datagram (RFC 8094 5): no other upstream is asked for it. */
static void ask_stream(struct pool *p, struct upstream *u, struct request *r)
{
	move_to_stream(p, r, &pool_stats_of(u)->fallback_truncated);
	pool_reconsider_later(p, r);
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
			pool_finish_kept(p, r);
			return;
		}
		if (!error)
			compare_with_others(p, u, r);
	}
	r->answered = true;
	r->upstream = u->label;
	pool_finish(p, r);
}

const struct upstream_owner pool_as_owner = {
	.wanted = on_wanted,
	.room = on_room,
	.lost = on_lost,
	.late = on_late,
	.returned = on_returned,
	.answered = on_answered,
};
