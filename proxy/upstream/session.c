#include "proxy/upstream/session.h"

#include <errno.h>
#include <stdlib.h>

#include "common/dns/frame.h"
#include "proxy/upstream/session_cookie.h"
#include "proxy/upstream/session_match.h"
#include "proxy/upstream/session_repeat.h"
#include "proxy/upstream/session_watch.h"
#include "proxy/upstream/trace.h"

/* Our own limit for an attempt; the system's would be minutes (RFC 9210 4.1). */
#define CONNECT_LIMIT_US (5ull * 1000000)
/* Over datagrams, where the handshake repeats what is lost (RFC 8094 3.1). */
#define DATAGRAM_LIMIT_US (15ull * 1000000)
/* We close this much before the server's idle limit, but not before half of it has passed. */
#define IDLE_MARGIN_US 1000000u
/* No server's idle limit is shorter. */
#define IDLE_LEAST_US 1000000u

static void bury(struct turn_work *w)
{
	struct session *s = container_of(w, struct session, grave);

	if (s->transport)
		s->transport->ops->free(s->transport);
	idmap_deinit(&s->ids);
	free(s);
}

/* ------------------------------------------------------------------ the end */

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

static void finish(struct session *s, const struct transport_end *end)
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
	finish(s, NULL);
}

/* Ends by our own decision, with the owner told. */
static void end_here(struct session *s, const struct transport_end *end)
{
	s->transport->ops->close(s->transport);
	finish(s, end);
	s->setup->owner->ended(s->setup->owner_arg, s, end);
}

/* A half answer that stood in the way to the end is paid for, as if the transport had ended. */
static void end_silent(struct session *s)
{
	struct transport_end end = { .stage = STAGE_DNS,
		.fault = FAULT_TIMEOUT,
		.text = "takes queries and answers nothing" };

	end.partial = s->transport->ops->partial(s->transport, &end.partial_len);
	end_here(s, &end);
}

static void on_goodbye(struct turn_work *w)
{
	struct session *s = container_of(w, struct session, goodbye);

	if (s->given_up)
		end_silent(s);
	else if (s->state == SESSION_RETIRING && session_inflight(s) == 0)
		end_here(s, NULL);
}

/* Retiring and nothing left to wait for: the owner hears of it from the deferred phase. */
static void part_if_idle(struct session *s)
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
	part_if_idle(s);
}

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
		end_here(s, &end);
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
	finish(s, end);
	s->setup->owner->ended(s->setup->owner_arg, s, end);
}

/* A query less in flight: the idle limit may run now, or the goodbye be due. */
void session_after_answer(struct session *s)
{
	if (s->state == SESSION_READY && session_inflight(s) == 0)
		arm(s, rest_until(s, turn_now_us(s->setup->turn)));
	part_if_idle(s);
}

static const struct transport_handler handler = {
	.established = on_established,
	.ready = on_ready,
	.message = session_on_message,
	.room = on_room,
	.doubted = on_doubted,
	.ended = on_ended,
};

/* ------------------------------------------------------------------ the way down */

static enum tap_over over(const struct session *s)
{
	if (s->transport->info.clear)
		return session_is_stream(s) ? TAP_TCP : TAP_UDP;
	return session_is_stream(s) ? TAP_TLS : TAP_DTLS;
}

void session_tap(struct session *s, enum tap_event event, const uint8_t *msg, size_t len,
	uint64_t took_us)
{
	if (s->setup->tap)
		tap_message(s->setup->tap, &(struct tap_message){
			event, over(s), &s->addr, msg, len, took_us });
}

static void charge(const struct session *s, struct flight *f)
{
	if (!session_is_stream(s)) {
		f->request->datagrams++;
		return;
	}
	f->charged = true;
	f->request->sends++;
}

static void count_sending(struct session *s, struct flight *f, size_t len)
{
	struct stats *stats = s->setup->stats;

	f->request->sent_len = len;
	f->sendings++;
	stats->upstream_queries++;
	stats->upstream_octets += len;
	stats->upstream_cookies += f->cookie.form != SENT_NO_COOKIE;
	charge(s, f);
}

static void mark_sent(struct session *s, struct flight *f, size_t len)
{
	struct stats *stats = s->setup->stats;
	struct request *r = f->request;

	list_remove(&f->node);
	s->queued_count--;
	list_append(&s->sent, &f->node);
	s->sent_count++;
	f->sent = true;
	f->sent_us = turn_now_us(s->setup->turn);
	stats->upstream_repeats += r->sent_before;
	r->sent_before = true;
	count_sending(s, f, len);
	s->asked++;
	session_watch_sent(s);
	if (!session_is_stream(s))
		session_repeat_sent(s, f);
}

/* Builds the query with its id and hands it to the transport. */
static int build_and_send(struct session *s, struct flight *f, size_t *ret_len)
{
	const struct session_setup *setup = s->setup;
	struct upstream_form form = s->form;
	uint8_t cookie[COOKIE_FULL_MAX];
	size_t padding = 0;
	int err;

	form.ret_padding = &padding;
	form.cookie = cookie;
	form.cookie_len = session_cookie_offer(s, f, cookie);
	*ret_len = rewrite_query(&f->request->query, &form, f->id, setup->scratch, DNS_MESSAGE_MAX);
	if (*ret_len == 0 || *ret_len > s->transport->info.max_message)
		return -EMSGSIZE;
	err = s->transport->ops->send(s->transport, setup->scratch, *ret_len);
	if (err < 0)
		return err;
	setup->stats->upstream_padding += padding;
	if (f->request->trace)
		trace_sent(f->request->trace, s, f, *ret_len, padding);
	session_tap(s, TAP_UPSTREAM_QUERY, setup->scratch, *ret_len, 0);
	return 0;
}

static int send_one(struct session *s, struct flight *f)
{
	int err = idmap_take(&s->ids, f, random16, s->setup->random, &f->id);
	size_t len;

	if (err < 0)
		return err;
	err = build_and_send(s, f, &len);
	if (err < 0)
		idmap_release(&s->ids, f->id);
	else
		mark_sent(s, f, len);
	return err;
}

int session_send_again(struct session *s, struct flight *f)
{
	size_t len;
	int err = -ENOBUFS;

	if (s->transport->ops->has_room(s->transport))
		err = build_and_send(s, f, &len);
	if (err < 0)
		return err;
	count_sending(s, f, len);
	s->setup->stats->datagram_repeats++;
	turn_seal(s->setup->turn, &s->seal);
	return 0;
}

/* Whatever keeps this one from being sent must not keep the next one. */
static void refuse(struct session *s, struct flight *f, int err)
{
	f->oversized = err == -EMSGSIZE && !session_is_stream(s);
	s->setup->stats->bound_memory += !f->oversized;
	s->queued_count--;
	if (!f->oversized)
		charge(s, f);
	session_give_back(s, f);
	session_after_answer(s);
}

static void on_seal(struct turn_work *w)
{
	struct session *s = container_of(w, struct session, seal);

	while (!list_empty(&s->queued)) {
		struct flight *f = container_of(s->queued.next, struct flight, node);
		int err = -ENOBUFS;

		if (s->transport->ops->has_room(s->transport))
			err = send_one(s, f);
		s->setup->stats->bound_output += err == -ENOBUFS;
		if (err == -ENOBUFS || err == -EPIPE)
			break; /* room or the end will be reported */
		if (err < 0)
			refuse(s, f, err);
	}
	s->transport->ops->flush(s->transport);
}

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
	s->grave.run = bury;
	s->goodbye.run = on_goodbye;
	s->seal.run = on_seal;
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
	return s->state == SESSION_READY && !s->suspect && !session_is_spent(s) &&
	       session_inflight(s) < s->setup->max_inflight;
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
