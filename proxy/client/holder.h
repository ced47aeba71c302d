/*
 * Who has the port that we want: looked up in /proc when a bind failed, so that the complaint can
 * name a program and what to do about it.  Root sees every program, others their own.
 */
#ifndef PROXY_CLIENT_HOLDER_H
#define PROXY_CLIENT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

struct holder {
	struct addr addr;    /* where it sits: ours, or a wildcard's share of it */
	unsigned long inode; /* of its socket */
	int pid;	     /* 0: it can't be seen */
	char program[17];    /* the kernel's name for it, cut to 15 octets; "" without pid */
};

/* A socket in the way of *wanted, and its program as far as it can be seen.  False: none is found. */
bool holder_find(const struct addr *wanted, struct holder *ret);

/* What to do about it: a clause without full stop. */
const char *holder_advice(const struct holder *h);

/* One line of /proc/net/udp, udp6, tcp or tcp6.  False: it is not of that form. */
bool holder_parse_row(
	const char *line, struct addr *ret_local, unsigned *ret_state, unsigned long *ret_inode);

#endif
