#include "proxy/upstream/upstream.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "proxy/upstream/opening.h"
#include "proxy/upstream/retest.h"
#include "proxy/upstream/upstream_sessions.h"

/* ------------------------------------------------------------------ sessions */

unsigned upstream_ready(const struct upstream *u)
{
	unsigned n = 0;

	list_for_each (node, &u->sessions)
		n += session_is_relied_on(container_of(node, struct session, node));
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
	u->last_use_us = upstream_now_us(u);
	if (session_inflight(s) == 0)
		limits_outslept(&u->limits, upstream_now_us(u) - s->answered_us);
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
		u->absent_us = upstream_now_us(u);
	*ret_until_us = u->absent_us + UPSTREAM_PATIENCE_US;
	return upstream_now_us(u) < *ret_until_us;
}

/* ------------------------------------------------------------------ life */

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
	uint64_t wait = silence_begin(&u->silence, stream_works, upstream_now_us(u));

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
	u->wanted_us = upstream_now_us(u);	       /* they are fresh */
	opening_renew(u);
}

void upstream_init(struct upstream *u)
{
	list_init(&u->sessions);
	u->session.label = u->label;
	u->session.limit = &u->health.limit;
	u->session.owner = &upstream_session_owner;
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
