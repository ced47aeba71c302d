#include "proxy/ops/links.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct links {
	int fd;
	struct event *readable;
	void (*changed)(void *arg);
	void *arg;
};

/* An event of a link that is down, or gone. */
static bool is_loss(const struct nlmsghdr *h)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return false;
	return h->nlmsg_type == RTM_DELLINK ||
	       (h->nlmsg_type == RTM_NEWLINK && !(info->ifi_flags & IFF_UP));
}

/* True: something has gone, or was not told because there was no room (ENOBUFS). */
static bool read_events(const struct links *l)
{
	union {
		struct nlmsghdr align;
		char bytes[16384];
	} buffer;
	bool loss = false;
	ssize_t n;

	while ((n = recv(l->fd, &buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
		size_t left = (size_t)n;

		for (struct nlmsghdr *h = &buffer.align; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			loss |= is_loss(h);
	}
	return loss || (n < 0 && errno == ENOBUFS);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct links *l = arg;

	(void)fd;
	(void)what;
	if (read_events(l))
		l->changed(l->arg);
}

struct links *links_new(struct event_base *base, void (*changed)(void *arg), void *arg)
{
	struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	struct links *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->changed = changed;
	l->arg = arg;
	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (l->fd >= 0 && bind(l->fd, (struct sockaddr *)&all, sizeof all) == 0)
		l->readable = event_new(base, l->fd, EV_READ | EV_PERSIST, on_readable, l);
	if (l->readable && event_add(l->readable, NULL) == 0)
		return l;
	links_free(l);
	return NULL;
}

void links_free(struct links *l)
{
	if (!l)
		return;
	if (l->readable)
		event_free(l->readable);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

unsigned links_find(const char *name)
{
	struct ifreq r = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = false;

	if (strlen(name) >= sizeof r.ifr_name || fd < 0) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	memcpy(r.ifr_name, name, strlen(name));
	up = ioctl(fd, SIOCGIFFLAGS, &r) == 0 && r.ifr_flags & IFF_UP;
	close(fd);
	return up ? if_nametoindex(name) : 0;
}
