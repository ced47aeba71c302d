#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/bytes.h"
#include "common/dns/message.h"
#include "proxy/loop.h"
#include "proxy/upstream/plain.h"
#include "proxy/upstream/tcp_stream.h"

enum tcp_state { TCP_CONNECTING = 0, TCP_READY, TCP_ENDED };

struct plain_tcp {
	struct transport base;
	struct plain_endpoint *endpoint;
	const struct transport_handler *handler;
	void *handler_arg;
	enum tcp_state state;
	struct tcp_stream stream;
	struct bytes in, out;
	size_t given_out; /* octets of `in` in messages given out, consumed by the next read */
	bool starved;	  /* has_room was false */
	struct transport_end end; /* valid once ended */
	struct turn_work report;  /* an end found inside a call: told from the deferred phase */
	struct turn_work drained; /* flush made room: told from the deferred phase */
};

static struct plain_tcp *tcp_of(struct transport *t)
{
	return container_of(t, struct plain_tcp, base);
}

/* ------------------------------------------------------------------ the end */

static void shut(struct plain_tcp *t)
{
	t->state = TCP_ENDED;
	tcp_stream_shut(&t->stream);
}

static const uint8_t *partial(const struct transport *base, size_t *ret_len)
{
	const struct plain_tcp *t = container_of(base, const struct plain_tcp, base);

	return tcp_stream_partial(&t->in, t->given_out, ret_len);
}

static void tell_end(struct plain_tcp *t)
{
	t->end.partial = partial(&t->base, &t->end.partial_len);
	t->handler->ended(t->handler_arg, &t->end);
}

static void on_report(struct turn_work *w)
{
	tell_end(container_of(w, struct plain_tcp, report));
}

static void end_now(struct plain_tcp *t)
{
	shut(t);
	tell_end(t);
}

static void fail_system(struct plain_tcp *t, int error)
{
	tcp_socket_fault(&t->end, t->state == TCP_CONNECTING ? STAGE_TCP : STAGE_DNS, error);
}

/* ------------------------------------------------------------------ sending */

/* As far as the socket takes it.  False: the connection is gone, t->end says why. */
static bool send_out(struct plain_tcp *t)
{
	int error = tcp_stream_send(&t->stream, &t->out);

	if (error)
		fail_system(t, error);
	return !error;
}

static bool has_room(const struct transport *base)
{
	struct plain_tcp *t = container_of(base, struct plain_tcp, base);

	t->starved = bytes_len(&t->out) >= TCP_STREAM_OUT_MAX;
	return !t->starved;
}

static uint64_t unacked_us(struct transport *base, uint64_t now_us, uint64_t *ret_rtt_us)
{
	return tcp_stream_unacked_us(&tcp_of(base)->stream, now_us, ret_rtt_us);
}

static int send_message(struct transport *base, const uint8_t *msg, size_t len)
{
	struct plain_tcp *t = tcp_of(base);

	if (t->state != TCP_READY)
		return -EPIPE;
	if (!has_room(base))
		return -ENOBUFS;
	return tcp_stream_frame(&t->out, msg, len);
}

/* All queries of a turn leave with one send(). */
static void flush(struct transport *base)
{
	struct plain_tcp *t = tcp_of(base);

	if (t->state != TCP_READY)
		return;
	if (send_out(t)) {
		if (t->starved && has_room(base))
			turn_defer(&t->endpoint->loop->turn, &t->drained);
		return;
	}
	shut(t);
	turn_defer(&t->endpoint->loop->turn, &t->report);
}

/* ------------------------------------------------------------------ receiving */

/* Every whole message; the rest stays.  False: the stream can't be read on. */
static bool give_out(struct plain_tcp *t)
{
	enum frame_state next = FRAME_MESSAGE;
	const uint8_t *msg;
	size_t len;

	while (t->state == TCP_READY && next == FRAME_MESSAGE) {
		next = tcp_stream_next(&t->in, &t->given_out, &msg, &len, &t->end);
		if (next == FRAME_MESSAGE)
			t->handler->message(t->handler_arg, msg, len);
	}
	return next != FRAME_BAD;
}

/* The messages of the last read live until their turn's end: now they may go. */
static bool take_in(struct plain_tcp *t, const uint8_t *data, size_t len)
{
	bytes_consume(&t->in, t->given_out);
	t->given_out = 0;
	if (bytes_append(&t->in, data, len) == 0)
		return true;
	tcp_socket_fault(&t->end, STAGE_DNS, ENOMEM);
	return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct plain_tcp *t = arg;
	uint8_t *scratch = t->endpoint->loop->scratch;
	ssize_t n = recv(fd, scratch, LOOP_READ_MAX, 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n < 0)
		fail_system(t, errno);
	else if (n == 0)
		tcp_socket_closed(&t->end, STAGE_DNS);
	if (n <= 0 || !take_in(t, scratch, (size_t)n) || !give_out(t)) {
		if (t->state != TCP_ENDED)
			end_now(t);
	}
}

static void on_connected(struct plain_tcp *t)
{
	struct addr *local = &t->base.info.local;
	socklen_t len = sizeof *local;
	int error = tcp_socket_error(t->stream.fd);

	if (error) {
		fail_system(t, error);
		end_now(t);
		return;
	}
	t->state = TCP_READY;
	t->base.info.protocol = "TCP";
	if (getsockname(t->stream.fd, &local->sa, &len) < 0)
		local->sa.sa_family = AF_UNSPEC;
	tcp_stream_listen(&t->stream);
	t->handler->established(t->handler_arg);
	if (t->state == TCP_READY)
		t->handler->ready(t->handler_arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct plain_tcp *t = arg;

	(void)fd;
	(void)what;
	if (t->state == TCP_CONNECTING)
		on_connected(t);
	else if (!send_out(t))
		end_now(t);
	else if (t->starved && has_room(&t->base))
		t->handler->room(t->handler_arg);
}

/* ------------------------------------------------------------------ life */

static void on_drained(struct turn_work *w)
{
	struct plain_tcp *t = container_of(w, struct plain_tcp, drained);

	if (t->state == TCP_READY)
		t->handler->room(t->handler_arg);
}

static void tcp_close(struct transport *base)
{
	struct plain_tcp *t = tcp_of(base);

	turn_forget(&t->report);
	turn_forget(&t->drained);
	shut(t);
}

static void tcp_free(struct transport *base)
{
	struct plain_tcp *t = tcp_of(base);

	tcp_close(base);
	tcp_stream_free(&t->stream);
	bytes_free(&t->in);
	bytes_free(&t->out);
	free(t);
}

static const struct transport_ops ops = {
	.has_room = has_room,
	.partial = partial,
	.unacked_us = unacked_us,
	.send = send_message,
	.flush = flush,
	.close = tcp_close,
	.free = tcp_free,
};

static struct plain_tcp *make(
	struct plain_endpoint *endpoint, const struct transport_handler *handler, void *handler_arg)
{
	struct plain_tcp *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->base.ops = &ops;
	t->base.info = (struct transport_info){ .stream = true,
		.clear = true,
		.max_message = DNS_MESSAGE_MAX,
		.protocol = "",
		.cipher = "",
		.doubt = "it is in clear" };
	t->endpoint = endpoint;
	t->handler = handler;
	t->handler_arg = handler_arg;
	t->report.run = on_report;
	t->drained.run = on_drained;
	tcp_stream_init(&t->stream);
	return t;
}

struct transport *plain_tcp_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end)
{
	struct plain_endpoint *endpoint = arg;
	struct plain_tcp *t = make(endpoint, handler, handler_arg);

	if (!t) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
		return NULL;
	}
	if (tcp_stream_open(&t->stream, endpoint->loop->base, to, endpoint->device, on_readable,
		    on_writable, t, ret_end))
		return &t->base;
	tcp_free(&t->base);
	return NULL;
}
