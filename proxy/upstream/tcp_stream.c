#include "proxy/upstream/tcp_stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/dns/wire.h"

/* ------------------------------------------------------------------ the socket */

static bool make_events(struct tcp_stream *s, struct event_base *base,
	event_callback_fn on_readable, event_callback_fn on_writable, void *arg)
{
	s->readable = event_new(base, s->fd, EV_READ | EV_PERSIST, on_readable, arg);
	s->writable = event_new(base, s->fd, EV_WRITE, on_writable, arg);
	return s->readable && s->writable && event_add(s->writable, NULL) == 0;
}

bool tcp_stream_open(struct tcp_stream *s, struct event_base *base, const struct addr *to,
	const char *device, event_callback_fn on_readable, event_callback_fn on_writable, void *arg,
	struct transport_end *ret_end)
{
	s->fd = tcp_socket_connect(to, device, ret_end);
	if (s->fd < 0)
		return false;
	if (make_events(s, base, on_readable, on_writable, arg))
		return true;
	tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
	tcp_stream_free(s);
	return false;
}

void tcp_stream_shut(struct tcp_stream *s)
{
	if (s->fd < 0)
		return;
	if (s->readable)
		event_del(s->readable);
	if (s->writable)
		event_del(s->writable);
	close(s->fd);
	s->fd = -1;
}

void tcp_stream_free(struct tcp_stream *s)
{
	tcp_stream_shut(s);
	if (s->readable)
		event_free(s->readable);
	if (s->writable)
		event_free(s->writable);
	s->readable = s->writable = NULL;
}

int tcp_stream_send(struct tcp_stream *s, struct bytes *out)
{
	while (bytes_len(out) > 0) {
		ssize_t n = send(s->fd, bytes_front(out), bytes_len(out), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			event_add(s->writable, NULL);
			return 0;
		}
		if (n < 0)
			return errno;
		bytes_consume(out, (size_t)n);
	}
	return 0;
}

uint64_t tcp_stream_unacked_us(struct tcp_stream *s, uint64_t now_us, uint64_t *ret_rtt_us)
{
	*ret_rtt_us = 0;
	return s->fd < 0 ? 0 : tcp_socket_unacked_us(s->fd, &s->progress, now_us, ret_rtt_us);
}

/* ------------------------------------------------------------------ messages */

int tcp_stream_frame(struct bytes *out, const uint8_t *msg, size_t len)
{
	uint8_t *room = bytes_reserve(out, FRAME_PREFIX + len);

	if (!room)
		return -ENOMEM;
	wire_put16(room, (uint16_t)len);
	memcpy(room + FRAME_PREFIX, msg, len);
	bytes_commit(out, FRAME_PREFIX + len);
	return 0;
}

enum frame_state tcp_stream_next(const struct bytes *in, size_t *given, const uint8_t **ret_msg,
	size_t *ret_len, struct transport_end *ret_end)
{
	size_t rest, used;
	const uint8_t *front = tcp_stream_partial(in, *given, &rest);
	enum frame_state v = front ? frame_next(front, rest, ret_msg, ret_len, &used) : FRAME_MORE;

	if (v == FRAME_MESSAGE)
		*given += used;
	if (v == FRAME_BAD) {
		ret_end->stage = STAGE_DNS;
		ret_end->fault = FAULT_PROTOCOL;
		snprintf(ret_end->text, sizeof ret_end->text, "impossible length prefix %u",
			wire_get16(front));
	}
	return v;
}

const uint8_t *tcp_stream_partial(const struct bytes *in, size_t given, size_t *ret_len)
{
	*ret_len = bytes_len(in) - given;
	return *ret_len ? bytes_front(in) + given : NULL;
}
