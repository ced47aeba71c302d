#include "proxy/upstream/session_end.h"

#include <stdlib.h>

#include "common/dns/frame.h"
#include "proxy/upstream/session_cookie.h"
#include "proxy/upstream/session_repeat.h"
#include "proxy/upstream/trace.h"

/* No server's idle limit is shorter. */
#define IDLE_LEAST_US 1000000u

void session_bury(struct turn_work *w)
{
	struct session *s = container_of(w, struct session, grave);

	if (s->transport)
		s->transport->ops->free(s->transport);
	idmap_deinit(&s->ids);
	free(s);
}

struct flight *session_half_answered(const struct session *s, const uint8_t *partial, size_t len)
{
	const struct idmap_entry *e;

	if (len == 0)
		return NULL;
	if (len >= FRAME_PREFIX + 2) {
		e = idmap_find(&s->ids, wire_get16(partial + FRAME_PREFIX));
		return e ? e->owner : NULL;
	}
	return s->sent_count == 1 ? container_of(s->sent.next, struct flight, node) : NULL;
}

bool session_was_idle(const struct session *s, const struct transport_end *end)
{
	uint64_t now = turn_now_us(s->setup->turn);

	return end && end->fault == FAULT_CLOSED && s->answers == 0 && s->ready_us &&
	       now - s->ready_us >= IDLE_LEAST_US;
}

void flight_uncharge(struct flight *f)
{
	if (!f->charged || f->request->returns >= REQUEST_RETURNS_MAX)
		return;
	f->charged = false;
	f->request->sends--;
	f->request->returns++;
}

void session_give_back(struct session *s, struct flight *f)
{
	list_remove(&f->node);
	if (f->request->trace)
		trace_returned(f->request->trace, s, f);
	f->session = NULL;
	s->setup->owner->returned(s->setup->owner_arg, s, f);
}

void session_return_queued(struct session *s)
{
	struct list *n;

	while ((n = list_take(&s->queued))) {
		s->queued_count--;
		session_give_back(s, container_of(n, struct flight, node));
	}
}

/*
 * The end of a session that had answered, by whatever the server does, is its limit, not a failure:
 * its queries don't pay for it (design 5, Loss), but for one whose half answer cut the session.  Nor do
 * they for an end that was our own decision (end is NULL).
 */
static void give_all_back(struct session *s, const struct transport_end *end)
{
	const struct flight *half =
		end ? session_half_answered(s, end->partial, end->partial_len) : NULL;
	bool limit = !end || s->answers > 0 || half || session_was_idle(s, end);
	struct list *n;

	while ((n = list_take(&s->sent))) {
		struct flight *f = container_of(n, struct flight, node);

		s->sent_count--;
		f->spent = f == half;
		if (limit && !f->spent)
			flight_uncharge(f);
		session_give_back(s, f);
	}
	session_return_queued(s);
}

void session_finish(struct session *s, const struct transport_end *end)
{
	struct turn *turn = s->setup->turn;
	bool was_ready = s->state == SESSION_READY;

	s->unanswered = session_inflight(s);
	s->state = SESSION_ENDED;
	if (was_ready)
		s->setup->owner->unready(s->setup->owner_arg, s);
	timer_stop(&turn->timers, &s->timer);
	timer_stop(&turn->timers, &s->watch);
	session_repeat_stop(s);
	turn_forget(&s->seal);
	turn_forget(&s->goodbye);
	give_all_back(s, end);
	session_cookie_end(s);
	list_remove(&s->node);
	turn_bury(turn, &s->grave);
}

void session_abort(struct session *s)
{
	if (s->state == SESSION_ENDED)
		return;
	s->transport->ops->close(s->transport);
	session_finish(s, NULL);
}

/* Ends by our own decision, with the owner told. */
void session_end_here(struct session *s, const struct transport_end *end)
{
	s->transport->ops->close(s->transport);
	session_finish(s, end);
	s->setup->owner->ended(s->setup->owner_arg, s, end);
}

/* A half answer that stood in the way to the end is paid for, as if the transport had ended. */
static void end_silent(struct session *s)
{
	struct transport_end end = { .stage = STAGE_DNS,
		.fault = FAULT_TIMEOUT,
		.text = "takes queries and answers nothing" };

	end.partial = s->transport->ops->partial(s->transport, &end.partial_len);
	session_end_here(s, &end);
}

void session_on_goodbye(struct turn_work *w)
{
	struct session *s = container_of(w, struct session, goodbye);

	if (s->given_up)
		end_silent(s);
	else if (s->state == SESSION_RETIRING && session_inflight(s) == 0)
		session_end_here(s, NULL);
}

void session_part_if_idle(struct session *s)
{
	if (s->state == SESSION_RETIRING && session_inflight(s) == 0)
		turn_defer(s->setup->turn, &s->goodbye);
}

void session_retire(struct session *s)
{
	if (s->state != SESSION_READY)
		return;
	s->state = SESSION_RETIRING;
	timer_stop(&s->setup->turn->timers, &s->timer);
	s->setup->owner->unready(s->setup->owner_arg, s);
	session_return_queued(s);
	session_part_if_idle(s);
}
