#include "proxy/ops/route.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "proxy/ops/attributes.h"

/* Answers that are passed over, to questions before, in search of one. */
#define STRAY_MAX 16
#define ANSWER_MAX 4096u
#define QUESTION_MAX 128u
/* States of a neighbour whose hardware address holds. */
#define RESOLVED (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

/* ------------------------------------------------------------------ questions */

struct question {
	_Alignas(struct nlmsghdr) uint8_t bytes[QUESTION_MAX];
};

static size_t octets_of(const struct addr *a, const void **ret)
{
	if (a->sa.sa_family == AF_INET6) {
		*ret = &a->in6.sin6_addr;
		return sizeof a->in6.sin6_addr;
	}
	*ret = &a->in4.sin_addr;
	return sizeof a->in4.sin_addr;
}

static void *begin(struct question *q, uint16_t type, size_t body)
{
	struct nlmsghdr *h = (struct nlmsghdr *)q->bytes;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST;
	h->nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
	return NLMSG_DATA(h);
}

/* There is room: four attributes of sixteen octets at most. */
static void add(struct question *q, uint16_t type, const void *data, size_t len)
{
	struct nlmsghdr *h = (struct nlmsghdr *)q->bytes;
	struct rtattr *a = (struct rtattr *)(q->bytes + NLMSG_ALIGN(h->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	h->nlmsg_len = (uint32_t)(NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len));
}

static void ask_for_route(struct question *q, const struct addr *to, unsigned device)
{
	struct rtmsg *r = begin(q, RTM_GETROUTE, sizeof *r);
	const void *octets;
	size_t len = octets_of(to, &octets);

	r->rtm_family = (unsigned char)to->sa.sa_family;
	r->rtm_dst_len = (unsigned char)(8 * len);
	add(q, RTA_DST, octets, len);
	if (device)
		add(q, RTA_OIF, &device, sizeof device);
}

static void ask_for_neighbour(struct question *q, const struct addr *who, unsigned interface)
{
	struct ndmsg *n = begin(q, RTM_GETNEIGH, sizeof *n);
	const void *octets;
	size_t len = octets_of(who, &octets);

	n->ndm_family = (uint8_t)who->sa.sa_family;
	n->ndm_ifindex = (int)interface;
	add(q, NDA_DST, octets, len);
}

/* ------------------------------------------------------------------ answers */

/* The body of the one message of this type, and what stands behind it. */
static int open_answer(
	const void *data, size_t len, uint16_t type, size_t body, const struct nlmsghdr **ret)
{
	const struct nlmsghdr *h = data;

	if (len < NLMSG_LENGTH(0) || h->nlmsg_len < NLMSG_LENGTH(0) || h->nlmsg_len > len)
		return -EBADMSG;
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = NLMSG_DATA(h);

		return h->nlmsg_len < NLMSG_LENGTH(sizeof e->error) || e->error >= 0 ? -EBADMSG
										     : e->error;
	}
	if (h->nlmsg_type != type || h->nlmsg_len < NLMSG_LENGTH(body))
		return -EBADMSG;
	*ret = h;
	return 0;
}

static bool set_address(struct addr *a, sa_family_t family, const void *octets, size_t len)
{
	*a = (struct addr){ 0 };
	if (family == AF_INET && len == sizeof a->in4.sin_addr)
		memcpy(&a->in4.sin_addr, octets, len);
	else if (family == AF_INET6 && len == sizeof a->in6.sin6_addr)
		memcpy(&a->in6.sin6_addr, octets, len);
	else
		return false;
	a->sa.sa_family = family;
	return true;
}

static bool set_via(struct addr *a, const void *data, size_t len)
{
	struct rtvia via;

	if (len < sizeof via)
		return false;
	memcpy(&via, data, sizeof via);
	return set_address(a, via.rtvia_family, (const uint8_t *)data + sizeof via, len - sizeof via);
}

static bool take_route(struct route *r, sa_family_t family, const struct rtattr *a)
{
	const void *data = (const char *)a + RTA_LENGTH(0);
	size_t len = a->rta_len - RTA_LENGTH(0);

	switch (a->rta_type) {
	case RTA_OIF:
		if (len != sizeof r->interface)
			return false;
		memcpy(&r->interface, data, len);
		return true;
	case RTA_PREFSRC:
		return set_address(&r->source, family, data, len);
	case RTA_GATEWAY:
		return set_address(&r->gateway, family, data, len);
	case RTA_VIA:
		return set_via(&r->gateway, data, len);
	default:
		return true;
	}
}

/* Routes that say no come as errors, too: these are some that don't. */
static bool leads_somewhere(const struct rtmsg *m)
{
	return m->rtm_type == RTN_UNICAST || m->rtm_type == RTN_LOCAL;
}

int route_parse(const void *data, size_t len, struct route *ret)
{
	const struct nlmsghdr *h;
	const struct rtmsg *m;
	struct route r = { .reachable = true };
	struct attributes as;
	const struct rtattr *a;
	int err = open_answer(data, len, RTM_NEWROUTE, sizeof *m, &h);

	if (err < 0)
		return err;
	m = NLMSG_DATA(h);
	if (!leads_somewhere(m))
		return -ENOENT;
	as = attributes_of(h, sizeof *m);
	while ((a = attributes_next(&as)))
		if (!take_route(&r, m->rtm_family, a))
			return -EBADMSG;
	*ret = r;
	return 0;
}

static void take_mac(struct route *r, const struct rtattr *a)
{
	size_t len = a->rta_len - RTA_LENGTH(0);

	if (a->rta_type != NDA_LLADDR || len == 0 || len > sizeof r->mac)
		return;
	memcpy(r->mac, (const char *)a + RTA_LENGTH(0), len);
	r->mac_len = len;
	r->neighbour = ROUTE_NEIGHBOUR_KNOWN;
}

int route_parse_neighbour(const void *data, size_t len, struct route *ret)
{
	const struct nlmsghdr *h;
	const struct ndmsg *m;
	struct attributes as;
	const struct rtattr *a;
	int err = open_answer(data, len, RTM_NEWNEIGH, sizeof *m, &h);

	ret->neighbour = err == -ENOENT ? ROUTE_NEIGHBOUR_ABSENT : ROUTE_NEIGHBOUR_UNKNOWN;
	if (err < 0)
		return err;
	m = NLMSG_DATA(h);
	if (!(m->ndm_state & RESOLVED))
		return 0;
	as = attributes_of(h, sizeof *m);
	while ((a = attributes_next(&as)))
		take_mac(ret, a);
	return 0;
}

/* ------------------------------------------------------------------ asking */

int route_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

/* The answer to this question, which is there when sending returns; its length or negative errno. */
static ssize_t exchange(int fd, struct question *q, uint8_t *answer)
{
	static _Thread_local uint32_t serial;
	struct nlmsghdr *h = (struct nlmsghdr *)q->bytes;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	h->nlmsg_seq = ++serial;
	if (sendto(fd, q->bytes, h->nlmsg_len, 0, (const struct sockaddr *)&kernel,
		    sizeof kernel) < 0)
		return -errno;
	for (int i = 0; i < STRAY_MAX; i++) {
		ssize_t n = recv(fd, answer, ANSWER_MAX, 0);

		if (n < 0)
			return -errno;
		if (n >= (ssize_t)NLMSG_LENGTH(0) &&
			((const struct nlmsghdr *)answer)->nlmsg_seq == serial)
			return n;
	}
	return -EBADMSG;
}

static bool is_no_route(int err)
{
	switch (err) {
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -ENETDOWN:
	case -ENODEV:
	case -EACCES: /* prohibit */
	case -EINVAL: /* blackhole; no such family here */
	case -ESRCH:
	case -ENOENT:
	case -EAFNOSUPPORT:
		return true;
	default:
		return false;
	}
}

/* Older kernels know no such question: then it is not known. */
static void look_at_neighbour(int fd, const struct addr *to, struct route *r)
{
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER_MAX];
	const struct addr *who = r->gateway.sa.sa_family == AF_UNSPEC ? to : &r->gateway;
	struct question q = { .bytes = { 0 } };
	ssize_t n;

	ask_for_neighbour(&q, who, r->interface);
	n = exchange(fd, &q, answer);
	if (n >= 0)
		route_parse_neighbour(answer, (size_t)n, r);
}

int route_ask(int fd, const struct addr *to, unsigned device, struct route *ret)
{
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER_MAX];
	struct question q = { .bytes = { 0 } };
	ssize_t n;
	int err;

	*ret = (struct route){ .reachable = false };
	ask_for_route(&q, to, device);
	n = exchange(fd, &q, answer);
	if (n < 0)
		return (int)n;
	err = route_parse(answer, (size_t)n, ret);
	if (err == 0)
		look_at_neighbour(fd, to, ret);
	return is_no_route(err) ? 0 : err;
}
