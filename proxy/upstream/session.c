#include "proxy/upstream/session.h"

#include <stdlib.h>

#include "proxy/upstream/session_cookie.h"
#include "proxy/upstream/session_end.h"
#include "proxy/upstream/session_match.h"
#include "proxy/upstream/session_repeat.h"
#include "proxy/upstream/session_send.h"
#include "proxy/upstream/session_watch.h"

/* Our own limit for an attempt; the system's would be minutes (RFC 9210 4.1). */
#define CONNECT_LIMIT_US (5ull * 1000000)
/* Over datagrams, where the handshake repeats what is lost (RFC 8094 3.1). */
#define DATAGRAM_LIMIT_US (15ull * 1000000)
/* We close this much before the server's idle limit, but not before half of it has passed. */
#define IDLE_MARGIN_US 1000000u

/* ------------------------------------------------------------------ time */

static void arm(struct session *s, uint64_t due_us)
{
	if (timer_start(&s->setup->turn->timers, &s->timer, due_us) < 0)
		s->setup->stats->bound_memory++;
}

/* When an unused session has to go: before the server's idle limit, at the end of its life. */
static uint64_t rest_until(const struct session *s, uint64_t now)
{
	uint64_t until = s->ready_us + SESSION_LIFE_US;
	uint64_t idle = s->idle_limit_us ? s->idle_limit_us : s->idle_learnt_us;

	if (idle > 0 && session_inflight(s) == 0) {
		uint64_t margin = idle > 2 * IDLE_MARGIN_US ? IDLE_MARGIN_US : idle / 2;

		if (now + idle - margin < until)
			until = now + idle - margin;
	}
	return until;
}

static void on_timer(struct timer *t)
{
	struct session *s = container_of(t, struct session, timer);

	if (s->state == SESSION_CONNECTING) {
		struct transport_end end = {
			.stage = s->established_us ? STAGE_TLS : STAGE_TCP,
			.fault = FAULT_TIMEOUT,
			.text = "no answer within 5 s",
		};

		if (!session_is_stream(s))
			end = (struct transport_end){ .stage = STAGE_TLS,
				.fault = FAULT_TIMEOUT,
				.text = "no answer within 15 s" };
		session_end_here(s, &end);
	} else if (session_inflight(s) > 0 &&
		   turn_now_us(s->setup->turn) < s->ready_us + SESSION_LIFE_US) {
		arm(s, s->ready_us + SESSION_LIFE_US); /* busy: it was the idle limit that passed */
	} else {
		session_retire(s);
	}
}

/* ------------------------------------------------------------------ the way up */

static void on_established(void *arg)
{
	struct session *s = arg;

	s->established_us = turn_now_us(s->setup->turn);
}

static void on_ready(void *arg)
{
	struct session *s = arg;

	s->state = SESSION_READY;
	session_cookie_begin(s);
	s->ready_us = s->answered_us = turn_now_us(s->setup->turn);
	histogram_add(&s->setup->stats->handshake, s->ready_us - s->opened_us);
	s->setup->owner->ready(s->setup->owner_arg, s);
	if (s->state == SESSION_READY)
		arm(s, rest_until(s, s->ready_us));
}

static void on_room(void *arg)
{
	struct session *s = arg;

	if (s->state == SESSION_READY)
		turn_seal(s->setup->turn, &s->seal);
}

static void on_doubted(void *arg, const char *why)
{
	session_watch_alerted(arg, why);
}

static void on_ended(void *arg, const struct transport_end *end)
{
	struct session *s = arg;

	if (s->state == SESSION_ENDED)
		return;
	session_finish(s, end);
	s->setup->owner->ended(s->setup->owner_arg, s, end);
}

/* A query less in flight: the idle limit may run now, or the goodbye be due. */
void session_after_answer(struct session *s)
{
	if (s->state == SESSION_READY && session_inflight(s) == 0)
		arm(s, rest_until(s, turn_now_us(s->setup->turn)));
	session_part_if_idle(s);
}

static const struct transport_handler handler = {
	.established = on_established,
	.ready = on_ready,
	.message = session_on_message,
	.room = on_room,
	.doubted = on_doubted,
	.ended = on_ended,
};

/* ------------------------------------------------------------------ life */

struct session *session_open(
	const struct session_setup *setup, const struct addr *to, struct transport_end *ret_end)
{
	struct session *s = calloc(1, sizeof *s);

	if (!s) {
		*ret_end = (struct transport_end){ .fault = FAULT_LOCAL, .text = "out of memory" };
		return NULL;
	}
	s->setup = setup;
	s->addr = *to;
	s->form = setup->form;
	/* RFC 7871 7.1.2: the opt-out names a family; that of the transport says nothing new. */
	if (!setup->no_subnet)
		s->form.subnet_family = to->sa.sa_family == AF_INET6 ? 2 : 1;
	s->timer.fire = on_timer;
	session_watch_init(s);
	session_repeat_init(s);
	s->grave.run = session_bury;
	s->goodbye.run = session_on_goodbye;
	s->seal.run = session_on_seal;
	list_init(&s->queued);
	list_init(&s->sent);
	idmap_init(&s->ids);
	s->opened_us = turn_now_us(setup->turn);
	s->transport = setup->opener.open(setup->opener.arg, to, &handler, s, ret_end);
	if (!s->transport) {
		free(s);
		return NULL;
	}
	arm(s, s->opened_us + (session_is_stream(s) ? CONNECT_LIMIT_US : DATAGRAM_LIMIT_US));
	return s;
}

bool session_has_room(const struct session *s)
{
	return session_is_relied_on(s) && session_inflight(s) < s->setup->max_inflight;
}

void session_submit(struct session *s, struct flight *f)
{
	f->session = s;
	f->sent = f->charged = f->spent = f->late = f->oversized = f->cookie_refused = false;
	f->sendings = 0;
	list_append(&s->queued, &f->node);
	s->queued_count++;
	turn_seal(s->setup->turn, &s->seal);
}

void session_forget(struct flight *f)
{
	struct session *s = f->session;

	list_remove(&f->node);
	f->session = NULL;
	if (f->sent) {
		s->sent_count--;
		idmap_abandon(&s->ids, f->id);
		session_watch_given_up(s);
	} else {
		s->queued_count--;
	}
	if (s->ids.abandoned >= SESSION_ABANDONED_MAX && s->state == SESSION_READY) {
		s->setup->stats->bound_ids++;
		session_retire(s);
	}
	session_after_answer(s);
}
