#include "proxy/client/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/build.h"
#include "proxy/client/holder.h"

/* A burst of small queries: the system's default holds about 250 of them. */
#define UDP_BUFFER  (4 << 20)
#define TCP_BACKLOG 1024
/* The kernel's choice for UDP may be taken for TCP. */
#define PORT_TRIES 32

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value);
}

/* Beyond the system's limit only with privilege; as much as allowed otherwise. */
static void size_buffer(int fd, int name, int name_of_force)
{
	if (set_option(fd, SOL_SOCKET, name_of_force, UDP_BUFFER) < 0)
		set_option(fd, SOL_SOCKET, name, UDP_BUFFER);
}

/* Which address was asked is of interest only where the socket has several. */
static int ask_for_local_address(int fd, const struct addr *bound)
{
	bool v6 = bound->sa.sa_family == AF_INET6;
	int err = 0;

	if (addr_is_any(bound))
		err = v6 ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
			 : set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	return err < 0 ? -errno : 0;
}

static int bind_freely(int fd, const struct addr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1)
					      : set_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
}

static int prepare(int fd, int type, const struct addr *addr, struct socket_manner manner)
{
	if (addr->sa.sa_family == AF_INET6 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0)
		return -errno;
	if (type == SOCK_STREAM && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0)
		return -errno;
	if (manner.shared && set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
		return -errno;
	if (manner.freebind && bind_freely(fd, addr) < 0)
		return -errno;
	if (type == SOCK_STREAM)
		return 0;
	size_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
	size_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
	return ask_for_local_address(fd, addr);
}

/* A bound (and listening) socket, or negative errno. */
static int open_one(int type, const struct addr *addr, struct socket_manner manner)
{
	int fd = socket(addr->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = prepare(fd, type, addr, manner);
	if (err == 0 && bind(fd, &addr->sa, addr_len(addr)) < 0)
		err = -errno;
	if (err == 0 && type == SOCK_STREAM && listen(fd, TCP_BACKLOG) < 0)
		err = -errno;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

static int open_pair(const struct addr *addr, struct socket_manner manner, struct socket_pair *ret)
{
	ret->tcp = -1;
	ret->udp = open_one(SOCK_DGRAM, addr, manner);
	if (ret->udp < 0)
		return ret->udp;
	ret->tcp = open_one(SOCK_STREAM, addr, manner);
	return ret->tcp < 0 ? ret->tcp : 0;
}

/*
 * Finds out whether the address is free, without sharing it: with SO_REUSEPORT alone a second
 * dnsfwd would quietly take half of the queries (threats F34).  Port 0 becomes a real one.
 */
static int probe(struct addr *addr, struct socket_manner manner)
{
	struct addr bound = { 0 };
	socklen_t len = sizeof bound;
	struct socket_pair pair = { -1, -1 };
	int err;

	manner.shared = false;
	pair.udp = err = open_one(SOCK_DGRAM, addr, manner);
	if (err < 0)
		return err;
	err = getsockname(pair.udp, &bound.sa, &len) < 0 ? -errno : 0;
	if (err == 0) {
		pair.tcp = open_one(SOCK_STREAM, &bound, manner);
		err = pair.tcp < 0 ? pair.tcp : 0;
	}
	if (err == 0)
		addr_set_port(addr, addr_port(&bound));
	sockets_close(&pair, 1);
	return err;
}

/* Names the program that has it where it can be seen. */
static void explain_busy(const struct addr *addr, char *error, size_t size)
{
	char text[ADDR_TEXT_MAX], place[ADDR_TEXT_MAX], program[64] = "";
	struct holder h;

	addr_text(addr, text);
	if (!WITH_DESK || !holder_find(addr, &h)) {
		snprintf(error, size,
			"cannot listen on %s: another program has this port; find it with "
			"\"ss -lntup sport = :%u\", stop it, or choose another port with listen or "
			"--listen",
			text, addr_port(addr));
		return;
	}
	if (h.pid != 0)
		snprintf(program, sizeof program, "%s (pid %d) ", h.program, h.pid);
	snprintf(error, size,
		"cannot listen on %s: another program has this port: %son %s; %s (\"ss -lntup "
		"sport "
		"= :%u\" shows it)",
		text, program, addr_text(&h.addr, place), holder_advice(&h), addr_port(addr));
}

static void explain(const struct addr *addr, int err, char *error, size_t size)
{
	char text[ADDR_TEXT_MAX];

	addr_text(addr, text);
	switch (-err) {
	case EADDRINUSE:
		explain_busy(addr, error, size);
		break;
	case EACCES:
	case EPERM:
		snprintf(error, size,
			"cannot listen on %s: permission denied; start as root or through systemd, "
			"or choose a port from 1024 on",
			text);
		break;
	case EADDRNOTAVAIL:
		snprintf(error, size,
			"cannot listen on %s: no interface of this machine has the address; with "
			"freebind = true it is served once one has",
			text);
		break;
	default:
		snprintf(error, size, "cannot listen on %s: %s", text, strerror(-err));
	}
}

static int try_open(
	struct addr *addr, struct socket_manner manner, struct socket_pair *pairs, size_t count)
{
	int err = manner.shared && addr_port(addr) != 0 ? 0 : probe(addr, manner);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct socket_pair){ -1, -1 };
	manner.shared |= count > 1;
	for (size_t i = 0; err == 0 && i < count; i++)
		err = open_pair(addr, manner, &pairs[i]);
	if (err < 0)
		sockets_close(pairs, count);
	return err;
}

int sockets_open(struct addr *addr, struct socket_manner manner, struct socket_pair *pairs,
	size_t count, char *error, size_t size)
{
	struct addr wanted = *addr;
	int err, tries = addr_port(addr) == 0 ? PORT_TRIES : 1;

	do {
		*addr = wanted;
		err = try_open(addr, manner, pairs, count);
	} while (err == -EADDRINUSE && --tries > 0);
	if (err < 0)
		explain(&wanted, err, error, size);
	return err;
}

bool sockets_is_here(const struct addr *addr)
{
	struct addr any_port = *addr;
	int fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool here = true;

	addr_set_port(&any_port, 0);
	if (fd >= 0 && bind(fd, &any_port.sa, addr_len(&any_port)) < 0)
		here = errno != EADDRNOTAVAIL;
	if (fd >= 0)
		close(fd);
	return here;
}

/* ------------------------------------------------------------------ sockets that others bound */

/*
 * Larger, never smaller: without privilege the system's limit would cut down what the service
 * manager gave.  A fresh socket shows what is to be had.
 */
static void grow_buffer(int fd, int name, int name_of_force)
{
	int fresh = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fresh < 0)
		return;
	size_buffer(fresh, name, name_of_force);
	if (sockets_get_option(fresh, SOL_SOCKET, name) > sockets_get_option(fd, SOL_SOCKET, name))
		size_buffer(fd, name, name_of_force);
	close(fresh);
}

int sockets_get_option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof value;

	return getsockopt(fd, level, name, &value, &len) < 0 ? -errno : value;
}

int sockets_adopt(int fd, bool udp, const struct addr *bound)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	if (!udp)
		return 0;
	grow_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
	grow_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
	/* A socket unit may want time stamps: they fill the room meant for the address asked. */
	set_option(fd, SOL_SOCKET, SO_TIMESTAMP, 0);
	return ask_for_local_address(fd, bound);
}

void sockets_close(struct socket_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (pairs[i].udp >= 0)
			close(pairs[i].udp);
		if (pairs[i].tcp >= 0)
			close(pairs[i].tcp);
		pairs[i] = (struct socket_pair){ -1, -1 };
	}
}
