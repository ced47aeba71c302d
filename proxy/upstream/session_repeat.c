#include "proxy/upstream/session_repeat.h"

#include "proxy/upstream/session_watch.h"

#define FIRST_WAIT_US 1000000u
#define WAIT_MIN_US   200000u
/* Unanswered for so long: others need not have the patience for all repetitions. */
#define LATE_US 1500000u

static uint64_t now_us(const struct session *s)
{
	return turn_now_us(s->setup->turn);
}

/* Three halves of the round trip: that of answers, or that of the handshake if the transport knows it. */
uint64_t session_repeat_wait_us(struct session *s)
{
	uint64_t rtt = s->rtt_us, wait;

	if (!rtt)
		s->transport->ops->unacked_us(s->transport, now_us(s), &rtt);
	if (!rtt)
		return FIRST_WAIT_US;
	wait = rtt + rtt / 2;
	return wait > WAIT_MIN_US ? wait : WAIT_MIN_US;
}

static void fire_at(struct session *s, uint64_t due_us)
{
	if (timer_running(&s->repeat) && s->repeat.due_us <= due_us)
		return;
	if (timer_start(&s->setup->turn->timers, &s->repeat, due_us) < 0)
		s->setup->stats->bound_memory++;
}

/* ------------------------------------------------------------------ one query */

static void send_again(struct session *s, struct flight *f)
{
	uint64_t wait = session_repeat_wait_us(s);

	session_send_again(s, f);
	f->repeat_us = now_us(s) + (wait << (f->sendings - 1));
	if (s->paused_us) {
		s->forgotten_us = s->paused_us;
		s->paused_us = 0;
		session_watch_doubted(s, "is silent after a pause");
	}
}

static bool has_sends_left(const struct flight *f)
{
	return f->sendings < REPEAT_SENDS_MAX && f->request->datagrams < REPEAT_SENDS_MAX;
}

static uint64_t late_at(struct session *s, const struct flight *f)
{
	uint64_t wait = session_repeat_wait_us(s);

	return f->sent_us + (2 * wait > LATE_US ? 2 * wait : LATE_US);
}

/* What is due for it is done; when it is to be looked at next; UINT64_MAX: never. */
static uint64_t look_at(struct session *s, struct flight *f)
{
	uint64_t late = late_at(s, f);

	if (f->repeat_us <= now_us(s) && has_sends_left(f))
		send_again(s, f);
	if (!f->late && (late <= now_us(s) || f->repeat_us <= now_us(s)))
		f->late = s->setup->owner->late(s->setup->owner_arg, s, f, LATE_DATAGRAMS);
	if (f->late)
		return has_sends_left(f) ? f->repeat_us : UINT64_MAX;
	/* Not taken up: asked again when it would be repeated. */
	if (f->repeat_us <= now_us(s))
		f->repeat_us = now_us(s) + session_repeat_wait_us(s);
	return f->repeat_us < late || late <= now_us(s) ? f->repeat_us : late;
}

/* ------------------------------------------------------------------ all of them */

/* The oldest are first in the list, and none is due before the least wait. */
static void on_repeat(struct timer *t)
{
	struct session *s = container_of(t, struct session, repeat);
	uint64_t next = UINT64_MAX;

	list_for_each (n, &s->sent) {
		struct flight *f = container_of(n, struct flight, node);
		bool young = now_us(s) - f->sent_us < WAIT_MIN_US;
		uint64_t due = young ? f->sent_us + WAIT_MIN_US : look_at(s, f);

		next = due < next ? due : next;
		if (young)
			break;
	}
	if (next != UINT64_MAX)
		fire_at(s, next);
}

void session_repeat_sent(struct session *s, struct flight *f)
{
	uint64_t pause = now_us(s) - s->answered_us;

	/* In clear there is nothing to be forgotten. */
	if (s->sent_count == 1 && s->answers > 0 && pause >= REPEAT_PAUSE_US &&
		!s->transport->info.clear)
		s->paused_us = pause;
	f->repeat_us = now_us(s) + session_repeat_wait_us(s);
	fire_at(s, f->repeat_us);
}

/* Karn's rule: of a query that was sent twice nobody knows which sending was answered. */
void session_repeat_answered(struct session *s, const struct flight *f)
{
	uint64_t took = now_us(s) - f->sent_us;

	s->paused_us = s->forgotten_us = 0;
	if (f->sendings > 1)
		return;
	/* A name that the server has to look for says little of the path. */
	if (s->rtt_us && took > 4 * s->rtt_us)
		took = 4 * s->rtt_us;
	s->rtt_us = s->rtt_us ? (7 * s->rtt_us + took) / 8 : took;
}

void session_repeat_init(struct session *s)
{
	s->repeat.fire = on_repeat;
}

void session_repeat_stop(struct session *s)
{
	timer_stop(&s->setup->turn->timers, &s->repeat);
}
