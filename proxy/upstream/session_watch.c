#include "proxy/upstream/session_watch.h"

/* Nothing answered for so long, though queries wait: nobody is there. */
#define MUTE_AFTER_US	2500000u
#define MUTE_PARTIAL_US 1000000u
#define WATCH_STEP_US	500000u

/*
 * How long nothing may be answered.  While part of a message stands and the rest does not come, a
 * second: what is behind it can't come either.  Else so long that slow names have had their time,
 * and a repetition still has its.
 */
static uint64_t patience(const struct session *s)
{
	uint64_t handshake = s->ready_us - s->opened_us;
	bool partial = s->transport->ops->has_partial(s->transport);

	return (partial ? MUTE_PARTIAL_US : MUTE_AFTER_US) + 2 * handshake;
}

static void arm_watch(struct session *s, uint64_t due_us)
{
	if (timer_start(&s->setup->turn->timers, &s->watch, due_us) < 0)
		s->setup->stats->bound_memory++;
}

static bool all_on_last_send(const struct session *s)
{
	list_for_each (n, &s->sent)
		if (container_of(n, struct request, node)->sends < REQUEST_SENDS_MAX)
			return false;
	return true;
}

/*
 * Octets are not progress: a lying length prefix delivers octets for ever (design 5).  When no
 * answer was matched for too long while queries are out, they move to a new session; those that
 * can't, wait for their deadline.
 */
static void on_watch(struct timer *t)
{
	struct session *s = container_of(t, struct session, watch);
	uint64_t now = turn_now_us(s->setup->turn), since = s->answered_us;

	if (s->sent_count == 0)
		return;
	if (container_of(s->sent.next, struct request, node)->sent_us > since)
		since = container_of(s->sent.next, struct request, node)->sent_us;
	if (now >= since + patience(s) && !all_on_last_send(s)) {
		s->mute = true;
		turn_defer(s->setup->turn, &s->goodbye);
		return;
	}
	arm_watch(s, now + WATCH_STEP_US);
}

void session_watch_sent(struct session *s)
{
	if (!timer_running(&s->watch))
		arm_watch(s, turn_now_us(s->setup->turn) + MUTE_PARTIAL_US);
}

void session_watch_init(struct session *s)
{
	s->watch.fire = on_watch;
}

/*
 * The least that can be known of a path without looking at TCP: a query waited in vain for long,
 * and no other was answered in all that time.  A slow name among others that are answered is not
 * it.
 */
void session_watch_given_up(struct session *s, const struct request *r)
{
	uint64_t now = turn_now_us(s->setup->turn);

	if (s->answered_us > r->sent_us || now - r->sent_us < MUTE_PARTIAL_US)
		return;
	s->mute = true;
	turn_defer(s->setup->turn, &s->goodbye);
}
