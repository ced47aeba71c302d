#include "proxy/upstream/tls.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/dns/message.h"
#include "proxy/loop.h"
#include "proxy/upstream/tcp_stream.h"
#include "proxy/upstream/tls_engine.h"
#include "proxy/upstream/tls_policy.h"

enum tls_state { TLS_CONNECTING = 0, TLS_HANDSHAKE, TLS_READY, TLS_ENDED };

struct tls {
	struct transport base;
	struct tls_endpoint *endpoint;
	const struct transport_handler *handler;
	void *handler_arg;
	enum tls_state state;
	struct addr peer;
	struct tcp_stream stream;
	struct tls_engine engine;
	struct ticket *ticket;	  /* offered in the ClientHello; NULL: none, or it was seen */
	struct tls_waiter waiter; /* nothing is read until the anchors are here */
	size_t given_out; /* octets of engine.plain in messages given out, consumed by the next read
			   */
	bool starved;	  /* has_room was false */
	struct transport_end end;  /* valid once ended */
	struct turn_work report;   /* an end found inside a call: told from the deferred phase */
	struct turn_work drained;  /* flush made room: told from the deferred phase */
	struct turn_work finished; /* our Finished goes out, with queries or without */
};

static struct tls *tls_of(struct transport *t)
{
	return container_of(t, struct tls, base);
}

/* ------------------------------------------------------------------ the end */

static void shut(struct tls *t)
{
	t->state = TLS_ENDED;
	tls_endpoint_forget(&t->waiter);
	if (t->ticket) {
		tickets_return(&t->endpoint->tickets, t->ticket);
		t->ticket = NULL;
	}
	tcp_stream_shut(&t->stream);
}

static const uint8_t *partial(const struct transport *base, size_t *ret_len)
{
	const struct tls *t = container_of(base, const struct tls, base);

	return tcp_stream_partial(&t->engine.plain, t->given_out, ret_len);
}

static void tell_end(struct tls *t)
{
	t->end.partial = partial(&t->base, &t->end.partial_len);
	t->handler->ended(t->handler_arg, &t->end);
}

static void on_report(struct turn_work *w)
{
	tell_end(container_of(w, struct tls, report));
}

/* From an event callback: the handler hears of it now. */
static void end_now(struct tls *t)
{
	shut(t);
	tell_end(t);
}

static enum transport_stage stage_of(const struct tls *t)
{
	static const enum transport_stage stage[] = {
		[TLS_CONNECTING] = STAGE_TCP,
		[TLS_HANDSHAKE] = STAGE_TLS,
		[TLS_READY] = STAGE_DNS,
		[TLS_ENDED] = STAGE_DNS,
	};

	return stage[t->state];
}

static void fail_system(struct tls *t, int error)
{
	tcp_socket_fault(&t->end, stage_of(t), error);
}

/* ------------------------------------------------------------------ sending */

/*
 * Sends what is sealed, as far as the socket takes it.  False: the connection is gone, t->end says
 * why.
 */
static bool send_out(struct tls *t)
{
	int error = tcp_stream_send(&t->stream, &t->engine.out);

	if (error)
		fail_system(t, error);
	return !error;
}

static bool has_room(const struct transport *base)
{
	struct tls *t = container_of(base, struct tls, base);

	t->starved =
		bytes_len(&t->engine.pending) + bytes_len(&t->engine.out) >= TCP_STREAM_OUT_MAX;
	return !t->starved;
}

static uint64_t unacked_us(struct transport *base, uint64_t now_us, uint64_t *ret_rtt_us)
{
	return tcp_stream_unacked_us(&tls_of(base)->stream, now_us, ret_rtt_us);
}

static int send_message(struct transport *base, const uint8_t *msg, size_t len)
{
	struct tls *t = tls_of(base);
	struct bytes *pending = &t->engine.pending;

	if (t->state != TLS_READY)
		return -EPIPE;
	if (!has_room(base))
		return -ENOBUFS;
	/* A record ends at a message boundary (threats A68, design 9). */
	if (bytes_len(pending) > 0 && bytes_len(pending) + FRAME_PREFIX + len > TLS_RECORD_MAX &&
		!tls_engine_seal(&t->engine))
		return -EPIPE;
	return tcp_stream_frame(pending, msg, len);
}

static void flush(struct transport *base)
{
	struct tls *t = tls_of(base);

	if (t->state == TLS_ENDED || t->state == TLS_CONNECTING)
		return;
	if ((t->state != TLS_READY || tls_engine_seal(&t->engine)) && send_out(t)) {
		/* Drained at once: no event will tell that there is room again. */
		if (t->starved && has_room(base))
			turn_defer(&t->endpoint->loop->turn, &t->drained);
		return;
	}
	shut(t);
	turn_defer(&t->endpoint->loop->turn, &t->report);
}

/* ------------------------------------------------------------------ receiving */

/*
 * Gives every whole message out; what is behind the last one stays for the next read.  False: the
 * stream can't be read on.
 */
static bool give_out(struct tls *t)
{
	enum frame_state next = FRAME_MESSAGE;
	const uint8_t *msg;
	size_t len;

	while (t->state == TLS_READY && next == FRAME_MESSAGE) {
		next = tcp_stream_next(&t->engine.plain, &t->given_out, &msg, &len, &t->end);
		if (next == FRAME_MESSAGE)
			t->handler->message(t->handler_arg, msg, len);
	}
	return next != FRAME_BAD;
}

/* RFC 8446 6.2: our alert goes out, if it fits, and what is left of the session is forgotten. */
static void fail_session(struct tls *t)
{
	struct transport_end why = t->end;

	tls_endpoint_failed(t->endpoint, &t->peer, &why);
	send_out(t);
	t->end = why;
	end_now(t);
}

/*
 * The messages of the last read were given out as pointers that live until their turn's end; now
 * they may go. All records are opened before the first message of this read is given out: nothing
 * moves under it.
 */
static void receive(struct tls *t)
{
	bool over;

	bytes_consume(&t->engine.plain, t->given_out);
	t->given_out = 0;
	over = tls_engine_open(&t->engine) == TLS_PROGRESS_END;
	if (over)
		t->endpoint->stats->bound_post_handshake += t->engine.chatter_over;
	if (bytes_len(&t->engine.out) > 0) /* a key update is confirmed, renegotiation declined */
		turn_send(&t->endpoint->loop->turn, &t->finished);
	if (!give_out(t)) /* what came whole before the end counts */
		over = true;
	if (!over || t->state == TLS_ENDED)
		return;
	if (t->end.fault == FAULT_CLOSED)
		end_now(t);
	else
		fail_session(t);
}

static void become_ready(struct tls *t)
{
	t->state = TLS_READY;
	tls_endpoint_ready(t->endpoint, &t->engine, &t->base.info);
	t->handler->ready(t->handler_arg);
	if (t->state == TLS_READY && t->engine.in_len > 0)
		receive(t); /* tickets came along */
}

static void handshake(struct tls *t)
{
	switch (tls_engine_handshake(&t->engine)) {
	case TLS_PROGRESS_DONE:
		become_ready(t);
		/* Behind the sealing phase: Finished leaves with the first queries, or alone. */
		turn_send(&t->endpoint->loop->turn, &t->finished);
		break;
	case TLS_PROGRESS_MORE:
		if (!send_out(t))
			end_now(t);
		break;
	case TLS_PROGRESS_END:
		fail_session(t);
		break;
	}
}

/* ------------------------------------------------------------------ events */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tls *t = arg;
	uint8_t *scratch = t->endpoint->loop->scratch;
	ssize_t n = recv(fd, scratch, LOOP_READ_MAX, 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0) {
		if (n < 0)
			fail_system(t, errno);
		else
			tcp_socket_closed(&t->end, stage_of(t));
		if (t->state == TLS_HANDSHAKE)
			tls_endpoint_failed(t->endpoint, &t->peer, &t->end);
		end_now(t);
		return;
	}
	tls_engine_feed(&t->engine, scratch, (size_t)n);
	if (t->state == TLS_HANDSHAKE)
		handshake(t);
	else
		receive(t);
	tls_engine_feed(&t->engine, NULL, 0);
}

static void on_connected(struct tls *t)
{
	int error = tcp_socket_error(t->stream.fd);

	if (error) {
		fail_system(t, error);
		end_now(t);
		return;
	}
	t->state = TLS_HANDSHAKE;
	if (!tls_endpoint_waits(&t->waiter))
		tcp_stream_listen(&t->stream);
	ticket_free(t->ticket); /* it leaves with the ClientHello: once is all */
	t->ticket = NULL;
	t->handler->established(t->handler_arg);
	if (t->state == TLS_HANDSHAKE && !send_out(t))
		end_now(t);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct tls *t = arg;

	(void)fd;
	(void)what;
	if (t->state == TLS_CONNECTING)
		on_connected(t);
	else if (!send_out(t))
		end_now(t);
	else if (t->starved && has_room(&t->base))
		t->handler->room(t->handler_arg);
}

/* ------------------------------------------------------------------ life */

static void on_drained(struct turn_work *w)
{
	struct tls *t = container_of(w, struct tls, drained);

	if (t->state == TLS_READY)
		t->handler->room(t->handler_arg);
}

static void on_finished(struct turn_work *w)
{
	flush(&container_of(w, struct tls, finished)->base);
}

static void on_trust_loaded(struct tls_waiter *w)
{
	struct tls *t = container_of(w, struct tls, waiter);

	if (t->state == TLS_HANDSHAKE)
		tcp_stream_listen(&t->stream);
}

static void tls_close(struct transport *base)
{
	struct tls *t = tls_of(base);

	turn_forget(&t->report);
	turn_forget(&t->drained);
	turn_forget(&t->finished);
	if (t->state == TLS_READY && tls_engine_seal(&t->engine)) {
		tls_engine_goodbye(&t->engine);
		send_out(t);
	}
	shut(t);
}

static void tls_free(struct transport *base)
{
	struct tls *t = tls_of(base);

	turn_forget(&t->report);
	turn_forget(&t->drained);
	turn_forget(&t->finished);
	shut(t);
	tcp_stream_free(&t->stream);
	tls_engine_deinit(&t->engine);
	free(t);
}

static const struct transport_ops ops = {
	.has_room = has_room,
	.partial = partial,
	.unacked_us = unacked_us,
	.send = send_message,
	.flush = flush,
	.close = tls_close,
	.free = tls_free,
};

static struct tls *make(
	struct tls_endpoint *endpoint, const struct transport_handler *handler, void *handler_arg)
{
	struct tls *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->base.ops = &ops;
	t->base.info = (struct transport_info){ .stream = true,
		.max_message = DNS_MESSAGE_MAX,
		.protocol = "",
		.cipher = "",
		.doubt = "" };
	t->endpoint = endpoint;
	t->handler = handler;
	t->handler_arg = handler_arg;
	t->report.run = on_report;
	t->drained.run = on_drained;
	t->finished.run = on_finished;
	t->waiter.loaded = on_trust_loaded;
	tcp_stream_init(&t->stream);
	return t;
}

/*
 * The ClientHello is made now, keys and all, and leaves when the connection stands.
 */
static bool begin(struct tls *t, const struct addr *to, struct transport_end *ret_end)
{
	struct tls_endpoint *e = t->endpoint;

	t->peer = *to;
	t->ticket = tls_endpoint_ticket(e, to);
	if (!tls_engine_init(&t->engine, e->policy, t->ticket, &t->peer, &t->end)) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
		return false;
	}
	if (tls_engine_handshake(&t->engine) != TLS_PROGRESS_MORE) {
		*ret_end = t->end;
		return false;
	}
	t->engine.keep_ticket = tls_endpoint_keep;
	t->engine.keep_arg = e;
	if (!t->ticket) /* a full handshake is to come: they are loaded while the SYN travels */
		tls_endpoint_wait(e, &t->waiter);
	return true;
}

struct transport *tls_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end)
{
	struct tls *t = make(arg, handler, handler_arg);

	if (!t) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
		return NULL;
	}
	if (tcp_stream_open(&t->stream, t->endpoint->loop->base, to, t->endpoint->device,
		    on_readable, on_writable, t, ret_end) &&
		begin(t, to, ret_end))
		return &t->base;
	tls_free(&t->base);
	return NULL;
}
