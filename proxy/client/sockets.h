/* Listening sockets: UDP and TCP on one address, one pair for each worker. */
#ifndef PROXY_CLIENT_SOCKETS_H
#define PROXY_CLIENT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

struct socket_manner {
	bool shared;   /* another dnsfwd that says so may have the address, too (SO_REUSEPORT) */
	bool freebind; /* the machine need not have the address yet (IP_FREEBIND, IPV6_FREEBIND) */
};

struct socket_pair {
	int udp, tcp; /* bound (tcp: listening), non-blocking; -1: none */
};

/*
 * Opens `count` pairs on *addr.  Port 0: the kernel chooses one that is free for both, written back
 * to *addr. Refused where another program has the address, also one that shares ports
 * (SO_REUSEPORT), unless shared.  0 or negative errno with one sentence in error, all closed;
 * -EAFNOSUPPORT and -EADDRNOTAVAIL: the machine lacks it.
 */
int sockets_open(struct addr *addr, struct socket_manner manner, struct socket_pair *pairs,
	size_t count, char *error, size_t size);
/* Whether the machine has the address now; true where that can't be told. */
bool sockets_is_here(const struct addr *addr);

/*
 * A socket that another program bound becomes like one of ours as far as it still can: non-blocking,
 * closed on exec, buffers not smaller, and of a wildcard the address asked is told.  0 or negative
 * errno.
 */
int sockets_adopt(int fd, bool udp, const struct addr *bound);
/* The value of a socket option that is an int, or negative errno. */
int sockets_get_option(int fd, int level, int name);

/* Those that are open; they are -1 then. */
void sockets_close(struct socket_pair *pairs, size_t count);

#endif
