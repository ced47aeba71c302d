#include "proxy/upstream/dtls_internal.h"

#include <stdio.h>

#include "proxy/upstream/udp_socket.h"

/* The library's timer has nothing to say while it waits for the rest of a flight. */
#define TICK_MIN_MS 100u
/*
 * A flight that was repeated so often goes in smaller parts (RFC 6347 4.1.1.1), and so does all that
 * follows: a path that drops what is larger says nothing.
 */
#define REPEATS_LARGE 2u
/* A refusal that nothing follows, though our flight was repeated so often. */
#define REPEATS_REFUSED 2u

void dtls_fail_handshake(struct dtls *t)
{
	int error;

	tls_endpoint_failed(t->endpoint, &t->peer, &t->end);
	udp_socket_flush(t->fd, &t->engine.out, &error);
	dtls_finish(t);
}

void dtls_arm(struct dtls *t)
{
	uint64_t now = turn_now_us(dtls_turn(t)), due;
	unsigned ms = dtls_engine_timeout_ms(&t->engine) + 1;

	due = now + 1000ull * (ms < TICK_MIN_MS ? TICK_MIN_MS : ms);
	if (timer_start(&dtls_turn(t)->timers, &t->timer,
		    due < t->deadline_us ? due : t->deadline_us) < 0)
		dtls_finish_with(t, STAGE_TLS, FAULT_LOCAL, "out of memory");
}

static void fail_late(struct dtls *t)
{
	t->end.stage = t->heard ? STAGE_TLS : STAGE_UDP;
	t->end.fault = FAULT_TIMEOUT;
	snprintf(t->end.text, sizeof t->end.text, "%s",
		t->heard ? "no whole handshake within 15 s" : "no answer within 15 s");
	dtls_fail_handshake(t);
}

static void fail_refused(struct dtls *t)
{
	t->end.stage = STAGE_TLS;
	t->end.fault = FAULT_PROTOCOL;
	snprintf(t->end.text, sizeof t->end.text, "alert from the server, in clear: %s",
		dtls_engine_alert_text(t->engine.alert));
	dtls_fail_handshake(t);
}

void dtls_note_progress(struct dtls *t)
{
	uint64_t now = turn_now_us(dtls_turn(t)), rtt = now - t->flight_us;

	if (t->repeats == 0 && rtt > 0 && (t->rtt_us == 0 || rtt < t->rtt_us))
		t->rtt_us = rtt;
	t->flight_us = now;
	t->repeats = 0;
	t->refused = false;
}

static void repeat_flight(struct dtls *t)
{
	if (t->repeats + 1 == REPEATS_LARGE) {
		t->narrow = true;
		dtls_measure_path(t);
	}
	if (dtls_engine_handshake(&t->engine) == TLS_PROGRESS_END) {
		dtls_fail_handshake(t);
		return;
	}
	if (t->engine.out.count > 0) {
		t->repeats++;
		turn_send(dtls_turn(t), &t->outgoing);
	}
	dtls_arm(t);
}

void dtls_on_timer(struct timer *timer)
{
	struct dtls *t = container_of(timer, struct dtls, timer);

	if (turn_now_us(dtls_turn(t)) >= t->deadline_us)
		fail_late(t);
	else if (t->refused && t->repeats >= t->refused_at + REPEATS_REFUSED)
		fail_refused(t);
	else
		repeat_flight(t);
}

/* It may be the server's, or anyone's: a second one, to the flight that was repeated, decides. */
void dtls_note_refusal(struct dtls *t)
{
	if (t->refused && t->repeats > t->refused_at) {
		fail_refused(t);
	} else if (!t->refused) {
		t->refused = true;
		t->refused_at = t->repeats;
	}
}

void dtls_become_ready(struct dtls *t)
{
	dtls_note_progress(t);
	t->state = DTLS_READY;
	timer_stop(&dtls_turn(t)->timers, &t->timer);
	tls_endpoint_ready(t->endpoint, &t->engine.tls, &t->base.info);
	dtls_measure_path(t);
	t->handler->ready(t->handler_arg);
}
