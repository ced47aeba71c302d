#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/dns/frame.h"
#include "common/dns/message.h"
#include "proxy/loop.h"
#include "proxy/upstream/plain.h"
#include "proxy/upstream/tcp_socket.h"

/* Waiting to be sent; above it queries stay in the session. */
#define OUT_MAX 65536u

enum tcp_state { TCP_CONNECTING = 0, TCP_READY, TCP_ENDED };

struct plain_tcp {
	struct transport base;
	struct plain_endpoint *endpoint;
	const struct transport_handler *handler;
	void *handler_arg;
	enum tcp_state state;
	struct tcp_progress progress;
	int fd; /* -1 once ended */
	struct event *readable, *writable;
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
	if (t->fd < 0)
		return;
	event_del(t->readable);
	event_del(t->writable);
	close(t->fd);
	t->fd = -1;
}

static const uint8_t *partial(const struct transport *base, size_t *ret_len)
{
	const struct plain_tcp *t = container_of(base, const struct plain_tcp, base);

	*ret_len = bytes_len(&t->in) - t->given_out;
	return *ret_len ? bytes_front(&t->in) + t->given_out : NULL;
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

static void fail(struct plain_tcp *t, enum transport_fault fault, const char *text)
{
	t->end.stage = STAGE_DNS;
	t->end.fault = fault;
	snprintf(t->end.text, sizeof t->end.text, "%s", text);
}

/* ------------------------------------------------------------------ sending */

/* As far as the socket takes it.  False: the connection is gone, t->end says why. */
static bool send_out(struct plain_tcp *t)
{
	while (bytes_len(&t->out) > 0) {
		ssize_t n = send(t->fd, bytes_front(&t->out), bytes_len(&t->out), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			event_add(t->writable, NULL);
			return true;
		}
		if (n < 0) {
			fail_system(t, errno);
			return false;
		}
		bytes_consume(&t->out, (size_t)n);
	}
	return true;
}

static bool has_room(const struct transport *base)
{
	struct plain_tcp *t = container_of(base, struct plain_tcp, base);

	t->starved = bytes_len(&t->out) >= OUT_MAX;
	return !t->starved;
}

static uint64_t unacked_us(struct transport *base, uint64_t now_us, uint64_t *ret_rtt_us)
{
	struct plain_tcp *t = tcp_of(base);

	*ret_rtt_us = 0;
	return t->fd < 0 ? 0 : tcp_socket_unacked_us(t->fd, &t->progress, now_us, ret_rtt_us);
}

static int send_message(struct transport *base, const uint8_t *msg, size_t len)
{
	struct plain_tcp *t = tcp_of(base);
	uint8_t *room;

	if (t->state != TCP_READY)
		return -EPIPE;
	if (!has_room(base))
		return -ENOBUFS;
	room = bytes_reserve(&t->out, FRAME_PREFIX + len);
	if (!room)
		return -ENOMEM;
	wire_put16(room, (uint16_t)len);
	memcpy(room + FRAME_PREFIX, msg, len);
	bytes_commit(&t->out, FRAME_PREFIX + len);
	return 0;
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
	char text[TRANSPORT_TEXT_MAX];
	const uint8_t *msg;
	size_t len, used;

	while (t->state == TCP_READY && bytes_len(&t->in) > t->given_out) {
		const uint8_t *front = bytes_front(&t->in) + t->given_out;

		switch (frame_next(front, bytes_len(&t->in) - t->given_out, &msg, &len, &used)) {
		case FRAME_MESSAGE:
			t->given_out += used;
			t->handler->message(t->handler_arg, msg, len);
			break;
		case FRAME_MORE:
			return true;
		case FRAME_BAD:
			snprintf(text, sizeof text, "impossible length prefix %u",
				wire_get16(front));
			fail(t, FAULT_PROTOCOL, text);
			return false;
		}
	}
	return true;
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
		fail(t, FAULT_CLOSED, "closed by the server");
	if (n <= 0 || !take_in(t, scratch, (size_t)n) || !give_out(t)) {
		if (t->state != TCP_ENDED)
			end_now(t);
	}
}

static void on_connected(struct plain_tcp *t)
{
	struct addr *local = &t->base.info.local;
	socklen_t len = sizeof *local;
	int error = tcp_socket_error(t->fd);

	if (error) {
		fail_system(t, error);
		end_now(t);
		return;
	}
	t->state = TCP_READY;
	t->base.info.protocol = "TCP";
	if (getsockname(t->fd, &local->sa, &len) < 0)
		local->sa.sa_family = AF_UNSPEC;
	event_add(t->readable, NULL);
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
	if (t->readable)
		event_free(t->readable);
	if (t->writable)
		event_free(t->writable);
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
	t->fd = -1;
	return t;
}

static bool make_events(struct plain_tcp *t, int fd)
{
	struct event_base *base = t->endpoint->loop->base;

	t->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, t);
	t->writable = event_new(base, fd, EV_WRITE, on_writable, t);
	return t->readable && t->writable && event_add(t->writable, NULL) == 0;
}

struct transport *plain_tcp_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end)
{
	struct plain_endpoint *endpoint = arg;
	struct plain_tcp *t = make(endpoint, handler, handler_arg);
	int fd = t ? tcp_socket_connect(to, endpoint->device, ret_end) : -1;

	if (!t)
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
	if (fd >= 0 && make_events(t, fd)) {
		t->fd = fd;
		return &t->base;
	}
	if (fd >= 0) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
		close(fd);
	}
	if (t)
		tcp_free(&t->base);
	return NULL;
}
