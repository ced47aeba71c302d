#include "proxy/upstream/upstream.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "proxy/upstream/opening.h"
#include "proxy/upstream/retest.h"

/* An answer within this is what one expects of an upstream. */
#define TIMELY_US 1000000u
/* A session closed unused is reopened ahead only if it had lived so long. */
#define WORTH_REOPENING_US 5000000u
/* No server's idle limit is so short. */
#define CLOSED_AT_ONCE_US 250000u
/* Of so many sessions one is let idle, to see whether the server's limit still is. */
#define IDLE_TEST_EVERY 8u

static uint64_t now_us(const struct upstream *u)
{
	return turn_now_us(u->session.turn);
}

/* ------------------------------------------------------------------ sessions */

static bool is_relied_on(const struct session *s)
{
	return s->state == SESSION_READY && !s->suspect && !session_is_spent(s);
}

unsigned upstream_ready(const struct upstream *u)
{
	unsigned n = 0;

	list_for_each (node, &u->sessions)
		n += is_relied_on(container_of(node, struct session, node));
	return n;
}

static bool has_flight_of(const struct session *s, const struct request *r)
{
	for (size_t i = 0; i < REQUEST_FLIGHTS_MAX; i++)
		if (r->flights[i].session == s)
			return true;
	return false;
}

/*
 * One query may make the server close, whatever else is on the connection.  So the last sending of
 * each does not go among others that nothing is known of: a session takes as many of them as it has
 * answered, and one more.
 */
static bool may_take(const struct session *s, const struct request *r)
{
	if (r->sends + 1u >= REQUEST_SENDS_MAX && session_inflight(s) > s->answers)
		return false;
	return !has_flight_of(s, r);
}

struct session *upstream_session(struct upstream *u, const struct request *r)
{
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (session_has_room(s) && may_take(s, r))
			return s;
	}
	return NULL;
}

void upstream_submit(struct upstream *u, struct session *s, struct flight *f)
{
	u->last_use_us = now_us(u);
	if (session_inflight(s) == 0)
		limits_outslept(&u->limits, now_us(u) - s->answered_us);
	session_submit(s, f);
	if (session_is_spent(s))
		opening_ensure(u, false); /* ahead of the next query */
	retest_touched(u);
}

/* ------------------------------------------------------------------ standing */

const char *upstream_last_loss(const struct upstream *u)
{
	return u->health.last_end.text[0] ? u->health.last_end.text : "no connection";
}

enum upstream_standing upstream_standing(const struct upstream *u, const char **ret_reason)
{
	*ret_reason = u->label;
	if (upstream_ready(u) > 0)
		return UPSTREAM_UP;
	if (u->health.last_failure[0]) {
		*ret_reason = u->health.last_failure;
		return UPSTREAM_DOWN;
	}
	if (u->health.was_up)
		return UPSTREAM_LOST;
	if (u->race.count > 0)
		return UPSTREAM_STARTING;
	if (!u->unknown[0])
		return UPSTREAM_UNKNOWN;
	*ret_reason = u->unknown;
	return UPSTREAM_DOWN;
}

bool upstream_is_awaited(struct upstream *u, uint64_t *ret_until_us)
{
	*ret_until_us = 0;
	if (upstream_ready(u) > 0)
		return true;
	if (u->health.down_since_us || (u->race.count == 0 && u->want_addresses))
		return false;
	if (u->absent_us == 0)
		u->absent_us = now_us(u);
	*ret_until_us = u->absent_us + UPSTREAM_PATIENCE_US;
	return now_us(u) < *ret_until_us;
}

/* ------------------------------------------------------------------ what sessions say */

static uint64_t idle_learnt(struct upstream *u)
{
	return ++u->sessions_begun % IDLE_TEST_EVERY == 0 ? 0 : u->limits.idle_us;
}

static void on_ready(void *arg, struct session *s)
{
	struct upstream *u = arg;

	if (!opening_won(u, s))
		return;
	health_connected(&u->health, &s->addr, &s->transport->info, s->ready_us - s->opened_us);
	s->seen = history_connected(
		&u->history, &s->addr, &s->transport->info, s->ready_us - s->opened_us, now_us(u));
	s->quota = u->limits.answers;
	s->idle_learnt_us = idle_learnt(u);
	u->absent_us = 0;
	u->warming = false;
	if (u->authenticated && s->transport->info.authenticated)
		u->authenticated(u->authenticated_arg, u);
	u->owner->room(u->owner_arg);
}

static void on_unready(void *arg, struct session *s)
{
	struct upstream *u = arg;

	if (upstream_ready(u) == 0) {
		u->owner->lost(u->owner_arg, u);
		u->reopen = s->answers > 0 || now_us(u) - s->ready_us >= WORTH_REOPENING_US;
	}
	if (s->state == SESSION_RETIRING)
		opening_renew(u); /* for one that has ended, on_ended does it */
}

/* Idle ones beside one in doubt have the same path: they are not trusted with its queries. */
static void retire_idle(struct upstream *u, const struct addr *addr)
{
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (is_relied_on(s) && session_inflight(s) == 0 && addr_equal(&s->addr, addr))
			session_retire(s);
	}
}

/* Something else than one name that is slow everywhere. */
static bool is_new_doubt(const struct session *s)
{
	bool datagrams = !session_is_stream(s);

	list_for_each (n, &s->sent) {
		const struct request *r = container_of(n, struct flight, node)->request;

		if (datagrams ? !r->datagram_late : !r->late_on)
			return true;
	}
	return false;
}

/* That a server forgets a session is no fault of it; nor is it of anybody else. */
static void note_doubt(struct upstream *u, const struct session *s, const char *doubt)
{
	bool counts = is_new_doubt(s);

	if (s->doubted)
		log_debug("upstream %s: %s; another session is opened", u->label, doubt);
	else if (!u->stream)
		health_silent(&u->health, &s->addr, doubt, counts, now_us(u));
	else if (counts && s->answers == 0 && silence_unanswered(&u->silence))
		upstream_fall_silent(u, "takes queries and answers nothing");
	else
		log_debug("upstream %s: %s", u->label, doubt);
}

static void on_suspect(void *arg, struct session *s, const char *doubt)
{
	struct upstream *u = arg;

	u->session.stats->sessions_suspect++;
	u->has_suspects = true;
	note_doubt(u, s, doubt);
	retire_idle(u, &s->addr);
	if (s->state != SESSION_READY || upstream_ready(u) > 0)
		return;
	u->absent_us = now_us(u);
	u->owner->lost(u->owner_arg, u);
	opening_ensure(u, true);
}

/* Over datagrams whichever is the first to answer is kept (RFC 8094 6). */
static void drop_rivals(struct upstream *u, const struct session *winner)
{
	opening_rest(u);
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (s != winner && s->answers == 0)
			session_retire(s);
	}
}

static void on_recovered(void *arg, struct session *s)
{
	struct upstream *u = arg;

	if (!is_relied_on(s))
		return;
	if (u->stream)
		drop_rivals(u, s);
	u->absent_us = 0;
	if (session_has_room(s))
		u->owner->room(u->owner_arg);
}

static bool on_late(void *arg, struct session *s, struct flight *f, enum session_late why)
{
	struct upstream *u = arg;

	(void)s;
	return u->owner->late(u->owner_arg, u, f, why);
}

/*
 * While the upstream answers others, a session that it closed has come to a limit, even if it was
 * closed before its own first answer.  Nor is it paid for what we cut ourselves.
 */
static void on_returned(void *arg, struct session *s, struct flight *f)
{
	struct upstream *u = arg;

	(void)s;
	if (!f->spent && f->sent && (u->cut || u->sampled_us > f->sent_us))
		flight_uncharge(f);
	u->owner->returned(u->owner_arg, u, f);
}

/* Those that still owe answers, though others asked later have theirs: they are not needed. */
static void retire_suspects(struct upstream *u, uint64_t asked_us)
{
	u->has_suspects = false;
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (!s->suspect)
			continue;
		if (s->suspect_us < asked_us) {
			if (s->forgotten_us)
				limits_forgotten(&u->limits, s->forgotten_us);
			session_retire(s);
		} else {
			u->has_suspects = true;
		}
	}
}

/* An outlier counts as four times the mean at most: a slow name says little of the server. */
static void measure(struct upstream *u, uint64_t took_us)
{
	if (u->srtt_us && took_us > 4 * u->srtt_us)
		took_us = 4 * u->srtt_us;
	u->srtt_us = u->srtt_us ? (7 * u->srtt_us + took_us) / 8 : took_us;
	u->sampled_us = now_us(u);
}

static void on_answered(void *arg, struct session *s, struct flight *f)
{
	struct upstream *u = arg;
	uint64_t took = now_us(u) - f->sent_us;

	(void)s;
	measure(u, took);
	silence_heard(&u->silence);
	health_answered(&u->health, took < TIMELY_US, now_us(u));
	opening_answered(u);
	if (u->has_suspects)
		retire_suspects(u, f->sent_us);
	u->owner->answered(u->owner_arg, u, f);
}

/* ------------------------------------------------------------------ the end of sessions */

static void learn(struct upstream *u, const struct session *s, const struct transport_end *end)
{
	if (end && s->answers > 0 && (end->fault == FAULT_CLOSED || end->fault == FAULT_RESET))
		limits_closed(
			&u->limits, s->answers, now_us(u) - s->answered_us, s->unanswered > 0);
}

static bool answers_others(const struct upstream *u)
{
	return u->sampled_us && now_us(u) - u->sampled_us < TIMELY_US;
}

/*
 * It answered nothing.  Unused and unwanted, it only came to the server's idle limit, unless it was
 * closed at once.  While others are answered half an answer is a sign of life; and where a limit of answers is known sessions are
 * many and short, so that one may be closed before its first.
 */
static bool is_fruitless(
	const struct upstream *u, const struct session *s, const struct transport_end *end)
{
	if (!end || end->fault == FAULT_LOCAL || s->answers > 0 || session_was_idle(s, end))
		return false;
	if (answers_others(u) && (end->partial_len > 0 || u->limits.answers > 0))
		return false;
	return s->asked > 0 || u->owner->wanted(u->owner_arg) > 0 ||
	       now_us(u) - s->ready_us < CLOSED_AT_ONCE_US;
}

static void session_lost(
	struct upstream *u, const struct session *s, const struct transport_end *end)
{
	bool fruitless = is_fruitless(u, s, end);
	bool failed = fruitless && !answers_others(u); /* else only held against the cap */

	if (!end)
		return;
	u->session.stats->sessions_ended++;
	learn(u, s, end);
	if (fruitless) {
		history_failed(&u->history, &s->addr, end, now_us(u));
		opening_fruitless(u, failed);
	}
	if (upstream_ready(u) > 0 || !(failed || end->fault == FAULT_TIMEOUT))
		health_note(&u->health, &s->addr, end);
	else
		health_failed(&u->health, &s->addr, end, failed ? u->next_try_us - now_us(u) : 0,
			now_us(u));
}

static void on_ended(void *arg, struct session *s, const struct transport_end *end)
{
	struct upstream *u = arg;

	history_left(s->seen);
	if (end && end->stage != STAGE_DNS)
		history_failed(&u->history, &s->addr, end, now_us(u));
	if (s->ready_us)
		session_lost(u, s, end);
	else
		opening_failed(u, s, end);
	opening_renew(u);
}

static const struct session_owner session_owner = {
	.ready = on_ready,
	.unready = on_unready,
	.suspect = on_suspect,
	.recovered = on_recovered,
	.late = on_late,
	.returned = on_returned,
	.answered = on_answered,
	.ended = on_ended,
};

/* ------------------------------------------------------------------ for those above */

void upstream_ensure(struct upstream *u, bool urgent)
{
	opening_ensure(u, urgent);
}

void upstream_warm(struct upstream *u)
{
	u->warming = true;
	opening_ensure(u, false);
}

void upstream_ensure_second(struct upstream *u)
{
	if (upstream_ready(u) < u->connections && u->connecting == 0)
		opening_add(u);
}

void upstream_set_unknown(struct upstream *u, const char *why)
{
	snprintf(u->unknown, sizeof u->unknown, "%.300s: %s", u->label, why);
}

void upstream_rest(struct upstream *u)
{
	opening_rest(u);
	list_for_each (n, &u->sessions)
		session_retire(container_of(n, struct session, node));
}

void upstream_leave(struct upstream *u)
{
	u->closing = true;
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (s->state == SESSION_CONNECTING)
			session_abort(s); /* it was asked nothing yet */
		else
			session_retire(s);
	}
	opening_stop(u);
}

void upstream_fall_silent(struct upstream *u, const char *why)
{
	bool stream_works = upstream_ready(u->stream) > 0;
	uint64_t wait = silence_begin(&u->silence, stream_works, now_us(u));

	u->session.stats->datagram_silences++;
	u->absent_us = 0;
	log_limited(&u->health.limit, LOG_LEVEL_INFO,
		"upstream %s: %s; %s is used for %.0f minutes", u->label, why, u->stream->label,
		(double)wait / 60e6);
}

void upstream_set_addresses(struct upstream *u, const struct addr *addrs, size_t count)
{
	race_set(&u->race, addrs, count);
	if (count > 0)
		u->unknown[0] = '\0';
	if (race_is_new(&u->race))
		u->next_try_us = u->next_probe_us = 0; /* what failed were others */
	u->wanted_us = now_us(u);		       /* they are fresh */
	opening_renew(u);
}

void upstream_init(struct upstream *u)
{
	list_init(&u->sessions);
	u->session.label = u->label;
	u->session.limit = &u->health.limit;
	u->session.owner = &session_owner;
	u->session.owner_arg = u;
	u->health.label = u->label;
	u->race.winner = RACE_NONE;
	opening_init(u);
}

void upstream_deinit(struct upstream *u)
{
	u->closing = u->cut = true;
	list_for_each (n, &u->sessions)
		session_abort(container_of(n, struct session, node));
	opening_stop(u);
	history_deinit(&u->history);
}
