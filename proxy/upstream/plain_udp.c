#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/list.h"
#include "common/dns/message.h"
#include "proxy/loop.h"
#include "proxy/upstream/plain.h"
#include "proxy/upstream/tcp_socket.h"

/* A query not answered within this will not be: whoever asked has gone. */
#define SOCKET_LIFE_US 5000000u

struct plain_udp;

/* A query and the socket that it left from. */
struct asking {
	struct list node; /* in plain_udp.askings, the oldest first */
	struct plain_udp *udp;
	int fd;
	struct event *readable;
	uint64_t opened_us;
	struct turn_work grave;
	uint8_t *answer; /* lent until the end of the turn */
	uint16_t id;
	size_t question_len; /* of its header and question */
	uint8_t question[DNS_HEADER_LEN + DNS_NAME_MAX + 4];
};

struct plain_udp {
	struct transport base;
	struct plain_endpoint *endpoint;
	const struct transport_handler *handler;
	void *handler_arg;
	struct addr to;
	struct list askings;
	unsigned count;
	bool starved;
	struct timer age; /* the oldest asking is given up */
	bool ready, ended;
	struct transport_end end;
	struct turn_work begin;	 /* it is ready: told from the deferred phase */
	struct turn_work report; /* it has ended, likewise */
	struct turn_work freed;	 /* a socket is free again, likewise */
};

static struct plain_udp *udp_of(struct transport *t)
{
	return container_of(t, struct plain_udp, base);
}

/* ------------------------------------------------------------------ sockets */

static void bury(struct turn_work *w)
{
	struct asking *a = container_of(w, struct asking, grave);

	free(a->answer);
	free(a);
}

/* Its memory goes at the end of the turn, and the answer with it. */
static void drop(struct asking *a)
{
	struct plain_udp *u = a->udp;

	list_remove(&a->node);
	u->count--;
	if (a->readable)
		event_free(a->readable);
	close(a->fd);
	a->grave.run = bury;
	turn_bury(&u->endpoint->loop->turn, &a->grave);
	if (u->starved)
		turn_defer(&u->endpoint->loop->turn, &u->freed);
}

/*
 * All leave from one address: a server's cookie is bound to it, and another is another network's (RFC 9018
 * 3).  The first socket finds it out.
 */
static int check_local(struct plain_udp *u, int fd)
{
	struct addr local = { 0 };
	socklen_t len = sizeof local;

	if (getsockname(fd, &local.sa, &len) < 0)
		return -errno;
	addr_set_port(&local, 0);
	if (u->base.info.local.sa.sa_family == AF_UNSPEC)
		u->base.info.local = local;
	return addr_equal(&local, &u->base.info.local) ? 0 : -EADDRNOTAVAIL;
}

/* A port of the kernel's choice, from all that it has for this. */
static int open_socket(struct plain_udp *u)
{
	int fd = socket(u->to.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = tcp_socket_bind_device(fd, u->endpoint->device);
	if (err == 0 && connect(fd, &u->to.sa, addr_len(&u->to)) < 0)
		err = -errno;
	if (err == 0)
		err = check_local(u, fd);
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

static void look_at_age(struct plain_udp *u)
{
	const struct asking *oldest = container_of(u->askings.next, struct asking, node);

	if (list_empty(&u->askings) || timer_running(&u->age))
		return;
	if (timer_start(&u->endpoint->loop->turn.timers, &u->age,
		    oldest->opened_us + SOCKET_LIFE_US) < 0)
		u->endpoint->stats->bound_memory++;
}

static void on_age(struct timer *t)
{
	struct plain_udp *u = container_of(t, struct plain_udp, age);
	uint64_t now = turn_now_us(&u->endpoint->loop->turn);

	while (!list_empty(&u->askings)) {
		struct asking *a = container_of(u->askings.next, struct asking, node);

		if (now - a->opened_us < SOCKET_LIFE_US)
			break;
		drop(a);
	}
	look_at_age(u);
}

/* ------------------------------------------------------------------ receiving */

/* The header's id, QR and the question as it was sent; an error may come without it. */
static bool answers(const struct asking *a, const uint8_t *msg, size_t len)
{
	size_t name = a->question_len - DNS_HEADER_LEN - 4;

	if (len < DNS_HEADER_LEN || wire_get16(msg) != a->id || !(msg[2] & (DNS_QR >> 8)))
		return false;
	if (wire_get16(msg + 4) == 0)
		return true;
	return len >= a->question_len &&
	       name_equal(msg + DNS_HEADER_LEN, a->question + DNS_HEADER_LEN, name) &&
	       memcmp(msg + DNS_HEADER_LEN + name, a->question + DNS_HEADER_LEN + name, 4) == 0;
}

static void deliver(struct asking *a, const uint8_t *msg, size_t len)
{
	struct plain_udp *u = a->udp;

	a->answer = malloc(len);
	if (!a->answer) {
		u->endpoint->stats->bound_memory++;
		return; /* it is as if it were lost */
	}
	memcpy(a->answer, msg, len);
	drop(a);
	u->handler->message(u->handler_arg, a->answer, len);
}

/*
 * What does not fit is somebody else's, and the wait goes on; so it does after an ICMP error, which
 * anybody can send.
 */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct asking *a = arg;
	struct loop *loop = a->udp->endpoint->loop;
	ssize_t n = recv(fd, loop->scratch, LOOP_READ_MAX, 0);

	(void)what;
	if (n < 0)
		return;
	if (answers(a, loop->scratch, (size_t)n))
		deliver(a, loop->scratch, (size_t)n);
	else
		a->udp->endpoint->stats->upstream_mismatch++;
}

/* ------------------------------------------------------------------ sending */

static bool has_room(const struct transport *base)
{
	struct plain_udp *u = container_of(base, struct plain_udp, base);

	u->starved = u->count >= PLAIN_UDP_SOCKETS;
	return !u->starved;
}

/* A repetition leaves from the socket of the first, whose answer may be about to come. */
static struct asking *find(const struct plain_udp *u, const uint8_t *msg, size_t question_len)
{
	list_for_each (n, &u->askings) {
		struct asking *a = container_of(n, struct asking, node);

		if (a->id == wire_get16(msg) && a->question_len == question_len &&
			memcmp(a->question + DNS_HEADER_LEN, msg + DNS_HEADER_LEN,
				question_len - DNS_HEADER_LEN) == 0)
			return a;
	}
	return NULL;
}

/* NULL: *ret_err says why, negative. */
static struct asking *begin_asking(
	struct plain_udp *u, const uint8_t *msg, size_t question_len, int *ret_err)
{
	struct loop *loop = u->endpoint->loop;
	struct asking *a = calloc(1, sizeof *a);

	*ret_err = -ENOMEM;
	if (!a)
		return NULL;
	*ret_err = a->fd = open_socket(u);
	if (a->fd < 0) {
		free(a);
		return NULL;
	}
	a->udp = u;
	a->opened_us = turn_now_us(&loop->turn);
	a->id = wire_get16(msg);
	a->question_len = question_len;
	memcpy(a->question, msg, question_len);
	list_append(&u->askings, &a->node);
	u->count++;
	a->readable = event_new(loop->base, a->fd, EV_READ | EV_PERSIST, on_readable, a);
	if (a->readable && event_add(a->readable, NULL) == 0) {
		look_at_age(u);
		return a;
	}
	*ret_err = -ENOMEM;
	drop(a);
	return NULL;
}

static int end_later(struct plain_udp *u, int error)
{
	u->ended = true;
	tcp_socket_fault(&u->end, STAGE_TCP, error);
	turn_defer(&u->endpoint->loop->turn, &u->report);
	return -EPIPE;
}

/* What the network does not take now is lost like any datagram. */
static void send_datagram(const struct asking *a, const uint8_t *msg, size_t len)
{
	if (send(a->fd, msg, len, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED)
		send(a->fd, msg, len, MSG_NOSIGNAL); /* that was about an earlier one */
}

static int send_message(struct transport *base, const uint8_t *msg, size_t len)
{
	struct plain_udp *u = udp_of(base);
	size_t question_len = DNS_HEADER_LEN + name_len(msg + DNS_HEADER_LEN) + 4;
	struct asking *a = find(u, msg, question_len);
	int err;

	if (u->ended || !u->ready)
		return -EPIPE;
	if (!a && !has_room(base))
		return -ENOBUFS;
	if (!a)
		a = begin_asking(u, msg, question_len, &err);
	if (!a)
		return err == -ENOMEM ? err : end_later(u, -err);
	send_datagram(a, msg, len);
	return 0;
}

static void flush(struct transport *base)
{
	(void)base; /* each has left already */
}

static uint64_t unacked_us(struct transport *base, uint64_t now_us, uint64_t *ret_rtt_us)
{
	(void)base;
	(void)now_us;
	*ret_rtt_us = 0;
	return 0;
}

static const uint8_t *partial(const struct transport *base, size_t *ret_len)
{
	(void)base;
	*ret_len = 0;
	return NULL;
}

/* ------------------------------------------------------------------ life */

static void on_begin(struct turn_work *w)
{
	struct plain_udp *u = container_of(w, struct plain_udp, begin);

	u->ready = true;
	u->handler->ready(u->handler_arg);
}

static void on_report(struct turn_work *w)
{
	struct plain_udp *u = container_of(w, struct plain_udp, report);

	u->handler->ended(u->handler_arg, &u->end);
}

static void on_freed(struct turn_work *w)
{
	struct plain_udp *u = container_of(w, struct plain_udp, freed);

	if (!u->ended)
		u->handler->room(u->handler_arg);
}

static void udp_close(struct transport *base)
{
	struct plain_udp *u = udp_of(base);

	u->ended = true;
	u->starved = false;
	while (!list_empty(&u->askings))
		drop(container_of(u->askings.next, struct asking, node));
	timer_stop(&u->endpoint->loop->turn.timers, &u->age);
	turn_forget(&u->begin);
	turn_forget(&u->report);
	turn_forget(&u->freed);
}

static void udp_free(struct transport *base)
{
	udp_close(base);
	free(udp_of(base));
}

static const struct transport_ops ops = {
	.has_room = has_room,
	.partial = partial,
	.unacked_us = unacked_us,
	.send = send_message,
	.flush = flush,
	.close = udp_close,
	.free = udp_free,
};

/* Is there a way there at all?  The rest is found out by asking. */
static bool try_socket(struct plain_udp *u, struct transport_end *ret_end)
{
	int fd = open_socket(u);

	if (fd < 0) {
		tcp_socket_fault(ret_end, STAGE_TCP, -fd);
		return false;
	}
	close(fd);
	return true;
}

struct transport *plain_udp_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end)
{
	struct plain_udp *u = calloc(1, sizeof *u);

	if (!u) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
		return NULL;
	}
	u->base.ops = &ops;
	u->base.info = (struct transport_info){ .clear = true,
		.max_message = PLAIN_UDP_MAX,
		.protocol = "UDP",
		.cipher = "",
		.doubt = "it is in clear" };
	u->endpoint = arg;
	u->handler = handler;
	u->handler_arg = handler_arg;
	u->to = *to;
	list_init(&u->askings);
	u->age.fire = on_age;
	u->begin.run = on_begin;
	u->report.run = on_report;
	u->freed.run = on_freed;
	if (!try_socket(u, ret_end)) {
		free(u);
		return NULL;
	}
	turn_defer(&u->endpoint->loop->turn, &u->begin);
	return &u->base;
}
