#include "proxy/ops/netwatch.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "proxy/ops/attributes.h"

/* Changes come in bursts: an address, its route, then the default route. */
#define SETTLE_MS 200
/* After so long the gateway's hardware address will be known, where anybody has sent anything. */
#define LEARN_MS 3000
/* Messages read at once; what is left makes it readable again. */
#define READS_MAX 64
#define MESSAGE_MAX 8192u
#define WHAT_MAX 400u

#define GROUP(n) (1u << ((n)-1))
#define GROUPS                                                                                     \
	(GROUP(RTNLGRP_LINK) | GROUP(RTNLGRP_IPV4_IFADDR) | GROUP(RTNLGRP_IPV4_ROUTE) |            \
		GROUP(RTNLGRP_IPV4_RULE) | GROUP(RTNLGRP_IPV6_IFADDR) | GROUP(RTNLGRP_IPV6_ROUTE) | \
		GROUP(RTNLGRP_IPV6_RULE))

struct watched {
	struct netwatch_target target;
	struct way_out way;
};

struct netwatch {
	struct netwatch_setup setup;
	int events_fd, ask_fd; /* -1: none */
	struct event *readable, *settle;
	struct watched list[NETWATCH_TARGETS_MAX];
	size_t count;
	/* Of netwatch_look.  Here, as it can't be left out: what `list` borrows may be gone after it. */
	struct watched before[NETWATCH_TARGETS_MAX];
	struct netwatch_target fresh[NETWATCH_TARGETS_MAX];
	struct networks networks;
	struct netwatch_figures figures;
	bool told; /* that it can't be watched */
	/* Of the check under way. */
	struct addr moved[NETWATCH_TARGETS_MAX];
	size_t moved_count;
	char what[WHAT_MAX];
};

static void give_up(struct netwatch *w, int err)
{
	w->figures.watching = false;
	if (!w->told)
		log_warning("changes of the network can't be watched: netlink: %s; a connection that "
			    "is lost by one is noticed when a query on it is not answered",
			strerror(-err));
	w->told = true;
}

/* ------------------------------------------------------------------ the targets */

/* Of a zone's interface, or of a link-local address; 0: any. */
static unsigned device_of(const struct netwatch_target *t)
{
	if (t->device)
		return if_nametoindex(t->device);
	return t->addr.sa.sa_family == AF_INET6 ? t->addr.in6.sin6_scope_id : 0;
}

/* False: the kernel can't be asked, and nothing is known. */
static bool ask(struct netwatch *w, const struct netwatch_target *t, struct route *ret)
{
	unsigned device = device_of(t);
	int err;

	*ret = (struct route){ .reachable = false };
	if (w->ask_fd < 0)
		return false;
	if (t->device && device == 0)
		return true; /* there is no such interface */
	err = route_ask(w->ask_fd, &t->addr, device, ret);
	if (err < 0)
		give_up(w, err);
	else
		w->figures.watching = true;
	return err == 0;
}

static bool is_same(const struct netwatch_target *a, const struct netwatch_target *b)
{
	return addr_same_host(&a->addr, &b->addr) &&
	       (a->device == b->device ||
		       (a->device && b->device && strcmp(a->device, b->device) == 0));
}

static struct watched *find(struct watched *list, size_t count, const struct netwatch_target *t)
{
	for (size_t i = 0; i < count; i++)
		if (is_same(&list[i].target, t))
			return &list[i];
	return NULL;
}

static void add(struct netwatch *w, size_t before_count, const struct netwatch_target *t)
{
	struct watched *known = find(w->before, before_count, t), *one;
	struct route now;

	if (find(w->list, w->count, t))
		return;
	one = &w->list[w->count++];
	*one = (struct watched){ .target = *t };
	if (known)
		one->way = known->way;
	else if (ask(w, t, &now))
		way_out_see(&one->way, &now);
	one->target = *t;
}

void netwatch_look(struct netwatch *w)
{
	size_t before_count = w->count,
	       count = w->setup.targets(w->setup.arg, w->fresh, NETWATCH_TARGETS_MAX);

	if (count > NETWATCH_TARGETS_MAX) {
		w->figures.bound_targets += count - NETWATCH_TARGETS_MAX;
		count = NETWATCH_TARGETS_MAX;
	}
	memcpy(w->before, w->list, before_count * sizeof *w->list);
	w->count = 0;
	for (size_t i = 0; i < count; i++)
		add(w, before_count, &w->fresh[i]);
}

/* ------------------------------------------------------------------ looking */

/* "9.9.9.9 is reached by wlan0 from 192.0.2.7 over 192.0.2.1 now" */
static void describe(struct netwatch *w, const struct watched *one)
{
	const struct route *r = &one->way.route;
	char to[ADDR_TEXT_MAX], source[ADDR_TEXT_MAX], gateway[ADDR_TEXT_MAX];
	char name[IF_NAMESIZE] = "?";
	bool told = r->source.sa.sa_family != AF_UNSPEC, over = r->gateway.sa.sa_family != AF_UNSPEC;

	if_indextoname(r->interface, name);
	snprintf(w->what, sizeof w->what, "%s is reached by %s%s%s%s%s now",
		addr_ip_text(&one->target.addr, to), name, told ? " from " : "",
		told ? addr_ip_text(&r->source, source) : "", over ? " over " : "",
		over ? addr_ip_text(&r->gateway, gateway) : "");
}

/* The first that can be reached tells where we are. */
const struct route *netwatch_route(const struct netwatch *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].way.route.reachable && !w->list[i].way.lost)
			return &w->list[i].way.route;
	return NULL;
}

static void learn(struct netwatch *w)
{
	const struct route *r = netwatch_route(w);
	struct network here;

	if (!r)
		return;
	network_of(r, &here);
	networks_learn(&w->networks, &here);
}

bool netwatch_check(struct netwatch *w)
{
	w->figures.checks++;
	w->moved_count = 0;
	for (size_t i = 0; i < w->count; i++) {
		struct watched *one = &w->list[i];
		struct route now;

		if (!ask(w, &one->target, &now) || !way_out_see(&one->way, &now))
			continue;
		if (w->moved_count == 0)
			describe(w, one);
		w->moved[w->moved_count++] = one->target.addr;
	}
	if (w->moved_count == 0)
		learn(w);
	return w->moved_count > 0;
}

static void check_in(struct netwatch *w, unsigned ms)
{
	struct timeval wait = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	if (w->ask_fd >= 0)
		event_add(w->settle, &wait);
}

size_t netwatch_enter(struct netwatch *w, bool *ret_fresh)
{
	const struct route *r = netwatch_route(w);
	struct network there;

	*ret_fresh = false;
	if (r) {
		network_of(r, &there);
		*ret_fresh = networks_enter(&w->networks, &there);
	}
	if (!event_pending(w->settle, EV_TIMEOUT, NULL))
		check_in(w, LEARN_MS);
	return w->networks.here;
}

size_t netwatch_here(const struct netwatch *w)
{
	return w->networks.here;
}

void netwatch_get_figures(const struct netwatch *w, struct netwatch_figures *ret)
{
	*ret = w->figures;
}

/* ------------------------------------------------------------------ events */

/* Radio drivers report each scan as an event of the link. */
static bool is_about_radio(const struct nlmsghdr *h)
{
	struct attributes as = attributes_of(h, sizeof(struct ifinfomsg));
	const struct rtattr *a;

	while (h->nlmsg_type == RTM_NEWLINK && (a = attributes_next(&as)))
		if (a->rta_type == IFLA_WIRELESS)
			return true;
	return false;
}

static bool matters(const void *data, size_t len)
{
	for (const struct nlmsghdr *h = data; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len))
		if (!is_about_radio(h))
			return true;
	return false;
}

/* True: there may be news.  What a flood of them leaves unread is looked at later. */
static bool read_events(struct netwatch *w)
{
	_Alignas(struct nlmsghdr) uint8_t data[MESSAGE_MAX];
	bool news = false;

	for (int i = 0; i < READS_MAX; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t size = sizeof from;
		ssize_t n = recvfrom(w->events_fd, data, sizeof data, MSG_DONTWAIT,
			(struct sockaddr *)&from, &size);

		if (n < 0 && errno == ENOBUFS) { /* some are lost: all is looked at anyway */
			w->figures.overruns++;
			news = true;
			continue;
		}
		if (n < 0)
			break;
		w->figures.events++;
		if (from.nl_pid == 0) /* the kernel itself */
			news |= matters(data, (size_t)n);
	}
	return news;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct netwatch *w = arg;

	(void)fd;
	(void)what;
	if (!read_events(w))
		return;
	event_del(w->readable); /* the rest of the burst is one with it */
	w->setup.stirred(w->setup.arg, true);
	check_in(w, SETTLE_MS);
}

static void on_settle(evutil_socket_t fd, short what, void *arg)
{
	struct netwatch *w = arg;
	bool found;

	(void)fd;
	(void)what;
	if (w->readable) {
		read_events(w);
		event_add(w->readable, NULL);
	}
	found = netwatch_check(w);
	w->setup.looked(w->setup.arg);
	if (found)
		w->setup.moved(w->setup.arg, w->moved, w->moved_count, w->what);
	w->setup.stirred(w->setup.arg, false);
}

/* ------------------------------------------------------------------ life */

static int open_events(struct netwatch *w)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK, .nl_groups = GROUPS };

	w->events_fd = route_open();
	if (w->events_fd < 0)
		return w->events_fd;
	if (bind(w->events_fd, (struct sockaddr *)&me, sizeof me) < 0)
		return -errno;
	w->readable = event_new(
		w->setup.base, w->events_fd, EV_READ | EV_PERSIST, on_readable, w);
	return w->readable && event_add(w->readable, NULL) == 0 ? 0 : -ENOMEM;
}

struct netwatch *netwatch_new(const struct netwatch_setup *setup)
{
	struct netwatch *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->setup = *setup;
	w->events_fd = w->ask_fd = -1;
	networks_init(&w->networks);
	w->settle = evtimer_new(setup->base, on_settle, w);
	if (w->settle)
		return w;
	free(w);
	return NULL;
}

/* The events first: what happens after the first look is one of them. */
void netwatch_start(struct netwatch *w)
{
	int err = open_events(w);

	w->figures.watching = err == 0;
	if (err == 0)
		w->ask_fd = route_open();
	if (err == 0 && w->ask_fd < 0)
		err = w->ask_fd;
	if (err < 0) {
		/* Events of which nothing could be asked would hold the portal for ever. */
		if (w->readable)
			event_del(w->readable);
		give_up(w, err);
	}
	netwatch_look(w);
	learn(w);
	check_in(w, LEARN_MS);
}

void netwatch_free(struct netwatch *w)
{
	if (!w)
		return;
	if (w->readable)
		event_free(w->readable);
	event_free(w->settle);
	if (w->events_fd >= 0)
		close(w->events_fd);
	if (w->ask_fd >= 0)
		close(w->ask_fd);
	free(w);
}
