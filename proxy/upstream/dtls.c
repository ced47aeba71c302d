#include "proxy/upstream/dtls.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/upstream/dtls_internal.h"
#include "proxy/upstream/tcp_socket.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/udp_socket.h"

static struct dtls *dtls_of(struct transport *t)
{
	return container_of(t, struct dtls, base);
}

/* ------------------------------------------------------------------ the end */

static void shut(struct dtls *t)
{
	t->state = DTLS_ENDED;
	tls_endpoint_forget(&t->waiter);
	timer_stop(&dtls_turn(t)->timers, &t->timer);
	if (t->ticket) {
		tickets_return(&t->endpoint->tickets, t->ticket);
		t->ticket = NULL;
	}
	if (t->fd < 0)
		return;
	if (t->readable)
		event_del(t->readable);
	if (t->writable)
		event_del(t->writable);
	close(t->fd);
	t->fd = -1;
}

static void on_report(struct turn_work *w)
{
	struct dtls *t = container_of(w, struct dtls, report);

	t->handler->ended(t->handler_arg, &t->end);
}

void dtls_finish(struct dtls *t)
{
	shut(t);
	turn_defer(dtls_turn(t), &t->report);
}

void dtls_finish_with(
	struct dtls *t, enum transport_stage stage, enum transport_fault fault, const char *text)
{
	t->end.stage = stage;
	t->end.fault = fault;
	snprintf(t->end.text, sizeof t->end.text, "%s", text);
	dtls_finish(t);
}

/* ------------------------------------------------------------------ the path */

void dtls_measure_path(struct dtls *t)
{
	dtls_engine_set_payload_max(&t->engine, t->narrow
							? udp_socket_payload_floor(&t->peer)
							: udp_socket_payload_max(t->fd, &t->peer));
	t->base.info.max_message = dtls_engine_message_max(&t->engine);
}

static bool is_local(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN ||
	       error == EADDRNOTAVAIL || error == EPERM || error == EACCES;
}

void dtls_note_error(struct dtls *t, int error)
{
	t->endpoint->stats->dtls_icmp++;
	if (error == EMSGSIZE)
		dtls_measure_path(t);
	if (t->state != DTLS_HANDSHAKE || t->heard)
		return;
	if (error == ECONNREFUSED) {
		dtls_finish_with(
			t, STAGE_UDP, FAULT_PROTOCOL, "nobody listens on that UDP port (ICMP)");
	} else if (is_local(error)) {
		tcp_socket_fault(&t->end, STAGE_ROUTE, error);
		dtls_finish(t);
	}
}

/* ------------------------------------------------------------------ sending */

static bool has_room(const struct transport *base)
{
	struct dtls *t = container_of(base, struct dtls, base);

	t->starved = !datagrams_have_room(&t->engine.out, t->base.info.max_message + DTLS_OVERHEAD);
	return !t->starved;
}

static void send_out(struct dtls *t)
{
	int error;

	if (udp_socket_flush(t->fd, &t->engine.out, &error) == -EAGAIN)
		event_add(t->writable, NULL);
	if (error)
		dtls_note_error(t, error);
}

static int send_message(struct transport *base, const uint8_t *msg, size_t len)
{
	struct dtls *t = dtls_of(base);
	int err;

	if (t->state != DTLS_READY)
		return -EPIPE;
	err = dtls_engine_seal(&t->engine, msg, len);
	if (err == -ENOBUFS)
		t->starved = true;
	if (err == -EPIPE)
		dtls_finish(t);
	return err;
}

static void flush(struct transport *base)
{
	struct dtls *t = dtls_of(base);

	if (t->state == DTLS_ENDED)
		return;
	send_out(t);
	/* Drained at once: no event will tell that there is room again. */
	if (t->state == DTLS_READY && t->starved && has_room(base))
		turn_defer(dtls_turn(t), &t->drained);
}

static void on_outgoing(struct turn_work *w)
{
	flush(&container_of(w, struct dtls, outgoing)->base);
}

static void on_drained(struct turn_work *w)
{
	struct dtls *t = container_of(w, struct dtls, drained);

	if (t->state == DTLS_READY)
		t->handler->room(t->handler_arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct dtls *t = arg;

	(void)fd;
	(void)what;
	flush(&t->base);
}

/* ------------------------------------------------------------------ life */

static uint64_t unacked_us(struct transport *base, uint64_t now_us, uint64_t *ret_rtt_us)
{
	(void)now_us;
	*ret_rtt_us = dtls_of(base)->rtt_us;
	return 0; /* nobody acknowledges datagrams */
}

static const uint8_t *partial(const struct transport *base, size_t *ret_len)
{
	(void)base;
	*ret_len = 0;
	return NULL;
}

static void on_trust_loaded(struct tls_waiter *w)
{
	struct dtls *t = container_of(w, struct dtls, waiter);

	if (t->state == DTLS_HANDSHAKE)
		event_add(t->readable, NULL);
}

static void forget_work(struct dtls *t)
{
	turn_forget(&t->report);
	turn_forget(&t->drained);
	turn_forget(&t->outgoing);
}

static void dtls_close(struct transport *base)
{
	struct dtls *t = dtls_of(base);
	int error;

	if (t->state == DTLS_READY) {
		dtls_engine_goodbye(&t->engine);
		udp_socket_flush(t->fd, &t->engine.out, &error);
	}
	forget_work(t);
	shut(t);
}

static void dtls_free(struct transport *base)
{
	struct dtls *t = dtls_of(base);

	forget_work(t);
	shut(t);
	if (t->readable)
		event_free(t->readable);
	if (t->writable)
		event_free(t->writable);
	dtls_engine_deinit(&t->engine);
	free(t);
}

static const struct transport_ops ops = {
	.has_room = has_room,
	.partial = partial,
	.unacked_us = unacked_us,
	.send = send_message,
	.flush = flush,
	.close = dtls_close,
	.free = dtls_free,
};

static struct dtls *make(
	struct tls_endpoint *endpoint, const struct transport_handler *handler, void *handler_arg)
{
	struct dtls *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->base.ops = &ops;
	t->base.info = (struct transport_info){ .protocol = "", .cipher = "", .doubt = "" };
	t->endpoint = endpoint;
	t->handler = handler;
	t->handler_arg = handler_arg;
	t->report.run = on_report;
	t->drained.run = on_drained;
	t->outgoing.run = on_outgoing;
	t->waiter.loaded = on_trust_loaded;
	t->timer.fire = dtls_on_timer;
	t->fd = -1;
	return t;
}

static bool make_events(struct dtls *t)
{
	struct event_base *base = t->endpoint->loop->base;

	t->readable = event_new(base, t->fd, EV_READ | EV_PERSIST, dtls_on_readable, t);
	t->writable = event_new(base, t->fd, EV_WRITE, on_writable, t);
	return t->readable && t->writable;
}

static bool make_engine(struct dtls *t)
{
	t->ticket = tls_endpoint_ticket(t->endpoint, &t->peer);
	return dtls_engine_init(&t->engine, t->endpoint->policy, t->ticket, &t->peer, &t->end,
		udp_socket_payload_max(t->fd, &t->peer));
}

/* The ClientHello leaves, and the ticket with it: once is all.  False: t->end says why. */
static bool begin(struct dtls *t)
{
	int error;

	if (dtls_engine_handshake(&t->engine) != TLS_PROGRESS_MORE)
		return false;
	t->base.info.max_message = dtls_engine_message_max(&t->engine);
	udp_socket_flush(t->fd, &t->engine.out, &error);
	if (is_local(error)) {
		tcp_socket_fault(&t->end, STAGE_ROUTE, error);
		return false;
	}
	if (t->ticket || !tls_endpoint_wait(t->endpoint, &t->waiter))
		event_add(t->readable, NULL);
	ticket_free(t->ticket);
	t->ticket = NULL;
	t->flight_us = turn_now_us(dtls_turn(t));
	t->deadline_us = t->flight_us + DTLS_HANDSHAKE_US;
	dtls_arm(t);
	return t->state == DTLS_HANDSHAKE;
}

struct transport *dtls_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end)
{
	struct dtls *t = make(arg, handler, handler_arg);

	if (!t) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
		return NULL;
	}
	t->peer = *to;
	tcp_socket_fault(&t->end, STAGE_ROUTE, ENOMEM); /* of all that fails without a word */
	t->fd = udp_socket_connect(to, t->endpoint->device, &t->end);
	if (t->fd >= 0 && make_events(t) && make_engine(t) && begin(t))
		return &t->base;
	*ret_end = t->end;
	dtls_free(&t->base);
	return NULL;
}
