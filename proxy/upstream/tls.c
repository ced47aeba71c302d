#include "proxy/upstream/tls.h"

#include <errno.h>
#include <event2/event.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/dns/frame.h"
#include "common/dns/wire.h"
#include "proxy/loop.h"
#include "proxy/upstream/credentials.h"
#include "proxy/upstream/tcp_socket.h"

/* Sealed or waiting to be sealed; above it queries stay in the session (design 5, last point). */
#define OUT_MAX	   65536u
#define RECORD_MAX 16384u
#define DOT_ALT_PORT 443 /* shared with DoH: there the server has to choose "dot" (standards 7.5) */

enum tls_state { TLS_CONNECTING = 0, TLS_HANDSHAKE, TLS_READY, TLS_ENDED };

struct tls {
	struct transport base;
	const struct tls_endpoint *endpoint;
	const struct transport_handler *handler;
	void *handler_arg;
	enum tls_state state;
	int fd; /* -1 once ended */
	struct event *readable, *writable;
	gnutls_session_t session;

	const uint8_t *in; /* what recv() gave, while gnutls pulls; else NULL */
	size_t in_len;
	struct bytes plain;   /* opened: messages given out, and a partial one behind them */
	size_t plain_used;    /* octets of it given out, consumed by the next read */
	struct bytes pending; /* framed messages, not sealed */
	struct bytes out;     /* sealed, not sent */
	bool starved;	      /* has_room was false */

	struct transport_end end; /* valid once ended */
	struct turn_work report;  /* end found in a call: told from the deferred phase */
};

static struct tls *tls_of(struct transport *t)
{
	return container_of(t, struct tls, base);
}

/* ------------------------------------------------------------------ GnuTLS's side of the buffers */

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	struct tls *t = ptr;

	if (t->in_len == 0) {
		gnutls_transport_set_errno(t->session, EAGAIN);
		return -1;
	}
	if (len > t->in_len)
		len = t->in_len;
	memcpy(data, t->in, len);
	t->in += len;
	t->in_len -= len;
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct tls *t = ptr;

	(void)ms;
	return t->in_len > 0;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct tls *t = ptr;

	if (bytes_append(&t->out, data, len) < 0) {
		gnutls_transport_set_errno(t->session, ENOMEM);
		return -1;
	}
	return (ssize_t)len;
}

/* ------------------------------------------------------------------ the end */

static void shut(struct tls *t)
{
	t->state = TLS_ENDED;
	if (t->fd < 0)
		return;
	event_del(t->readable);
	event_del(t->writable);
	close(t->fd);
	t->fd = -1;
}

static void tell_end(struct tls *t)
{
	t->end.partial = bytes_front(&t->plain) + t->plain_used;
	t->end.partial_len = bytes_len(&t->plain) - t->plain_used;
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

static void fail_system(struct tls *t, int error)
{
	tcp_socket_fault(&t->end, t->state == TLS_READY ? STAGE_DNS : t->state == TLS_HANDSHAKE ? STAGE_TLS : STAGE_TCP, error);
}

static void fail_closed(struct tls *t, const char *how)
{
	t->end.stage = t->state == TLS_READY ? STAGE_DNS : STAGE_TLS;
	t->end.fault = FAULT_CLOSED;
	snprintf(t->end.text, sizeof t->end.text, "closed by the server%s", how);
}

static void fail_tls(struct tls *t, int err)
{
	if (t->end.stage == STAGE_AUTH)
		return; /* the verdict on the certificate says more */
	t->end.stage = t->state == TLS_READY ? STAGE_DNS : STAGE_TLS;
	t->end.fault = FAULT_PROTOCOL;
	if (err == GNUTLS_E_FATAL_ALERT_RECEIVED || err == GNUTLS_E_WARNING_ALERT_RECEIVED)
		snprintf(t->end.text, sizeof t->end.text, "alert from the server: %s",
			gnutls_alert_get_name(gnutls_alert_get(t->session)));
	else
		snprintf(t->end.text, sizeof t->end.text, "%s", gnutls_strerror(err));
}

/* ------------------------------------------------------------------ sending */

/* Seals what is pending as one record (more where a single message is longer than a record). */
static int seal(struct tls *t)
{
	while (bytes_len(&t->pending) > 0) {
		ssize_t n = gnutls_record_send(t->session, bytes_front(&t->pending), bytes_len(&t->pending));

		if (n < 0)
			return (int)n;
		bytes_consume(&t->pending, (size_t)n);
	}
	return 0;
}

/* Sends what is sealed, as far as the socket takes it.  False: the connection is gone, t->end says why. */
static bool send_out(struct tls *t)
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
	struct tls *t = container_of(base, struct tls, base);

	t->starved = bytes_len(&t->pending) + bytes_len(&t->out) >= OUT_MAX;
	return !t->starved;
}

static int send_message(struct transport *base, const uint8_t *msg, size_t len)
{
	struct tls *t = tls_of(base);
	uint8_t *room;

	if (t->state != TLS_READY)
		return -EPIPE;
	if (!has_room(base))
		return -ENOBUFS;
	/* A record ends at a message boundary (threats A68, design 9). */
	if (bytes_len(&t->pending) > 0 && bytes_len(&t->pending) + FRAME_PREFIX + len > RECORD_MAX &&
		seal(t) < 0)
		return -EPIPE;
	room = bytes_reserve(&t->pending, FRAME_PREFIX + len);
	if (!room)
		return -ENOMEM;
	wire_put16(room, (uint16_t)len);
	memcpy(room + FRAME_PREFIX, msg, len);
	bytes_commit(&t->pending, FRAME_PREFIX + len);
	return 0;
}

static void flush(struct transport *base)
{
	struct tls *t = tls_of(base);
	int err;

	if (t->state == TLS_ENDED || t->state == TLS_CONNECTING)
		return;
	err = t->state == TLS_READY ? seal(t) : 0;
	if (err < 0)
		fail_tls(t, err);
	if (err == 0 && send_out(t))
		return;
	shut(t);
	turn_defer(&t->endpoint->loop->turn, &t->report);
}

/* ------------------------------------------------------------------ receiving */

/* Gives every whole message out; what is behind the last one stays for the next read. */
static bool give_out(struct tls *t)
{
	const uint8_t *msg;
	size_t len, used;
	enum frame_state state;

	while ((state = frame_next(bytes_front(&t->plain) + t->plain_used,
			bytes_len(&t->plain) - t->plain_used, &msg, &len, &used)) == FRAME_MESSAGE) {
		t->plain_used += used;
		t->handler->message(t->handler_arg, msg, len);
		if (t->state == TLS_ENDED)
			return true; /* closed by its handler */
	}
	if (state == FRAME_MORE)
		return true;
	t->end.stage = STAGE_DNS;
	t->end.fault = FAULT_PROTOCOL;
	snprintf(t->end.text, sizeof t->end.text, "impossible length prefix %u",
		wire_get16(bytes_front(&t->plain) + t->plain_used));
	return false;
}

/*
 * Opens every record that is here into t->plain.  0: all opened, more may come; 1: the stream has ended (t->end).
 * Post-handshake messages (tickets, key updates) are dealt with inside GnuTLS.
 */
static int open_records(struct tls *t)
{
	for (;;) {
		uint8_t *room = bytes_reserve(&t->plain, RECORD_MAX);
		size_t before = t->in_len;
		ssize_t n;

		if (!room) {
			fail_system(t, ENOMEM);
			return 1;
		}
		n = gnutls_record_recv(t->session, room, RECORD_MAX);
		if (n > 0) {
			bytes_commit(&t->plain, (size_t)n);
		} else if (n == GNUTLS_E_AGAIN) {
			/* Also said behind a ticket or a key update, with more records at hand. */
			if (t->in_len == 0 || t->in_len == before)
				return 0;
		} else if (n == 0) {
			fail_closed(t, " (close_notify)");
			return 1;
		} else if (gnutls_error_is_fatal((int)n) || n == GNUTLS_E_REHANDSHAKE) {
			fail_tls(t, (int)n); /* renegotiation is not done (RFC 9325 3.5) */
			return 1;
		}
	}
}

/*
 * Messages of the last read were given out as pointers that live until their turn's end; now they may go.
 * Room for a whole read is made at once, so that nothing moves while this turn's pointers are out.
 */
static bool prepare_plain(struct tls *t)
{
	bytes_consume(&t->plain, t->plain_used);
	t->plain_used = 0;
	return bytes_reserve(&t->plain, LOOP_READ_MAX + 2 * RECORD_MAX) != NULL;
}

static void receive(struct tls *t)
{
	bool over;

	if (!prepare_plain(t)) {
		fail_system(t, ENOMEM);
		end_now(t);
		return;
	}
	over = open_records(t) != 0;
	/* What came whole before the end counts. */
	if (!give_out(t) || over) {
		if (t->state != TLS_ENDED)
			end_now(t);
	}
}

/* ------------------------------------------------------------------ the handshake */

static int on_verify(gnutls_session_t session)
{
	struct tls *t = gnutls_session_get_ptr(session);

	if (credentials_verify(session, t->endpoint->auth_name, &t->endpoint->addr, t->end.text,
		    sizeof t->end.text))
		return 0;
	t->end.stage = STAGE_AUTH;
	t->end.fault = FAULT_PROTOCOL;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* The server may ignore ALPN, but not choose something that was not offered (RFC 9325 3.8). */
static bool alpn_is_good(struct tls *t)
{
	gnutls_datum_t chosen;
	bool any = gnutls_alpn_get_selected_protocol(t->session, &chosen) == 0;

	if (any ? chosen.size == 3 && memcmp(chosen.data, "dot", 3) == 0
		: addr_port(&t->endpoint->addr) != DOT_ALT_PORT)
		return true;
	t->end.stage = STAGE_TLS;
	t->end.fault = FAULT_PROTOCOL;
	snprintf(t->end.text, sizeof t->end.text, any ? "the server chose another protocol than DNS over TLS"
						      : "the server does not confirm DNS over TLS on port 443");
	return false;
}

static void become_ready(struct tls *t)
{
	t->state = TLS_READY;
	t->base.info.authenticated = true;
	t->base.info.protocol = gnutls_protocol_get_name(gnutls_protocol_get_version(t->session));
	t->base.info.cipher = gnutls_cipher_get_name(gnutls_cipher_get(t->session));
	t->handler->ready(t->handler_arg);
}

static void handshake(struct tls *t)
{
	int err;

	do
		err = gnutls_handshake(t->session);
	while (err < 0 && err != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(err));
	if (err == GNUTLS_E_AGAIN) {
		if (!send_out(t))
			end_now(t);
		return;
	}
	if (err == 0 && alpn_is_good(t)) {
		become_ready(t);
		if (t->state == TLS_READY && t->in_len > 0)
			receive(t); /* tickets came along */
		return;
	}
	if (err < 0)
		fail_tls(t, err);
	gnutls_alert_send_appropriate(t->session, err);
	send_out(t); /* the alert, if it fits */
	end_now(t);
}

/* ------------------------------------------------------------------ events */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tls *t = arg;
	struct loop *loop = t->endpoint->loop;
	ssize_t n;

	(void)what;
	do
		n = recv(fd, loop->scratch, LOOP_READ_MAX, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (n <= 0) {
		if (n < 0)
			fail_system(t, errno);
		else
			fail_closed(t, "");
		end_now(t);
		return;
	}
	t->in = loop->scratch;
	t->in_len = (size_t)n;
	if (t->state == TLS_HANDSHAKE)
		handshake(t);
	else
		receive(t);
	t->in = NULL;
	t->in_len = 0;
}

static void on_connected(struct tls *t)
{
	int error = tcp_socket_error(t->fd);

	if (error) {
		fail_system(t, error);
		end_now(t);
		return;
	}
	t->state = TLS_HANDSHAKE;
	event_add(t->readable, NULL);
	t->handler->established(t->handler_arg);
	if (t->state == TLS_HANDSHAKE)
		handshake(t);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct tls *t = arg;

	(void)fd;
	(void)what;
	if (t->state == TLS_CONNECTING) {
		on_connected(t);
	} else if (!send_out(t)) {
		end_now(t);
	} else if (t->starved && has_room(&t->base)) {
		t->handler->room(t->handler_arg);
	}
}

/* ------------------------------------------------------------------ life */

static void tls_close(struct transport *base)
{
	struct tls *t = tls_of(base);

	turn_forget(&t->report);
	if (t->state == TLS_READY && seal(t) == 0 && gnutls_bye(t->session, GNUTLS_SHUT_WR) == 0)
		send_out(t);
	shut(t);
}

static void tls_free(struct transport *base)
{
	struct tls *t = tls_of(base);

	turn_forget(&t->report);
	shut(t);
	if (t->readable)
		event_free(t->readable);
	if (t->writable)
		event_free(t->writable);
	if (t->session)
		gnutls_deinit(t->session);
	bytes_free(&t->plain);
	bytes_free(&t->pending);
	bytes_free(&t->out);
	free(t);
}

static const struct transport_ops ops = {
	.has_room = has_room,
	.send = send_message,
	.flush = flush,
	.close = tls_close,
	.free = tls_free,
};

/*
 * Tickets come with a later capability: until they are kept with the verdict that they stand for, none is asked
 * for.  SNI carries the configured name; an address never goes there (RFC 6066 3, standards 7.5).
 */
static int make_session(struct tls *t)
{
	const char *name = t->endpoint->auth_name;
	int err = gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);

	if (err < 0)
		return err;
	gnutls_session_set_ptr(t->session, t);
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_transport_set_pull_timeout_function(t->session, pull_timeout);
	gnutls_transport_set_push_function(t->session, push);
	gnutls_handshake_set_timeout(t->session, 0); /* the session above has its own limit */
	gnutls_session_set_verify_function(t->session, on_verify);
	err = credentials_apply(t->endpoint->credentials, t->session);
	if (err == 0 && name)
		err = gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, name, strlen(name));
	return err;
}

static int make_events(struct tls *t)
{
	struct event_base *base = t->endpoint->loop->base;

	t->readable = event_new(base, t->fd, EV_READ | EV_PERSIST, on_readable, t);
	t->writable = event_new(base, t->fd, EV_WRITE, on_writable, t);
	if (!t->readable || !t->writable)
		return -ENOMEM;
	return event_add(t->writable, NULL);
}

struct transport *tls_open(void *arg, const struct transport_handler *handler, void *handler_arg,
	struct transport_end *ret_end)
{
	struct tls *t = calloc(1, sizeof *t);

	if (!t) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
		return NULL;
	}
	t->base.ops = &ops;
	t->base.info = (struct transport_info){ .stream = true, .max_message = 65535, .protocol = "", .cipher = "" };
	t->endpoint = arg;
	t->handler = handler;
	t->handler_arg = handler_arg;
	t->report.run = on_report;
	t->fd = tcp_socket_connect(&t->endpoint->addr, ret_end);
	if (t->fd >= 0 && make_session(t) == 0 && make_events(t) == 0)
		return &t->base;
	if (t->fd >= 0)
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
	if (t->fd >= 0 && (!t->readable || !t->writable)) {
		close(t->fd); /* shut() needs both events */
		t->fd = -1;
	}
	tls_free(&t->base);
	return NULL;
}
