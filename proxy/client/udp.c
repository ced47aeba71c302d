#include "proxy/client/udp.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/loop.h"

#define CONTROL_SIZE CMSG_SPACE(sizeof(struct in6_pktinfo))

struct udp_slot {
	struct addr peer;
	struct iovec iov;
	union {
		struct cmsghdr align;
		uint8_t control[CONTROL_SIZE];
	};
};

struct udp_receiver {
	struct mmsghdr head[UDP_BATCH];
	struct udp_slot slot[UDP_BATCH];
	uint8_t data[UDP_BATCH][UDP_QUERY_MAX];
};

/* Replies of a turn, not sent yet. */
struct udp_sender {
	struct mmsghdr head[UDP_BATCH];
	struct udp_slot slot[UDP_BATCH];
	unsigned count;
	size_t reply_max; /* octets of each buffer */
	uint8_t *data;
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

/* Headers point at the slot of their own number, always; what may change hands is the slots' content. */
static void swap_slots(struct udp_sender *s, unsigned i, unsigned j)
{
	struct udp_slot slot = s->slot[i];
	struct msghdr *a = &s->head[i].msg_hdr, *b = &s->head[j].msg_hdr;
	socklen_t namelen = a->msg_namelen;
	size_t controllen = a->msg_controllen;

	s->slot[i] = s->slot[j];
	s->slot[j] = slot;
	a->msg_namelen = b->msg_namelen;
	b->msg_namelen = namelen;
	a->msg_controllen = b->msg_controllen;
	b->msg_controllen = controllen;
	a->msg_control = a->msg_controllen ? s->slot[i].control : NULL;
	b->msg_control = b->msg_controllen ? s->slot[j].control : NULL;
}

/* The unsent come to the front, in their order; each takes its buffer along. */
static void skip_sent(struct udp_sender *s, unsigned n)
{
	s->count -= n;
	for (unsigned i = 0; i < s->count && n > 0; i++)
		swap_slots(s, i, i + n);
}

/* Sends the batch; a datagram that the network refuses is passed over (its client has gone: threats F29). */
static void send_batch(struct udp_listener *u)
{
	struct udp_sender *s = &u->sender;
	unsigned done = 0;

	while (done < s->count) {
		int n = sendmmsg(u->fd, s->head + done, s->count - done, MSG_NOSIGNAL);

		if (n > 0) {
			done += (unsigned)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
			u->blocked = true;
			event_add(u->writable, NULL);
			break;
		} else if (errno != EINTR) {
			done++;
		}
	}
	skip_sent(s, done);
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

static void set_control(struct msghdr *h, struct udp_slot *slot, const struct origin *o)
{
	struct cmsghdr *c = &slot->align;
	bool v6 = o->peer.sa.sa_family == AF_INET6;
	size_t len = v6 ? sizeof o->local6 : sizeof o->local4;

	h->msg_control = slot->control;
	h->msg_controllen = CMSG_SPACE(len);
	c->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), v6 ? (const void *)&o->local6 : (const void *)&o->local4, len);
}

static uint8_t *udp_reserve(struct origin *o, size_t len)
{
	struct udp_listener *u = o->owner;
	struct udp_sender *s = &u->sender;

	if (s->count == UDP_BATCH && !u->blocked)
		send_batch(u);
	if (s->count == UDP_BATCH || len > s->reply_max) {
		u->loop->stats.bound_udp_send++;
		return NULL;
	}
	return s->slot[s->count].iov.iov_base;
}

static void udp_commit(struct origin *o, size_t len)
{
	struct udp_listener *u = o->owner;
	struct udp_slot *slot = &u->sender.slot[u->sender.count];
	struct msghdr *h = &u->sender.head[u->sender.count].msg_hdr;

	slot->peer = o->peer;
	slot->iov.iov_len = len;
	h->msg_namelen = addr_len(&o->peer);
	h->msg_control = NULL;
	h->msg_controllen = 0;
	if (o->has_local)
		set_control(h, slot, o);
	u->sender.count++;
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

/* The address asked: the reply must leave from it; the kernel then chooses the interface by route. */
static void read_control(struct msghdr *h, struct origin *o)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&o->local4, CMSG_DATA(c), sizeof o->local4);
			o->local4.ipi_spec_dst = o->local4.ipi_addr;
			o->local4.ipi_ifindex = 0;
			o->has_local = true;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&o->local6, CMSG_DATA(c), sizeof o->local6);
			if (!IN6_IS_ADDR_LINKLOCAL(&o->local6.ipi6_addr))
				o->local6.ipi6_ifindex = 0;
			o->has_local = true;
		}
	}
}

static void take(struct udp_listener *u, unsigned i)
{
	struct udp_receiver *r = u->receiver;
	struct msghdr *h = &r->head[i].msg_hdr;
	struct origin o;
	size_t len = r->head[i].msg_len;

	o.ops = &ops;
	o.owner = u;
	o.node = (struct list){ 0 };
	o.stream = false;
	o.peer = r->slot[i].peer;
	o.has_local = false;
	if (addr_port(&o.peer) == 0)
		return; /* nobody can be asked to reply there (threats A24) */
	if (u->wildcard)
		read_control(h, &o);
	u->loop->stats.queries_udp++;
	if (h->msg_flags & MSG_TRUNC)
		len = DNS_HEADER_LEN; /* the header with counts and no body: FORMERR */
	query_start(u->queries, &o, r->data[i], len);
}

static void prepare(struct udp_receiver *r, bool control)
{
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		struct msghdr *h = &r->head[i].msg_hdr;

		h->msg_namelen = sizeof r->slot[i].peer;
		h->msg_control = control ? r->slot[i].control : NULL;
		h->msg_controllen = control ? CONTROL_SIZE : 0;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct udp_listener *u = arg;
	int n;

	(void)what;
	prepare(u->receiver, u->wildcard);
	n = recvmmsg(fd, u->receiver->head, UDP_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take(u, (unsigned)i);
	/* Errors here are about earlier replies (ICMP): the socket goes on (threats F29). */
}

/* ------------------------------------------------------------------ life */

struct udp_receiver *udp_receiver_new(void)
{
	struct udp_receiver *r = calloc(1, sizeof *r);

	for (unsigned i = 0; r && i < UDP_BATCH; i++) {
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

static int init_sender(struct udp_sender *s, size_t reply_max)
{
	s->reply_max = reply_max;
	s->data = malloc(UDP_BATCH * reply_max);
	if (!s->data)
		return -ENOMEM;
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		s->slot[i].iov.iov_base = s->data + i * reply_max;
		s->head[i].msg_hdr.msg_iov = &s->slot[i].iov;
		s->head[i].msg_hdr.msg_iovlen = 1;
		s->head[i].msg_hdr.msg_name = &s->slot[i].peer;
	}
	return 0;
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
	if (u->readable && u->writable && init_sender(&u->sender, reply_max) == 0 &&
		event_add(u->readable, NULL) == 0)
		return u;
	udp_listener_free(u);
	return NULL;
}

void udp_listener_stop(struct udp_listener *u)
{
	event_del(u->readable);
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
	free(u->sender.data);
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
