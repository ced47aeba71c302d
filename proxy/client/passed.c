#include "proxy/client/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "proxy/client/sockets.h"

#define FIRST_FD 3

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* ------------------------------------------------------------------ the variables */

/* Decimal digits only; false also beyond max. */
static bool parse_number(const char *text, long max, long *ret)
{
	long n = 0;

	if (!text || !*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > (max - (*text - '0')) / 10)
			return false;
		n = n * 10 + (*text - '0');
	}
	*ret = n;
	return true;
}

int passed_count(const char *fds, const char *pid, long self)
{
	long receiver, count;

	if (!fds || !parse_number(pid, LONG_MAX, &receiver) || receiver != self)
		return 0;
	return parse_number(fds, PASSED_COUNT_MAX, &count) ? (int)count : -EINVAL;
}

void passed_name(const char *names, unsigned index, char ret[PASSED_NAME_MAX])
{
	size_t len;

	for (; names && index > 0; index--) {
		names = strchr(names, ':');
		names += names != NULL;
	}
	len = names ? strcspn(names, ":") : 0;
	if (len == 0) {
		names = "unknown"; /* what sd_listen_fds_with_names(3) says */
		len = strlen(names);
	}
	snprintf(ret, PASSED_NAME_MAX, "%.*s", (int)len, names);
}

/* ------------------------------------------------------------------ each descriptor */

static bool is_inet(const struct addr *a)
{
	return a->sa.sa_family == AF_INET || a->sa.sa_family == AF_INET6;
}

/* Fills in what it is; NULL, or why it is not of use. */
static const char *judge(struct passed_socket *s)
{
	int protocol = sockets_get_option(s->fd, SOL_SOCKET, SO_PROTOCOL);
	socklen_t len = sizeof s->addr;

	if (protocol == -EBADF)
		return "it is not open";
	if (protocol == -ENOTSOCK || getsockname(s->fd, &s->addr.sa, &len) < 0)
		return "it is no socket";
	s->udp = protocol == IPPROTO_UDP;
	if (!is_inet(&s->addr) || (!s->udp && protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP))
		return "it is neither UDP nor TCP";
	if (!s->udp && sockets_get_option(s->fd, SOL_SOCKET, SO_ACCEPTCONN) != 1)
		return "it does not listen (a socket unit must not have Accept=yes)";
	if (addr_port(&s->addr) == 0)
		return "it is not bound";
	s->dual_stack = s->addr.sa.sa_family == AF_INET6 && addr_is_any(&s->addr) &&
			sockets_get_option(s->fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
	return NULL;
}

/* Names kept for what this version lacks: a DNS client must not end up there. */
static const char *refuse_name(const char *name)
{
	if (strcmp(name, "control") == 0)
		return "this version has no control socket";
	if (strcmp(name, "metrics") == 0)
		return "this version has no metrics";
	return NULL;
}

static void take(struct passed *p, struct passed_socket *s)
{
	const char *why = refuse_name(s->name);
	int err;

	if (!why)
		why = judge(s);
	if (!why && (err = sockets_adopt(s->fd, s->udp, &s->addr)) < 0)
		why = strerror(-err);
	if (!why) {
		p->socket[p->count++] = *s;
		return;
	}
	log_warning("descriptor %d, passed as %s, is closed: %s", s->fd, s->name, why);
	close(s->fd);
}

static void close_rest(int count)
{
	log_warning("%d descriptors were passed; the first %u are looked at, the rest is closed",
		count, PASSED_MAX);
	for (int i = PASSED_MAX; i < count; i++)
		close(FIRST_FD + i);
}

void passed_take(struct passed *ret)
{
	const char *fds = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	int count = passed_count(fds, getenv("LISTEN_PID"), getpid());

	ret->count = 0;
	if (count < 0)
		log_warning("LISTEN_FDS=%.40s is not a number from 0 to %d: no passed socket is "
			    "used",
			fds, PASSED_COUNT_MAX);
	for (int i = 0; i < count && i < (int)PASSED_MAX; i++) {
		struct passed_socket s = { .fd = FIRST_FD + i };

		passed_name(names, (unsigned)i, s.name);
		take(ret, &s);
	}
	if (count > (int)PASSED_MAX)
		close_rest(count);
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

void passed_close(struct passed *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->socket[i].fd >= 0)
			close(p->socket[i].fd);
	p->count = 0;
}
