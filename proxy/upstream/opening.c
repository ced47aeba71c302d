#include "proxy/upstream/opening.h"

#include "proxy/upstream/opening_backoff.h"
#include "proxy/upstream/retest.h"
#include "proxy/upstream/ways.h"

/*
 * Trouble of our own (no route, no descriptor) is looked at again so soon; it is nobody's backoff.
 */
#define LOCAL_RETRY_US 200000u
/* Doubled so often, as "unreachable" may also come from a router that is asked each time. */
#define LOCAL_DOUBLED_MAX 2u
/* A query that comes while no other waits has an attempt made for it, if the last is so old. */
#define FRESH_RETRY_US 1000000u
/* A spent session that was not closed within this has shown that the limit is none. */
#define OUTLIVED_US   100000u
#define WANT_EVERY_US 1000000u

static void retry_at(struct upstream *u, uint64_t due_us)
{
	if (!timer_running(&u->retry) || u->retry.due_us > due_us)
		opening_start_timer(u, &u->retry, due_us);
}

static void stop_timer(struct upstream *u, struct timer *t)
{
	timer_stop(&u->session.turn->timers, t);
}

size_t opening_count_sessions(const struct upstream *u)
{
	size_t n = 0;

	list_for_each (node, &u->sessions)
		n++;
	return n;
}

/* ------------------------------------------------------------------ attempts */

static bool is_attempt(const struct upstream *u, const struct session *s)
{
	return s->state == SESSION_CONNECTING && s != u->tester;
}

/* When the last SYN-ACK came of an attempt under way; 0: none has. */
static uint64_t alive_since(const struct upstream *u)
{
	uint64_t since = 0;

	list_for_each (n, &u->sessions) {
		const struct session *s = container_of(n, struct session, node);

		if (is_attempt(u, s) && s->established_us > since)
			since = s->established_us;
	}
	return since;
}

/* Something was heard of an attempt, or it began: the next one waits for it. 0: none runs. */
static uint64_t quiet_since(const struct upstream *u)
{
	uint64_t since = alive_since(u);

	list_for_each (n, &u->sessions) {
		const struct session *s = container_of(n, struct session, node);

		if (is_attempt(u, s) && s->opened_us > since)
			since = s->opened_us;
	}
	return since;
}

/* When the next one may begin; an attempt that had its SYN-ACK is given a second to go on. */
static uint64_t not_before(const struct upstream *u, size_t i, uint64_t due)
{
	uint64_t alive = alive_since(u);

	if (u->race.list[i].in_round && alive && due < alive + RACE_JOIN_US)
		due = alive + RACE_JOIN_US;
	if (opening_fruitless_until(u) > upstream_now_us(u) && due <= upstream_now_us(u)) {
		u->session.stats->bound_connects++;
		due = opening_fruitless_until(u);
	}
	return due;
}

struct session *opening_open_to(struct upstream *u, size_t i, struct transport_end *ret_end)
{
	struct session *s;

	u->session.stats->connects++;
	race_opened(&u->race, i, upstream_now_us(u));
	s = session_open(&u->session, &u->race.list[i].addr, ret_end);
	if (s)
		list_append(&u->sessions, &s->node);
	else
		race_closed(&u->race, &u->race.list[i].addr);
	return s;
}

/* Every address has failed. */
static void end_round(struct upstream *u, const struct addr *to, const struct transport_end *end)
{
	uint64_t wait = (uint64_t)LOCAL_RETRY_US << u->local_rounds;

	stop_timer(u, &u->pace);
	u->warming = false;
	if (ways_is_silence(u, end))
		upstream_fall_silent(u, end->text);
	if (u->round_counts)
		wait = opening_back_off(u);
	else
		opening_wait_before_next(u, wait);
	if (!u->round_counts && u->local_rounds < LOCAL_DOUBLED_MAX)
		u->local_rounds++;
	if (upstream_ready(u) > 0) {
		health_note(&u->health, to, end);
		return;
	}
	if (ways_is_let_alone(u))
		health_note(&u->health, to, end); /* it was told already */
	else
		health_failed(&u->health, to, end, wait, upstream_now_us(u));
	u->owner->lost(u->owner_arg, u);
}

/* All addresses have had their turn, or no more connections are allowed for now. */
static bool is_round_over(const struct upstream *u)
{
	return u->connecting == 0 &&
	       (!race_round_open(&u->race) || opening_fruitless_until(u) > upstream_now_us(u));
}

/* One attempt less: true if another may follow it in this round. */
static bool attempt_failed(
	struct upstream *u, const struct addr *to, const struct transport_end *end)
{
	u->session.stats->connects_failed++;
	u->round_failed = true;
	if (end->fault != FAULT_LOCAL)
		u->round_counts = true;
	if (end->stage > STAGE_TCP && end->fault != FAULT_LOCAL)
		opening_note_fruitless(u);
	if (is_round_over(u)) {
		end_round(u, to, end);
		return false;
	}
	health_note(&u->health, to, end);
	return true;
}

/*
 * The end of one of them comes back here; but they may also be spent ones that live on because the
 * limit is none any more, so it is looked at again.
 */
static bool is_full(struct upstream *u)
{
	if (opening_count_sessions(u) < UPSTREAM_SESSIONS_MAX)
		return false;
	u->session.stats->bound_sessions++;
	if (opening_wanted(u) > 0)
		retry_at(u, upstream_now_us(u) + LOCAL_RETRY_US);
	return true;
}

/*
 * Opens what the race allows now, and looks again when it allows more.  quiet_us: since when
 * nothing was heard of those that run; 0: the next one need not wait (RFC 8305 5).
 */
static void run_race(struct upstream *u, uint64_t quiet_us)
{
	struct transport_end end;
	uint64_t due;
	size_t i;

	for (; (i = race_next(&u->race, quiet_us, &due)) != RACE_NONE; quiet_us = quiet_since(u)) {
		due = not_before(u, i, due);
		if (due > upstream_now_us(u)) {
			opening_start_timer(u, &u->pace, due);
			return;
		}
		if (is_full(u))
			return;
		end = (struct transport_end){ 0 };
		if (opening_open_to(u, i, &end))
			u->connecting++;
		else if (!attempt_failed(u, &u->race.list[i].addr, &end))
			return;
	}
}

static void on_pace(struct timer *t)
{
	struct upstream *u = container_of(t, struct upstream, pace);

	if (u->connecting > 0 && (opening_wanted(u) > 0 || opening_is_ahead_due(u)))
		run_race(u, quiet_since(u));
}

static void on_retry(struct timer *t)
{
	struct upstream *u = container_of(t, struct upstream, retry);

	opening_renew(u);
}

/* The others of the race are not needed any more. */
static void drop_attempts(struct upstream *u)
{
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (!is_attempt(u, s))
			continue;
		race_closed(&u->race, &s->addr);
		session_abort(s);
	}
	u->connecting = 0;
	stop_timer(u, &u->pace);
}

void opening_rest(struct upstream *u)
{
	drop_attempts(u);
	stop_timer(u, &u->retry);
	u->warming = u->reopen = false;
}

/* ------------------------------------------------------------------ when */

/* A host name was never looked up, or may have moved. */
static void ask_for_addresses(struct upstream *u)
{
	if (!u->want_addresses ||
		(u->wanted_us && upstream_now_us(u) - u->wanted_us < WANT_EVERY_US))
		return;
	u->wanted_us = upstream_now_us(u);
	u->want_addresses(u->want_arg, u);
}

static void begin_round(struct upstream *u)
{
	race_begin(&u->race);
	u->round_us = upstream_now_us(u);
	u->round_counts = u->round_failed = false;
	stop_timer(u, &u->retry);
	run_race(u, 0);
}

/*
 * Sessions that had all the answers that the limit allows, and live: there is no such limit (any
 * more).
 */
static bool outlived(struct upstream *u)
{
	bool any = false;

	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (s->state != SESSION_READY || !session_is_spent(s) || session_inflight(s) > 0 ||
			upstream_now_us(u) - s->answered_us < OUTLIVED_US + 2 * u->handshake_us)
			continue;
		limits_outlived(&u->limits, s->answers);
		s->quota = 0;
		u->absent_us = 0;
		any = true;
	}
	return any;
}

/* What the attempts under way will be able to take. */
static bool enough_is_coming(const struct upstream *u)
{
	if (u->connecting == 0)
		return false;
	return u->limits.answers == 0 || u->connecting * u->limits.answers >= opening_wanted(u);
}

/* When the next attempt may be made: the first answer ends backoff, but not the cap. */
static uint64_t next_us(const struct upstream *u, bool urgent)
{
	uint64_t due = urgent ? u->next_try_us : u->next_probe_us;
	return opening_fruitless_until(u) > due ? opening_fruitless_until(u) : due;
}

void opening_add(struct upstream *u)
{
	struct transport_end end = { 0 };
	size_t i = u->race.winner == RACE_NONE ? 0 : u->race.winner;

	if (u->closing || u->race.count == 0 || upstream_now_us(u) < next_us(u, true) ||
		ways_is_let_alone(u))
		return;
	if (is_full(u))
		return;
	if (opening_open_to(u, i, &end))
		u->connecting++;
	else
		attempt_failed(u, &u->race.list[i].addr, &end);
}

/* Is there anything to open for? */
static bool is_due(struct upstream *u, bool urgent)
{
	unsigned ready = upstream_ready(u);

	if (ready == 0)
		return true;
	return urgent && (ready < u->connections || u->limits.answers > 0);
}

/* The first query after a pause is not made to wait for a backoff longer than its patience. */
static void welcome(struct upstream *u)
{
	if (opening_wanted(u) == 0 && u->next_try_us > u->round_us + FRESH_RETRY_US)
		u->next_try_us = u->round_us + FRESH_RETRY_US;
}

void opening_ensure(struct upstream *u, bool urgent)
{
	if (u->closing || ways_is_let_alone(u) || !is_due(u, urgent))
		return;
	if (outlived(u)) {
		u->owner->room(u->owner_arg);
		return;
	}
	ask_for_addresses(u);
	if (u->race.count == 0) {
		if (urgent)
			retry_at(u, upstream_now_us(u) + WANT_EVERY_US); /* to ask for them again */
		return;
	}
	if (urgent)
		welcome(u);
	if (u->connecting > 0 && urgent && !timer_running(&u->pace))
		run_race(u, quiet_since(u));
	if (u->connecting > 0 && u->limits.answers == 0)
		return;
	if (enough_is_coming(u))
		return;
	if (upstream_now_us(u) < next_us(u, urgent)) {
		if (urgent) {
			u->session.stats->bound_connects +=
				opening_fruitless_until(u) > upstream_now_us(u);
			retry_at(u, next_us(u, urgent));
		}
		return;
	}
	if (u->connecting == 0)
		begin_round(u);
	else if (!u->round_failed)
		opening_add(u);
}

void opening_renew(struct upstream *u)
{
	if (opening_wanted(u) > 0)
		opening_ensure(u, true);
	else if (opening_is_ahead_due(u) && upstream_ready(u) == 0)
		opening_ensure(u, false);
}

/* ------------------------------------------------------------------ what sessions say */

bool opening_won(struct upstream *u, struct session *s)
{
	race_closed(&u->race, &s->addr);
	if (s == u->tester) {
		if (!retest_passed(u, s))
			return false;
	} else {
		u->connecting--;
	}
	if (u->stream && upstream_ready(u) > 1) { /* the other one answers after all */
		session_abort(s);
		return false;
	}
	u->round_failed = false;
	u->handshake_us = s->ready_us - s->opened_us;
	race_won(&u->race, &s->addr, upstream_now_us(u));
	stop_timer(u, &u->retry);
	if (u->limits.answers == 0)
		drop_attempts(u);
	return true;
}

void opening_failed(struct upstream *u, struct session *s, const struct transport_end *end)
{
	race_closed(&u->race, &s->addr);
	if (s == u->tester) {
		u->tester = NULL;
		race_retest_failed(&u->race, upstream_now_us(u));
		return;
	}
	u->connecting--;
	if (attempt_failed(u, &s->addr, end) && race_round_open(&u->race))
		run_race(u, 0);
}

/* ------------------------------------------------------------------ life */

void opening_init(struct upstream *u)
{
	u->retry.fire = on_retry;
	u->pace.fire = on_pace;
}

void opening_stop(struct upstream *u)
{
	u->connecting = 0;
	u->tester = NULL;
	stop_timer(u, &u->retry);
	stop_timer(u, &u->pace);
}
