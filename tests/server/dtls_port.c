#include "tests/server/dtls_port.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/server/assoc.h"
#include "tests/server/listen.h"
#include "tests/server/mem.h"
#include "tests/server/server.h"

enum { BATCH = 256, IN_SEED = 101, OUT_SEED = 202 };

/* RFC 6347 4.1: an alert in clear, epoch 0; it says close_notify is not what it is: internal_error. */
static const uint8_t plain_alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 80 };

static struct list *bucket_of(struct dtls_port *p, const struct peer *peer)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer->address;

	/* The port is at the same place in both families. */
	return &p->buckets[ntohs(v4->sin_port) % DTLS_PORT_BUCKETS];
}

void dtls_port_enter(struct dtls_port *p, struct assoc *a)
{
	list_append(bucket_of(p, &a->peer), &a->bucket);
	p->count++;
}

void dtls_port_leave(struct dtls_port *p, struct assoc *a)
{
	list_remove(&a->bucket);
	p->count--;
}

static struct assoc *find(struct dtls_port *p, const struct peer *peer)
{
	list_for_each (node, bucket_of(p, peer)) {
		struct assoc *a = container_of(node, struct assoc, bucket);

		if (a->peer.len == peer->len &&
			!memcmp(&a->peer.address, &peer->address, peer->len))
			return a;
	}
	return NULL;
}

void dtls_port_send(struct dtls_port *p, const struct peer *to, const uint8_t *data, size_t len)
{
	line_carry(&p->out, to, data, len);
}

static void send_now(void *arg, const struct peer *to, const uint8_t *data, size_t len)
{
	struct dtls_port *p = arg;
	struct stats *st = &p->server->stats;

	if (p->listener->fd < 0)
		return;
	st->datagrams_out++;
	st->bytes_out += len;
	sendto(p->listener->fd, data, len, MSG_NOSIGNAL, (const struct sockaddr *)&to->address,
		to->len);
}

struct stranger {
	struct dtls_port *port;
	const struct peer *peer;
};

static void send_to_stranger(void *arg, const uint8_t *data, size_t len)
{
	const struct stranger *s = arg;

	dtls_port_send(s->port, s->peer, data, len);
}

/* No association, and no beginning of one: it may have been one before. */
static void on_unknown(struct dtls_port *p, const struct peer *peer)
{
	p->server->stats.dtls_unknown++;
	if (p->server->dtls_alerts)
		dtls_port_send(p, peer, plain_alert, sizeof(plain_alert));
}

/* RFC 6347 4.2.8: an association that stands gives way once its peer has shown that it is there. */
static void on_hello(struct dtls_port *p, struct assoc *old, const struct peer *peer,
	const uint8_t *random, const uint8_t *data, size_t len)
{
	struct stranger stranger = { p, peer };
	struct dtls_prestate prestate;
	struct assoc *a;

	if (!dtls_cookie_good(&p->cookies, &peer->address, peer->len, data, len, &prestate)) {
		p->server->stats.dtls_cookies++;
		dtls_cookie_ask(
			&p->cookies, &peer->address, peer->len, send_to_stranger, &stranger);
		return;
	}
	if (old)
		assoc_close(old, CLOSE_FIN);
	if (p->count == DTLS_PORT_ASSOCS) {
		p->server->stats.dtls_full++;
		return;
	}
	a = assoc_new(p, peer, random, &prestate);
	if (a && a->state != ASSOC_DEAD)
		assoc_take(a, data, len);
}

static void sort(void *arg, const struct peer *peer, const uint8_t *data, size_t len)
{
	struct dtls_port *p = arg;
	struct assoc *a = find(p, peer);
	const uint8_t *random;
	bool hello = dtls_is_hello(data, len, &random);

	if (hello && !(a && !memcmp(random, a->hello, DTLS_RANDOM)))
		on_hello(p, a, peer, random, data, len);
	else if (a)
		assoc_take(a, data, len);
	else
		on_unknown(p, peer);
}

static bool take_one(struct dtls_port *p)
{
	static uint8_t data[65536];
	struct stats *st = &p->server->stats;
	struct peer from = { .len = sizeof(from.address) };
	ssize_t n = recvfrom(p->listener->fd, data, sizeof(data), 0,
		(struct sockaddr *)&from.address, &from.len);

	if (n < 0)
		return false;
	st->datagrams_in++;
	st->bytes_in += (uint64_t)n;
	if (p->server->accepting)
		line_carry(&p->in, &from, data, (size_t)n);
	else
		st->datagrams_lost++;
	return true;
}

void dtls_port_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct dtls_port *p = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < BATCH && p->listener->fd >= 0 && take_one(p); i++)
		;
}

static void draw(struct dtls_port *p, struct line *l, line_deliver *deliver,
	const struct line_faults *faults, uint64_t seed)
{
	l->faults = faults;
	l->lost = &p->server->stats.datagrams_lost;
	l->deliver = deliver;
	l->arg = p;
	l->random = random_seeded(p->server->options->seed * 1000 + seed);
	line_init(l, p->server->base);
}

struct dtls_port *dtls_port_new(struct server *s, struct listener *l)
{
	struct dtls_port *p = mem_new(sizeof(*p));

	p->server = s;
	p->listener = l;
	dtls_cookies_init(&p->cookies);
	for (size_t i = 0; i < DTLS_PORT_BUCKETS; i++)
		list_init(&p->buckets[i]);
	draw(p, &p->in, sort, &s->line_in, IN_SEED);
	draw(p, &p->out, send_now, &s->line_out, OUT_SEED);
	return p;
}

void dtls_port_free(struct dtls_port *p)
{
	if (!p)
		return;
	line_deinit(&p->in);
	line_deinit(&p->out);
	free(p);
}
