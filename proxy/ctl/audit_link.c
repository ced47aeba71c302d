#include "proxy/ctl/audit_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/dns/frame.h"
#include "proxy/upstream/tcp_socket.h"

#define READ_MAX 16384u

/* ------------------------------------------------------------------ the end */

static bool fail(struct audit_link *l, enum transport_stage stage, enum transport_fault fault,
	const char *text)
{
	l->end.stage = stage;
	l->end.fault = fault;
	snprintf(l->end.text, sizeof l->end.text, "%s", text);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	return false;
}

static enum transport_stage stage_of(const struct audit_link *l)
{
	return l->engine.ready ? STAGE_DNS : STAGE_TLS;
}

/* The engine, or the system, has said why already. */
static bool shut(struct audit_link *l)
{
	close(l->fd);
	l->fd = -1;
	return false;
}

static bool fail_system(struct audit_link *l, enum transport_stage stage, int error)
{
	tcp_socket_fault(&l->end, stage, error);
	return shut(l);
}

/* ------------------------------------------------------------------ the socket */

static bool finish_connect(struct audit_link *l, uint64_t until_us)
{
	int error;

	if (!audit_wait_for(l->fd, POLLOUT, until_us))
		return fail(l, STAGE_TCP, FAULT_TIMEOUT, "no answer");
	error = tcp_socket_error(l->fd);
	return error ? fail_system(l, STAGE_TCP, error) : true;
}

static bool send_out(struct audit_link *l, uint64_t until_us)
{
	struct bytes *out = &l->engine.out;

	while (bytes_len(out) > 0) {
		ssize_t n = send(l->fd, bytes_front(out), bytes_len(out), MSG_NOSIGNAL);

		if (n > 0)
			bytes_consume(out, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return fail_system(l, stage_of(l), errno);
		else if (!audit_wait_for(l->fd, POLLOUT, until_us))
			return fail(l, stage_of(l), FAULT_TIMEOUT, "it takes nothing");
	}
	return true;
}

/* Feeds the engine: true, unless nothing came in time (still open) or it is over. */
static bool feed(struct audit_link *l, uint8_t data[READ_MAX], uint64_t until_us)
{
	ssize_t n;

	if (!audit_wait_for(l->fd, POLLIN, until_us))
		return false;
	n = recv(l->fd, data, READ_MAX, 0);
	if (n > 0)
		tls_engine_feed(&l->engine, data, (size_t)n);
	else if (n == 0)
		return fail(l, stage_of(l), FAULT_CLOSED, "closed by the server");
	else if (errno != EAGAIN && errno != EINTR)
		return fail_system(l, stage_of(l), errno);
	else
		tls_engine_feed(&l->engine, NULL, 0);
	return true;
}

/* ------------------------------------------------------------------ TLS */

static void on_ticket(void *arg, struct tls_engine *e)
{
	struct audit_link *l = arg;

	l->tickets_seen++;
	tls_engine_keep_ticket(e, l->tickets, clock_boottime_us());
}

static bool shake_hands(struct audit_link *l, uint64_t until_us)
{
	uint8_t data[READ_MAX];
	enum tls_progress progress;

	while ((progress = tls_engine_handshake(&l->engine)) == TLS_PROGRESS_MORE) {
		if (!send_out(l, until_us))
			return false;
		tls_engine_feed(&l->engine, NULL, 0);
		if (!feed(l, data, until_us))
			return l->fd < 0 ? false
					 : fail(l, STAGE_TLS, FAULT_TIMEOUT,
						   "the handshake is not finished in time");
	}
	if (progress == TLS_PROGRESS_END) {
		send_out(l, until_us); /* the alert */
		return l->fd < 0 ? false : shut(l);
	}
	if (!l->engine.resumed)
		l->engine.verdict.judged_us = clock_boottime_us();
	/* TLS 1.2's came within the handshake. */
	if (l->engine.ticket_came)
		on_ticket(l, &l->engine);
	/* What else was in the last segment: tickets. */
	if (tls_engine_open(&l->engine) == TLS_PROGRESS_END)
		return shut(l);
	tls_engine_feed(&l->engine, NULL, 0);
	return send_out(l, until_us);
}

bool audit_link_open(struct audit_link *l, const struct addr *to, const struct tls_policy *policy,
	struct tickets *tickets, struct ticket *ticket, uint64_t until_us)
{
	uint64_t begun = clock_monotonic_us();
	bool ok;

	*l = (struct audit_link){ .peer = *to, .tickets = tickets };
	l->fd = tcp_socket_connect(to, NULL, &l->end);
	ok = l->fd >= 0 && finish_connect(l, until_us);
	l->connect_us = clock_monotonic_us() - begun;
	if (ok && !tls_engine_init(&l->engine, policy, ticket, &l->peer, &l->end))
		ok = fail(l, STAGE_TLS, FAULT_LOCAL, "out of memory");
	ticket_free(ticket);
	if (!ok)
		return false;
	l->engine.keep_ticket = on_ticket;
	l->engine.keep_arg = l;
	begun = clock_monotonic_us();
	ok = shake_hands(l, until_us);
	l->handshake_us = clock_monotonic_us() - begun;
	return ok;
}

void audit_link_close(struct audit_link *l)
{
	if (l->fd >= 0) {
		tls_engine_goodbye(&l->engine);
		send_out(l, 0);
	}
	if (l->fd >= 0)
		close(l->fd);
	tls_engine_deinit(&l->engine);
	l->fd = -1;
}

/* ------------------------------------------------------------------ messages */

bool audit_link_send(struct audit_link *l, const uint8_t *framed, size_t len, uint64_t until_us)
{
	if (l->fd < 0)
		return false;
	if (bytes_append(&l->engine.pending, framed, len) < 0)
		return fail(l, STAGE_DNS, FAULT_LOCAL, "out of memory");
	if (!tls_engine_seal(&l->engine))
		return shut(l);
	return send_out(l, until_us);
}

const uint8_t *audit_link_receive(struct audit_link *l, uint64_t until_us, size_t *ret_len)
{
	struct bytes *plain = &l->engine.plain;
	uint8_t data[READ_MAX];
	const uint8_t *msg;
	size_t used;

	bytes_consume(plain, l->used);
	l->used = 0;
	for (;;) {
		switch (frame_next(bytes_front(plain), bytes_len(plain), &msg, ret_len, &used)) {
		case FRAME_MESSAGE:
			l->used = used;
			return msg;
		case FRAME_BAD:
			if (l->fd >= 0)
				fail(l, STAGE_DNS, FAULT_PROTOCOL, "a length that can't be");
			return NULL;
		case FRAME_MORE:
			break;
		}
		if (l->fd < 0 || !feed(l, data, until_us))
			return NULL;
		if (tls_engine_open(&l->engine) == TLS_PROGRESS_END)
			shut(l);
		tls_engine_feed(&l->engine, NULL, 0);
	}
}
