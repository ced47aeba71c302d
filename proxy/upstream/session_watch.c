#include "proxy/upstream/session_watch.h"

#include "proxy/upstream/session_repeat.h"

/* How often a session with queries out is looked at, and from which age of the oldest on. */
#define LOOK_US 100000u
/* Unacknowledged for longer than three round trips, and than this: the path is in doubt. */
#define UNACKED_MIN_US 250000u
#define UNACKED_RTTS   3u
/* No matched answer for so long, though queries wait. */
#define SILENT_US   1000000u
#define SILENT_RTTS 2u
/* Over datagrams a repetition has so long to be answered, so that one lost datagram is no silence. */
#define REPEATED_US 500000u
/* One answer is missing for so long among others that came. */
#define SLOW_NAME_US 1500000u
/*
 * After a silence of so long, what was sent into it has so long to be answered once answers come
 * again: a server that has swallowed it will not.  Before the first answer it is the silence in which
 * another session became suspect.
 */
#define PAUSE_US       500000u
#define FIRST_PAUSE_US 100000u
#define REST_US	       500000u
/* Suspect for so long without an answer. */
#define GIVE_UP_US 10000000u

static uint64_t now_us(const struct session *s)
{
	return turn_now_us(s->setup->turn);
}

static void look_at(struct session *s, uint64_t due_us)
{
	if (timer_start(&s->setup->turn->timers, &s->watch, due_us) < 0)
		s->setup->stats->bound_memory++;
}

static const struct flight *oldest(const struct session *s)
{
	return container_of(s->sent.next, struct flight, node);
}

/* ------------------------------------------------------------------ the path */

/*
 * Queries have waited for so long in all without any being answered: those count, too, that were
 * given up meanwhile.
 */
static uint64_t silent_us(const struct session *s)
{
	return s->waited_us + (now_us(s) - s->waiting_since_us);
}

/* Why the path is in doubt; NULL: it is not. */
static const char *doubt_of(struct session *s)
{
	uint64_t rtt, unacked_limit = UNACKED_MIN_US, silent_limit = SILENT_US;
	uint64_t unacked = s->transport->ops->unacked_us(s->transport, now_us(s), &rtt);

	if (UNACKED_RTTS * rtt > unacked_limit)
		unacked_limit = UNACKED_RTTS * rtt;
	/* Where a round trip takes as long, an answer does too. */
	if (SILENT_RTTS * rtt > silent_limit)
		silent_limit = SILENT_RTTS * rtt;
	if (!session_is_stream(s) && session_repeat_wait_us(s) + REPEATED_US > silent_limit)
		silent_limit = session_repeat_wait_us(s) + REPEATED_US;
	if (unacked > unacked_limit)
		return "what was sent is not acknowledged";
	return silent_us(s) >= silent_limit ? "queries wait and none is answered" : NULL;
}

/*
 * The query whose half answer stands in the way of all behind it has spent its send; for the others
 * a session that had answered anything, be it by half, has only come to a limit (design 5, Loss).
 */
static void uncharge_others(struct session *s)
{
	size_t len = 0;
	const uint8_t *partial = s->transport->ops->partial(s->transport, &len);
	const struct flight *half = session_half_answered(s, partial, len);

	if (s->answers == 0 && !half)
		return;
	list_for_each (n, &s->sent) {
		struct flight *f = container_of(n, struct flight, node);

		if (f != half)
			flight_uncharge(f);
	}
}

static void become_suspect(struct session *s, const char *doubt)
{
	const struct session_owner *owner = s->setup->owner;

	s->suspect = true;
	s->suspect_us = now_us(s);
	uncharge_others(s);
	owner->suspect(s->setup->owner_arg, s, doubt);
	session_return_queued(s);
	list_for_each (n, &s->sent) {
		struct flight *f = container_of(n, struct flight, node);

		f->late = owner->late(s->setup->owner_arg, s, f, LATE_PATH);
	}
}

void session_watch_doubted(struct session *s, const char *doubt)
{
	if (s->state != SESSION_READY || s->suspect)
		return;
	s->doubted = true;
	become_suspect(s, doubt);
	if (!timer_running(&s->watch))
		look_at(s, now_us(s) + LOOK_US);
}

/*
 * Anybody can say so.  With nothing out there is no hurry; and where it was wrong once, or nothing
 * has been answered yet, silence alone will tell (threats A07: at most one handshake for any number
 * of forgeries).
 */
void session_watch_alerted(struct session *s, const char *doubt)
{
	if (s->alerts_false || s->answers == 0)
		return;
	s->alerted = doubt;
	if (s->sent_count > 0)
		session_watch_doubted(s, doubt);
}

static void remain_suspect(struct session *s)
{
	if (now_us(s) - s->suspect_us >= GIVE_UP_US) {
		s->given_up = true;
		turn_defer(s->setup->turn, &s->goodbye);
	}
}

/* ------------------------------------------------------------------ names */

/* Sent into a silence that is over: it is not its name, and there may be many of them. */
static bool is_swallowed(const struct session *s, const struct flight *f)
{
	return f->sent_us < s->revived_us && now_us(s) - s->revived_us >= REST_US;
}

/* Others have been answered since it was sent. */
static void report_slow_names(struct session *s)
{
	list_for_each (n, &s->sent) {
		struct flight *f = container_of(n, struct flight, node);

		if (now_us(s) - f->sent_us < SLOW_NAME_US)
			break;
		if (!f->late && s->answered_us > f->sent_us)
			f->late = s->setup->owner->late(s->setup->owner_arg, s, f,
				is_swallowed(s, f) ? LATE_SWALLOWED : LATE_NAME);
	}
}

/* ------------------------------------------------------------------ looking */

static void look(struct session *s)
{
	const char *doubt;

	if (s->suspect) {
		remain_suspect(s);
		return;
	}
	if (now_us(s) - oldest(s)->sent_us < LOOK_US)
		return;
	doubt = doubt_of(s);
	if (doubt)
		become_suspect(s, doubt);
	else if (session_is_stream(s))
		report_slow_names(s); /* over datagrams they have been repeated meanwhile */
}

static void on_watch(struct timer *t)
{
	struct session *s = container_of(t, struct session, watch);
	uint64_t due = now_us(s) + LOOK_US;

	if (s->sent_count > 0) {
		look(s);
		if (!s->suspect && now_us(s) - oldest(s)->sent_us < LOOK_US)
			due = oldest(s)->sent_us + LOOK_US;
	} else if (s->suspect) {
		remain_suspect(s);
	} else {
		return;
	}
	look_at(s, due);
}

void session_watch_sent(struct session *s)
{
	if (!s->waiting_since_us)
		s->waiting_since_us = now_us(s);
	if (!timer_running(&s->watch))
		look_at(s, now_us(s) + LOOK_US);
	if (s->alerted)
		session_watch_doubted(s, s->alerted);
}

void session_watch_answered(struct session *s)
{
	s->alerts_false |= s->alerted != NULL;
	s->alerted = NULL;
	if (s->waiting_since_us && silent_us(s) >= (s->answers > 1 ? PAUSE_US : FIRST_PAUSE_US))
		s->revived_us = now_us(s);
	s->answered_us = now_us(s);
	s->waited_us = 0;
	s->waiting_since_us = s->sent_count > 0 ? s->answered_us : 0;
	if (!s->suspect)
		return;
	s->suspect = s->given_up = s->doubted = false;
	s->setup->owner->recovered(s->setup->owner_arg, s);
}

void session_watch_given_up(struct session *s)
{
	if (s->sent_count > 0 || !s->waiting_since_us)
		return;
	s->waited_us += now_us(s) - s->waiting_since_us;
	s->waiting_since_us = 0;
}

void session_watch_init(struct session *s)
{
	s->watch.fire = on_watch;
}
