/*
 * What transports over a TCP connection have in common, encrypted or not: the socket with its events,
 * octets out, and framed messages (RFC 7766 8) out of octets in.
 */
#ifndef PROXY_UPSTREAM_TCP_STREAM_H
#define PROXY_UPSTREAM_TCP_STREAM_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/dns/frame.h"
#include "proxy/upstream/tcp_socket.h"

/* What waits to be sent, or to be sealed: above it queries stay in the session (design 5, last point). */
#define TCP_STREAM_OUT_MAX 65536u

struct tcp_stream {
	int fd; /* -1: not open, or shut */
	struct event *readable, *writable;
	struct tcp_progress progress;
};

/* What a zeroed struct has to be before anything else. */
static inline void tcp_stream_init(struct tcp_stream *s)
{
	s->fd = -1;
}

/*
 * Starts to connect; on_writable comes when that has ended (tcp_socket_error says how), and again after each
 * tcp_stream_send that could not send all.  on_readable comes from tcp_stream_listen on.  False with *ret_end
 * filled; then there is nothing to free.
 */
bool tcp_stream_open(struct tcp_stream *s, struct event_base *base, const struct addr *to,
	const char *device, event_callback_fn on_readable, event_callback_fn on_writable, void *arg,
	struct transport_end *ret_end);

static inline void tcp_stream_listen(struct tcp_stream *s)
{
	event_add(s->readable, NULL);
}

/* No event comes any more.  Any number of times. */
void tcp_stream_shut(struct tcp_stream *s);
/* Shut, too; not from inside its own events. */
void tcp_stream_free(struct tcp_stream *s);

/* Sends what is in out, as far as the socket takes it.  0, or the errno that ends the connection. */
int tcp_stream_send(struct tcp_stream *s, struct bytes *out);

/* As transport.h's unacked_us. */
uint64_t tcp_stream_unacked_us(struct tcp_stream *s, uint64_t now_us, uint64_t *ret_rtt_us);

/* Puts length and message behind what is there.  0 or -ENOMEM. */
int tcp_stream_frame(struct bytes *out, const uint8_t *msg, size_t len);

/*
 * The next message of `in` behind the *given octets that were given out; it moves *given on.  The octets stay
 * where they are until the caller consumes them.  FRAME_BAD: *ret_end says which prefix.
 */
enum frame_state tcp_stream_next(const struct bytes *in, size_t *given, const uint8_t **ret_msg,
	size_t *ret_len, struct transport_end *ret_end);

/* What stands unfinished behind *given octets; NULL: nothing. */
const uint8_t *tcp_stream_partial(const struct bytes *in, size_t given, size_t *ret_len);

#endif
