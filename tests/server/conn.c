#include "tests/server/conn.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/dns/wire.h"
#include "tests/server/conn_read.h"
#include "tests/server/mem.h"
#include "tests/server/output.h"
#include "tests/server/server.h"

#define LINGER_S 2

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_flush(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->state < CONN_CLOSING)
		conn_close(c, c->limits.life_how);
	else
		conn_die(c);
}

static void on_stall_over(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (c->state != CONN_STALLED)
		return;
	c->state = c->tls ? CONN_HANDSHAKE : CONN_OPEN;
	conn_pause(c, c->server->paused);
}

static struct conn *allocate(struct server *s, enum transport t, evutil_socket_t fd)
{
	struct conn *c = mem_new(sizeof(*c));

	c->server = s;
	c->transport = t;
	c->fd = fd;
	c->number = ++s->conn_count;
	c->random = random_seeded(s->options->seed + c->number);
	c->state = t == TRANSPORT_TLS ? CONN_HANDSHAKE : CONN_OPEN;
	list_init(&c->items);
	list_append(&s->conns, &c->node);
	outlet_init(&c->outlet, s->base, &c->random, output_deliver);
	if (t == TRANSPORT_TLS)
		c->tls = tls_new(s->tls, &c->net_in, &c->net_out);
	c->read_event = event_new(s->base, fd, EV_READ | EV_PERSIST, conn_on_readable, c);
	c->write_event = event_new(s->base, fd, EV_WRITE, on_writable, c);
	c->timer = evtimer_new(s->base, on_timer, c);
	return c;
}

static void count(struct conn *c)
{
	struct stats *st = &c->server->stats;

	st->connections++;
	if (c->transport == TRANSPORT_TLS)
		st->connections_tls++;
	else
		st->connections_tcp++;
	st->open++;
	stats_max(&st->open_max, st->open);
}

static void arm(struct event *timer, uint32_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	evtimer_add(timer, &tv);
}

void conn_pause(struct conn *c, bool on)
{
	bool wanted = !on && !c->peer_done && c->state != CONN_STALLED && c->state != CONN_DEAD;

	if (wanted)
		event_add(c->read_event, NULL);
	else if (c->state != CONN_DEAD)
		event_del(c->read_event);
}

static void stall(struct conn *c, uint32_t ms)
{
	c->state = CONN_STALLED;
	event_del(c->read_event);
	if (!ms)
		return;
	c->stall_timer = evtimer_new(c->server->base, on_stall_over, c);
	arm(c->stall_timer, ms);
}

static void speak_plaintext(struct conn *c)
{
	tls_free(c->tls);
	c->tls = NULL;
	c->state = CONN_OPEN;
}

/* What the rule wants at once. */
static void begin(struct conn *c)
{
	const struct limits *l = &c->limits;

	if (l->plaintext)
		speak_plaintext(c);
	if (l->garbage)
		conn_noise(c, l->garbage);
	if (l->refuse_how)
		conn_close(c, l->refuse_how);
	else if (l->stall)
		stall(c, l->stall_ms);
}

void conn_new(struct server *s, enum transport t, evutil_socket_t fd)
{
	struct conn *c = allocate(s, t, fd);
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	count(c);
	conn_pause(c, s->paused);
	s->stats.rules_hit += rules_accept(&s->rules, t, c->number, &c->limits);
	begin(c);
	if (c->limits.life_ms && c->state < CONN_CLOSING)
		arm(c->timer, c->limits.life_ms);
	conn_flush(c);
}

void conn_free(struct conn *c)
{
	conn_die(c);
	list_remove(&c->node);
	outlet_deinit(&c->outlet);
	output_clear(c);
	tls_free(c->tls);
	buf_free(&c->net_in);
	buf_free(&c->net_out);
	buf_free(&c->in);
	buf_free(&c->coalesced);
	free(c);
}

void conn_die(struct conn *c)
{
	struct server *s = c->server;

	if (c->state == CONN_DEAD)
		return;
	c->state = CONN_DEAD;
	event_free(c->read_event);
	event_free(c->write_event);
	event_free(c->timer);
	if (c->stall_timer)
		event_free(c->stall_timer);
	evutil_closesocket(c->fd);
	s->stats.open--;
	list_remove(&c->node);
	list_append(&s->dead, &c->node);
	event_active(s->reaper, EV_TIMEOUT, 0);
}

static void finish_closing(struct conn *c)
{
	struct linger now = { .l_onoff = 1 };

	if (c->how == CLOSE_RST)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (c->how == CLOSE_RST || c->how == CLOSE_PLAIN || c->peer_done) {
		conn_die(c);
		return;
	}
	shutdown(c->fd, SHUT_WR);
	c->state = CONN_DRAINING;
	event_add(c->read_event, NULL);
}

/* The peer has said all it wants to say, and has all its answers. */
static bool satisfied(const struct conn *c)
{
	return c->peer_done && c->state < CONN_CLOSING && outlet_idle(&c->outlet) &&
	       list_empty(&c->items);
}

void conn_flush(struct conn *c)
{
	if (c->batching || c->state == CONN_DEAD)
		return;
	output_end_batch(c);
	while (buf_len(&c->net_out)) {
		ssize_t n = send(c->fd, buf_front(&c->net_out), buf_len(&c->net_out), MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			event_add(c->write_event, NULL);
			return;
		}
		if (n < 0) {
			conn_die(c);
			return;
		}
		c->server->stats.bytes_out += (uint64_t)n;
		buf_consume(&c->net_out, (size_t)n);
	}
	if (c->state == CONN_CLOSING)
		finish_closing(c);
	else if (satisfied(c))
		conn_close(c, c->tls ? CLOSE_NOTIFY : CLOSE_FIN);
}

static void say_goodbye(struct conn *c, enum close_how how)
{
	if (c->tls && how == CLOSE_NOTIFY)
		tls_close_notify(c->tls);
	if (c->tls && how == CLOSE_ALERT)
		tls_fatal_alert(c->tls);
}

void conn_close(struct conn *c, enum close_how how)
{
	if (c->state >= CONN_CLOSING)
		return;
	outlet_clear(&c->outlet);
	output_end_batch(c);
	output_clear(c);
	if (how == CLOSE_SILENCE) {
		c->silenced = true;
		conn_flush(c); /* a peer that is done waits for nothing now */
		return;
	}
	say_goodbye(c, how);
	c->state = CONN_CLOSING;
	c->how = how;
	if (!c->peer_done)
		c->server->stats.closed_by_us++;
	arm(c->timer, LINGER_S * 1000);
	conn_flush(c);
}

void conn_touch(struct conn *c)
{
	if (c->limits.idle && c->state < CONN_CLOSING)
		arm(c->timer, c->limits.life_ms);
}

void conn_answered(struct conn *c)
{
	conn_touch(c);
	if (c->batching)
		c->answered_in_batch++;
	else if (c->waiting)
		c->waiting--;
}

void conn_send(struct conn *c, const uint8_t *msg, size_t len)
{
	uint8_t prefix[2];

	if (!conn_usable(c))
		return;
	wire_put16(prefix, (uint16_t)len);
	buf_append(&c->coalesced, prefix, 2);
	buf_append(&c->coalesced, msg, len);
}

void conn_noise(struct conn *c, size_t n)
{
	random_fill(&c->random, buf_reserve(&c->net_out, n), n);
	buf_commit(&c->net_out, n);
}
