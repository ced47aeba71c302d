#include "proxy/client/udp.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "proxy/client/udp_sender.h"
#include "proxy/loop.h"

/* Queries that are dealt with side by side: as many as stay near the processor. */
#define TOGETHER 8
/* Batches of what waits in a socket that is given up: more than its buffer holds. */
#define READS_AT_STOP 256u

struct udp_receiver {
	struct mmsghdr head[UDP_BATCH];
	unsigned used; /* of these, by the last read */
	bool control;  /* they have room for control messages */
	struct udp_slot slot[UDP_BATCH];
	uint8_t data[UDP_BATCH][UDP_QUERY_MAX];
};

struct udp_listener {
	struct loop *loop;
	struct queries *queries;
	struct udp_receiver *receiver;
	int fd;
	bool wildcard;
	struct event *readable, *writable;
	bool blocked; /* the socket's send buffer is full: writable is armed */
	struct turn_work sending;
	struct udp_sender sender;
};

/* ------------------------------------------------------------------ replies */

static void send_batch(struct udp_listener *u)
{
	if (udp_sender_flush(&u->sender, u->fd) == 0)
		return;
	u->blocked = true;
	event_add(u->writable, NULL);
}

static void on_send(struct turn_work *w)
{
	struct udp_listener *u = container_of(w, struct udp_listener, sending);

	if (!u->blocked)
		send_batch(u);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct udp_listener *u = arg;

	(void)fd;
	(void)what;
	u->blocked = false;
	turn_send(&u->loop->turn, &u->sending);
}

static uint8_t *udp_reserve(struct origin *o, size_t len)
{
	struct udp_listener *u = o->owner;
	uint8_t *room;

	if (u->sender.count == UDP_BATCH && !u->blocked)
		send_batch(u);
	room = udp_sender_reserve(&u->sender, len);
	u->loop->stats.bound_udp_send += !room;
	return room;
}

static void udp_commit(struct origin *o, size_t len)
{
	struct udp_listener *u = o->owner;

	udp_sender_commit(&u->sender, o, len);
	turn_send(&u->loop->turn, &u->sending);
}

static void udp_nothing(struct origin *o)
{
	(void)o; /* a datagram's client has no connection to keep account of */
}

static const struct origin_ops ops = {
	.reserve = udp_reserve,
	.commit = udp_commit,
	.begun = udp_nothing,
	.ended = udp_nothing,
};

/* ------------------------------------------------------------------ queries */

/*
 * The address asked: the reply must leave from it; the kernel then chooses the interface by route.
 * An IPv6 socket says it as IPV6_PKTINFO of IPv4 clients too (mapped), and takes it back that way;
 * what a passed socket says besides is not for it.
 */
static void read_control(struct msghdr *h, struct origin *o)
{
	bool v6 = o->peer.sa.sa_family == AF_INET6;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (!v6 && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&o->local4, CMSG_DATA(c), sizeof o->local4);
			o->local4.ipi_spec_dst = o->local4.ipi_addr;
			o->local4.ipi_ifindex = 0;
			o->has_local = true;
		} else if (v6 && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&o->local6, CMSG_DATA(c), sizeof o->local6);
			if (!IN6_IS_ADDR_LINKLOCAL(&o->local6.ipi6_addr))
				o->local6.ipi6_ifindex = 0;
			o->has_local = true;
		}
	}
}

/* True: it goes on with query_answer. */
static bool take(struct udp_listener *u, unsigned i, struct query_ready *ret)
{
	struct udp_receiver *r = u->receiver;
	struct msghdr *h = &r->head[i].msg_hdr;
	struct origin *o = &ret->from;
	size_t len = r->head[i].msg_len;
	enum query_verdict ignored;

	o->ops = &ops;
	o->owner = u;
	o->node = (struct list){ 0 };
	o->stream = false;
	o->peer = r->slot[i].peer;
	o->has_local = false;
	if (addr_port(&o->peer) == 0)
		return false; /* nobody can be asked to reply there (threats A24) */
	if (u->wildcard)
		read_control(h, o);
	u->loop->stats.queries_udp++;
	u->loop->stats.queries_udp6 += addr_is_ipv6(&o->peer);
	if (h->msg_flags & MSG_TRUNC)
		len = DNS_HEADER_LEN; /* the header with counts and no body: FORMERR */
	return query_read(u->queries, ret, r->data[i], len, &ignored);
}

/* Datagrams from first on, a few at a time: see query_read. */
static void take_some(struct udp_listener *u, unsigned first, unsigned end)
{
	struct query_ready ready[TOGETHER];
	unsigned count = 0;

	for (unsigned i = first; i < end; i++)
		count += take(u, i, &ready[count]);
	for (unsigned i = 0; i < count; i++)
		query_expect(u->queries, &ready[i]);
	for (unsigned i = 0; i < count; i++)
		query_answer(u->queries, &ready[i]);
}

/* Those that the last read has written to; most reads find one datagram. */
static void prepare(struct udp_receiver *r, bool control)
{
	unsigned stale = r->control == control ? r->used : UDP_BATCH;

	r->control = control;
	for (unsigned i = 0; i < stale; i++) {
		struct msghdr *h = &r->head[i].msg_hdr;

		h->msg_namelen = sizeof r->slot[i].peer;
		h->msg_control = control ? r->slot[i].control : NULL;
		h->msg_controllen = control ? UDP_CONTROL_SIZE : 0;
	}
}

/* How many datagrams; negative: none, or an error. */
static int read_batch(struct udp_listener *u)
{
	int n;

	loop_expect_queries(u->loop);
	prepare(u->receiver, u->wildcard);
	n = recvmmsg(u->fd, u->receiver->head, UDP_BATCH, MSG_DONTWAIT, NULL);
	u->receiver->used = n > 0 ? (unsigned)n : 0;
	for (int i = 0; i < n; i += TOGETHER)
		take_some(u, (unsigned)i, (unsigned)(n - i < TOGETHER ? n : i + TOGETHER));
	return n;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	/* Errors here are about earlier replies (ICMP): the socket goes on (threats F29). */
	read_batch(arg);
}

/* ------------------------------------------------------------------ life */

struct udp_receiver *udp_receiver_new(void)
{
	struct udp_receiver *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->used = UDP_BATCH;
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		r->slot[i].iov = (struct iovec){ r->data[i], UDP_QUERY_MAX };
		r->head[i].msg_hdr.msg_iov = &r->slot[i].iov;
		r->head[i].msg_hdr.msg_iovlen = 1;
		r->head[i].msg_hdr.msg_name = &r->slot[i].peer;
	}
	return r;
}

void udp_receiver_free(struct udp_receiver *r)
{
	free(r);
}

/* Not sendmmsg itself: C libraries differ in whether its flags have a sign. */
static int send_all(int fd, struct mmsghdr *head, unsigned count, int flags)
{
	return sendmmsg(fd, head, count, flags);
}

struct udp_listener *udp_listener_new(struct loop *loop, struct queries *queries,
	struct udp_receiver *receiver, int fd, const struct addr *bound)
{
	struct udp_listener *u = calloc(1, sizeof *u);
	size_t reply_max = queries->config->edns_size;

	if (!u) {
		close(fd);
		return NULL;
	}
	u->loop = loop;
	u->queries = queries;
	u->receiver = receiver;
	u->fd = fd;
	u->wildcard = addr_is_any(bound);
	u->sending.run = on_send;
	u->readable = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_readable, u);
	u->writable = event_new(loop->base, fd, EV_WRITE, on_writable, u);
	if (u->readable && u->writable && udp_sender_init(&u->sender, reply_max, send_all) == 0 &&
		event_add(u->readable, NULL) == 0)
		return u;
	udp_listener_free(u);
	return NULL;
}

void udp_listener_grow(struct udp_listener *u, uint8_t *buffers, size_t reply_max)
{
	udp_sender_grow(&u->sender, buffers, reply_max);
}

/* A connected socket hears its peer alone, and this one has nobody but itself. */
static void hear_nobody(const struct udp_listener *u)
{
	struct addr own = { 0 };
	socklen_t len = sizeof own;

	if (getsockname(u->fd, &own.sa, &len) == 0 && connect(u->fd, &own.sa, len) < 0)
		log_debug("a UDP socket can't be left before it is closed: %m");
}

void udp_listener_stop(struct udp_listener *u, bool ours)
{
	if (ours) {
		hear_nobody(u);
		for (unsigned i = 0; i < READS_AT_STOP && read_batch(u) > 0; i++)
			;
	}
	event_del(u->readable);
}

bool udp_listener_flushed(const struct udp_listener *u)
{
	return u->sender.count == 0;
}

void udp_listener_free(struct udp_listener *u)
{
	if (!u)
		return;
	turn_forget(&u->sending);
	if (u->readable)
		event_free(u->readable);
	if (u->writable)
		event_free(u->writable);
	close(u->fd);
	udp_sender_deinit(&u->sender);
	free(u);
}

uint64_t udp_listener_drops(const struct udp_listener *u)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof info;

	if (getsockopt(u->fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}
