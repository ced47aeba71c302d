#include "proxy/upstream/upstream_sessions.h"

#include "common/base/log.h"
#include "proxy/upstream/opening.h"

/* An answer within this is what one expects of an upstream. */
#define TIMELY_US 1000000u
/* A session closed unused is reopened ahead only if it had lived so long. */
#define WORTH_REOPENING_US 5000000u
/* No server's idle limit is so short. */
#define CLOSED_AT_ONCE_US 250000u
/* Of so many sessions one is let idle, to see whether the server's limit still is. */
#define IDLE_TEST_EVERY 8u

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
	s->seen = history_connected(&u->history, &s->addr, &s->transport->info,
		s->ready_us - s->opened_us, upstream_now_us(u));
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
		u->reopen =
			s->answers > 0 || upstream_now_us(u) - s->ready_us >= WORTH_REOPENING_US;
	}
	if (s->state == SESSION_RETIRING)
		opening_renew(u); /* for one that has ended, on_ended does it */
}

/* Idle ones beside one in doubt have the same path: they are not trusted with its queries. */
static void retire_idle(struct upstream *u, const struct addr *addr)
{
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (session_is_relied_on(s) && session_inflight(s) == 0 &&
			addr_equal(&s->addr, addr))
			session_retire(s);
	}
}

/* Something else than one name that is slow everywhere. */
static bool is_new_doubt(const struct session *s)
{
	bool datagrams = !session_is_stream(s);

	list_for_each (n, &s->sent) {
		const struct request *r = container_of(n, struct flight, node)->request;

		if (datagrams ? !r->datagrams_late_on : !r->late_on)
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
		health_silent(&u->health, &s->addr, doubt, counts, upstream_now_us(u));
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
	u->absent_us = upstream_now_us(u);
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

	if (!session_is_relied_on(s))
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
	u->sampled_us = upstream_now_us(u);
}

static void on_answered(void *arg, struct session *s, struct flight *f)
{
	struct upstream *u = arg;
	uint64_t took = upstream_now_us(u) - f->sent_us;

	(void)s;
	measure(u, took);
	silence_heard(&u->silence);
	health_answered(&u->health, took < TIMELY_US, upstream_now_us(u));
	opening_answered(u);
	if (u->has_suspects)
		retire_suspects(u, f->sent_us);
	u->owner->answered(u->owner_arg, u, f);
}

/* ------------------------------------------------------------------ the end of sessions */

static void learn(struct upstream *u, const struct session *s, const struct transport_end *end)
{
	if (end && s->answers > 0 && (end->fault == FAULT_CLOSED || end->fault == FAULT_RESET))
		limits_closed(&u->limits, s->answers, upstream_now_us(u) - s->answered_us,
			s->unanswered > 0);
}

static bool answers_others(const struct upstream *u)
{
	return u->sampled_us && upstream_now_us(u) - u->sampled_us < TIMELY_US;
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
	       upstream_now_us(u) - s->ready_us < CLOSED_AT_ONCE_US;
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
		history_failed(&u->history, &s->addr, end, upstream_now_us(u));
		opening_fruitless(u, failed);
	}
	if (upstream_ready(u) > 0 || !(failed || end->fault == FAULT_TIMEOUT))
		health_note(&u->health, &s->addr, end);
	else
		health_failed(&u->health, &s->addr, end,
			failed ? u->next_try_us - upstream_now_us(u) : 0, upstream_now_us(u));
}

static void on_ended(void *arg, struct session *s, const struct transport_end *end)
{
	struct upstream *u = arg;

	history_left(s->seen);
	if (end && end->stage != STAGE_DNS)
		history_failed(&u->history, &s->addr, end, upstream_now_us(u));
	if (s->ready_us)
		session_lost(u, s, end);
	else
		opening_failed(u, s, end);
	opening_renew(u);
}

const struct session_owner upstream_session_owner = {
	.ready = on_ready,
	.unready = on_unready,
	.suspect = on_suspect,
	.recovered = on_recovered,
	.late = on_late,
	.returned = on_returned,
	.answered = on_answered,
	.ended = on_ended,
};
