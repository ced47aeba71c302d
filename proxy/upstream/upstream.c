#include "proxy/upstream/upstream.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#define JOIN_AFTER_US 1000000u
/*
 * Trouble of our own (no route, no descriptor) is looked at again so soon; it is nobody's backoff.
 */
#define LOCAL_RETRY_US 200000u
/* A changed reason within an outage is told so often at most. */
#define LOG_EVERY_US (10ull * 1000000)

static uint64_t now_us(const struct upstream *u)
{
	return turn_now_us(u->session.turn);
}

static bool is_active(const struct upstream *u)
{
	return u->last_use_us && now_us(u) - u->last_use_us < UPSTREAM_ACTIVE_US;
}

static bool is_wanted(const struct upstream *u)
{
	return u->owner->wanted(u->owner_arg);
}

static void start_timer(struct upstream *u, struct timer *t, uint64_t in_us)
{
	if (timer_start(&u->session.turn->timers, t, now_us(u) + in_us) < 0)
		u->session.stats->bound_memory++;
}

/* ------------------------------------------------------------------ log and reasons */

static void remember_failure(struct upstream *u, const struct transport_end *end)
{
	u->last_end = *end;
	u->last_end.partial = NULL;
	snprintf(u->last_failure, sizeof u->last_failure, "%s: %s: %s", u->label,
		transport_stage_text(end->stage), end->text);
}

static bool same_failure(const struct upstream *u, const struct transport_end *end)
{
	return u->last_failure[0] && u->last_end.stage == end->stage &&
	       u->last_end.fault == end->fault && strcmp(u->last_end.text, end->text) == 0;
}

/* A line when an outage begins, and when its reason changes; then silence until it ends. */
static void log_failure(struct upstream *u, const struct transport_end *end, uint64_t wait_us)
{
	bool news = !u->down_since_us ||
		    (!same_failure(u, end) && now_us(u) - u->logged_us >= LOG_EVERY_US);

	remember_failure(u, end);
	if (!u->down_since_us) {
		u->down_since_us = now_us(u);
		u->failures = 0;
	}
	u->failures++;
	if (!news)
		return;
	u->logged_us = now_us(u);
	log_warning("upstream %s; trying again in %.1f s while queries wait", u->last_failure,
		(double)wait_us / 1e6);
}

static void log_ready(struct upstream *u, const struct session *s)
{
	const struct transport_info *i = &s->transport->info;
	double ms = (double)(s->ready_us - s->opened_us) / 1e3;

	if (!u->was_ready)
		log_info("upstream %s: connected, %s %s, authenticated, %.1f ms", u->label,
			i->protocol, i->cipher, ms);
	else
		log_debug("upstream %s: connected again, %s %s, %.1f ms", u->label, i->protocol,
			i->cipher, ms);
}

/* An outage is over with the first answer: a server may shake hands and serve nothing. */
static void log_recovery(struct upstream *u)
{
	log_info("upstream %s: up again after %.1f s and %llu failures", u->label,
		(double)(now_us(u) - u->down_since_us) / 1e6, (unsigned long long)u->failures);
	u->down_since_us = 0;
	u->last_failure[0] = '\0';
}

const char *upstream_last_loss(const struct upstream *u)
{
	return u->last_end.text[0] ? u->last_end.text : "no connection";
}

enum upstream_standing upstream_standing(const struct upstream *u, const char **ret_reason)
{
	if (u->ready > 0) {
		*ret_reason = u->label;
		return UPSTREAM_UP;
	}
	if (u->last_failure[0]) {
		*ret_reason = u->last_failure;
		return UPSTREAM_DOWN;
	}
	*ret_reason = u->label;
	return UPSTREAM_STARTING;
}

/* ------------------------------------------------------------------ limits */

static void note_fruitless(struct upstream *u)
{
	u->fruitless[u->fruitless_next] = now_us(u);
	u->fruitless_next = (u->fruitless_next + 1) % UPSTREAM_FRUITLESS_MAX;
}

/* How long until another connection is allowed; 0: now. */
static uint64_t fruitless_wait(const struct upstream *u)
{
	uint64_t oldest = u->fruitless[u->fruitless_next];

	if (!oldest || now_us(u) - oldest >= UPSTREAM_FRUITLESS_US)
		return 0;
	return oldest + UPSTREAM_FRUITLESS_US - now_us(u);
}

/* ------------------------------------------------------------------ attempts */

static void attempt_failed(struct upstream *u, const struct transport_end *end)
{
	uint64_t wait = LOCAL_RETRY_US;

	u->session.stats->connects_failed++;
	if (end->fault != FAULT_LOCAL) {
		wait = backoff_fail(&u->backoff, now_us(u), random32(u->session.random));
		note_fruitless(u);
	}
	if (u->ready > 0)
		log_debug("upstream %s: no further session: %s", u->label, end->text);
	else
		log_failure(u, end, wait);
	if (u->connecting == 0)
		start_timer(u, &u->retry, wait);
}

static void open_attempt(struct upstream *u)
{
	struct transport_end end = { 0 };
	uint64_t wait = fruitless_wait(u);
	struct session *s;

	if (wait > 0) {
		u->session.stats->bound_connects++;
		if (u->connecting == 0)
			start_timer(u, &u->retry, wait);
		return;
	}
	timer_stop(&u->session.turn->timers, &u->retry);
	u->session.stats->connects++;
	s = session_open(&u->session, &u->addr, &end);
	if (!s) {
		attempt_failed(u, &end);
		return;
	}
	list_append(&u->sessions, &s->node);
	u->connecting++;
	start_timer(u, &u->join, JOIN_AFTER_US);
}

static size_t count_sessions(const struct upstream *u)
{
	size_t n = 0;

	list_for_each (node, &u->sessions)
		n++;
	return n;
}

/* Some attempt has heard of the server within the last second: it is waited for. */
static bool any_progress(struct upstream *u)
{
	list_for_each (n, &u->sessions) {
		const struct session *s = container_of(n, struct session, node);

		if (s->state == SESSION_CONNECTING && s->established_us &&
			now_us(u) - s->established_us < JOIN_AFTER_US)
			return true;
	}
	return false;
}

/*
 * No SYN-ACK, or nothing after it, for a second: a fresh attempt joins, so that returning packets
 * are met at once. The timer runs as long as attempts do: a query may come late to one that was
 * opened ahead, one of several may end.
 */
static void on_join(struct timer *t)
{
	struct upstream *u = container_of(t, struct upstream, join);

	if (u->connecting == 0)
		return;
	start_timer(u, &u->join, JOIN_AFTER_US);
	if (u->connecting < UPSTREAM_ATTEMPTS_MAX && is_wanted(u) && !any_progress(u))
		open_attempt(u);
}

static void on_retry(struct timer *t)
{
	upstream_ensure(container_of(t, struct upstream, retry));
}

/*
 * A first session for those who wait, or ahead of them; a further one only where the others are
 * full.
 */
static bool another_is_due(const struct upstream *u)
{
	if (u->ready == 0)
		return is_wanted(u) || (u->reopen && is_active(u));
	return is_wanted(u) && u->ready < u->connections;
}

void upstream_ensure(struct upstream *u)
{
	if (u->closing || u->connecting > 0 || timer_running(&u->retry) || !another_is_due(u))
		return;
	if (count_sessions(u) < UPSTREAM_SESSIONS_MAX)
		open_attempt(u);
	else
		u->session.stats->bound_sessions++; /* the end of one of them comes back here */
}

/* The others of the race are not needed any more. */
static void drop_attempts(struct upstream *u)
{
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (s->state == SESSION_CONNECTING)
			session_abort(s);
	}
	u->connecting = 0;
	timer_stop(&u->session.turn->timers, &u->join);
}

/* ------------------------------------------------------------------ what sessions say */

static void on_ready(void *arg, struct session *s)
{
	struct upstream *u = arg;

	log_ready(u, s);
	u->connecting--;
	u->ready++;
	u->was_ready = true;
	backoff_reset(&u->backoff);
	timer_stop(&u->session.turn->timers, &u->retry);
	drop_attempts(u);
	u->owner->room(u->owner_arg);
}

/* One that was used is replaced ahead of the next query; one that was not waits for it. */
static void on_unready(void *arg, struct session *s)
{
	struct upstream *u = arg;

	u->ready--;
	u->reopen = s->answers > 0;
	if (s->state == SESSION_RETIRING)
		upstream_ensure(u); /* for one that has ended, on_ended does it */
}

static void on_returned(void *arg, struct session *s, struct request *r)
{
	struct upstream *u = arg;

	(void)s;
	u->owner->returned(u->owner_arg, r);
}

static void on_answered(void *arg, struct session *s, struct request *r)
{
	struct upstream *u = arg;

	(void)s;
	if (u->down_since_us)
		log_recovery(u);
	r->upstream = u->label;
	u->owner->answered(u->owner_arg, r);
}

static void session_lost(
	struct upstream *u, const struct session *s, const struct transport_end *end)
{
	u->session.stats->sessions_ended++;
	log_debug("upstream %s: session ended after %llu answers: %s", u->label,
		(unsigned long long)s->answers, end ? end->text : "retired");
	/* Unused and unwanted, it only reached the server's idle limit. */
	if (s->answers == 0 && end && end->fault != FAULT_LOCAL && (s->asked > 0 || is_wanted(u))) {
		note_fruitless(u);
		log_failure(u, end, 0);
	} else if (s->mute && end) {
		log_failure(u, end, 0);
	}
}

static void on_ended(void *arg, struct session *s, const struct transport_end *end)
{
	struct upstream *u = arg;

	if (s->ready_us) {
		session_lost(u, s, end);
	} else {
		u->connecting--;
		attempt_failed(u, end);
	}
	upstream_ensure(u);
}

static const struct session_owner session_owner = {
	.ready = on_ready,
	.unready = on_unready,
	.returned = on_returned,
	.answered = on_answered,
	.ended = on_ended,
};

/* ------------------------------------------------------------------ life */

void upstream_init(struct upstream *u)
{
	list_init(&u->sessions);
	u->session.owner = &session_owner;
	u->session.owner_arg = u;
	u->retry.fire = on_retry;
	u->join.fire = on_join;
}

void upstream_deinit(struct upstream *u)
{
	u->closing = true;
	list_for_each (n, &u->sessions)
		session_abort(container_of(n, struct session, node));
	u->ready = u->connecting = 0;
	timer_stop(&u->session.turn->timers, &u->retry);
	timer_stop(&u->session.turn->timers, &u->join);
}

void upstream_touch(struct upstream *u)
{
	u->last_use_us = now_us(u);
}

struct session *upstream_session(struct upstream *u)
{
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (session_has_room(s))
			return s;
	}
	return NULL;
}
