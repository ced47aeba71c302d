#include "tests/server/conn_read.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/dns/wire.h"
#include "tests/server/conn.h"
#include "tests/server/serve.h"
#include "tests/server/server.h"

enum { READ_SIZE = 65536, RECORD_SIZE = 16384 };

static void on_message(struct conn *c, const uint8_t *msg, size_t len)
{
	struct asker a = { .server = c->server, .conn = c, .outlet = &c->outlet };
	struct origin from = { .transport = c->transport,
		.conn = c->number,
		.seq = ++c->queries,
		.record_len = c->record_len,
		.record_span = c->span };

	c->waiting++;
	conn_touch(c);
	serve(&a, &from, msg, len);
}

/* All whole messages; what stays is the beginning of one. */
static void read_frames(struct conn *c)
{
	while (c->state == CONN_OPEN && buf_len(&c->in) >= 2) {
		const uint8_t *p = buf_front(&c->in);
		size_t len = wire_get16(p);

		if (len < DNS_HEADER_LEN) {
			c->server->stats.bad_frames++;
			conn_close(c, CLOSE_FIN);
			return;
		}
		if (buf_len(&c->in) < 2 + len)
			return;
		on_message(c, p + 2, len);
		buf_consume(&c->in, 2 + len);
		c->span = buf_len(&c->in) ? 1 : 0;
	}
}

static void on_record(struct conn *c, size_t len)
{
	c->record_len = (uint32_t)len;
	c->span++;
	read_frames(c);
}

static void on_peer_done(struct conn *c)
{
	c->server->stats.closed_by_peer++;
	c->peer_done = true;
	event_del(c->read_event);
}

static void on_tls_failure(struct conn *c)
{
	struct server *s = c->server;

	if (tls_got_alert(c->tls))
		s->stats.alerts_received++;
	if (c->state == CONN_HANDSHAKE)
		s->stats.handshake_failures++;
	snprintf(s->last_error, sizeof(s->last_error), "%s", tls_error(c->tls));
	if (s->options->log)
		fprintf(stderr, "tls#%llu %s\n", (unsigned long long)c->number, s->last_error);
	conn_close(c, CLOSE_FIN);
}

static void on_secure(struct conn *c)
{
	struct stats *st = &c->server->stats;

	tls_facts(c->tls, &c->facts);
	c->state = CONN_OPEN;
	st->handshakes++;
	st->tls13 += c->facts.tls13;
	st->tls12 += !c->facts.tls13;
	st->resumed += c->facts.resumed;
	st->alpn_dot += c->facts.alpn_dot;
	if (c->limits.handshake_how)
		conn_close(c, c->limits.handshake_how);
}

static void shake_hands(struct conn *c)
{
	enum tls_result r = tls_handshake(c->tls);

	if (r == TLS_DONE)
		on_secure(c);
	else if (r == TLS_FAILED)
		on_tls_failure(c);
}

static void read_records(struct conn *c)
{
	while (c->state == CONN_OPEN) {
		size_t len = 0;
		enum tls_result r =
			tls_read(c->tls, buf_reserve(&c->in, RECORD_SIZE), RECORD_SIZE, &len);

		c->server->stats.warnings_received += tls_take_warnings(c->tls);
		if (r == TLS_MORE)
			return;
		if (r == TLS_EOF) {
			on_peer_done(c);
			return;
		}
		if (r == TLS_FAILED) {
			on_tls_failure(c);
			return;
		}
		c->server->stats.records++;
		c->server->stats.plain_in += len;
		buf_commit(&c->in, len);
		on_record(c, len);
	}
}

static void take(struct conn *c, size_t len)
{
	c->server->stats.bytes_in += len;
	if (!c->tls) {
		buf_commit(&c->in, len);
		on_record(c, len);
		return;
	}
	buf_commit(&c->net_in, len);
	if (c->state == CONN_HANDSHAKE)
		shake_hands(c);
	if (c->state == CONN_OPEN)
		read_records(c);
}

/* A batch: everything that one read brought is answered before anything is sent. */
static void take_batch(struct conn *c, size_t len)
{
	struct stats *st = &c->server->stats;
	uint64_t before = c->queries;

	c->batching = true;
	take(c, len);
	c->batching = false;
	stats_max(&st->max_batch, c->queries - before);
	stats_max(&st->max_pipelined, c->waiting);
	c->waiting -= c->answered_in_batch < c->waiting ? c->answered_in_batch : c->waiting;
	c->answered_in_batch = 0;
	conn_flush(c);
}

static void on_gone(struct conn *c, ssize_t n)
{
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		c->server->stats.reset_by_peer++;
	if (n < 0 || c->state != CONN_OPEN) {
		if (!n && c->state < CONN_CLOSING)
			c->server->stats.closed_by_peer++;
		conn_die(c);
		return;
	}
	on_peer_done(c);
	conn_flush(c);
}

void conn_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	struct buf *b = c->tls ? &c->net_in : &c->in;
	ssize_t n;

	(void)what;
	if (c->state >= CONN_CLOSING)
		buf_clear(b);
	n = recv(fd, buf_reserve(b, READ_SIZE), READ_SIZE, 0);
	if (n <= 0)
		on_gone(c, n);
	else if (c->state >= CONN_CLOSING)
		c->server->stats.late_bytes += (uint64_t)n;
	else
		take_batch(c, (size_t)n);
}
