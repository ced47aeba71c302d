/*
 * Socket activation (sd_listen_fds(3)): the service manager binds the sockets, passes them as
 * descriptors 3 and up, and tells in LISTEN_FDS how many, in LISTEN_PID to whom and in
 * LISTEN_FDNAMES what they are called.
 */
#ifndef PROXY_CLIENT_PASSED_H
#define PROXY_CLIENT_PASSED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

/* As many are used. */
#define PASSED_MAX 64u
/* A LISTEN_FDS above it is nonsense: no descriptor is touched. */
#define PASSED_COUNT_MAX 1024
/* Octets of a name with its NUL; longer ones are cut. */
#define PASSED_NAME_MAX 64u

struct passed_socket {
	int fd;		 /* -1: taken by somebody else */
	bool udp;	 /* otherwise TCP, listening */
	bool dual_stack; /* [::] that IPv4 clients reach too */
	struct addr addr;
	char name[PASSED_NAME_MAX];
};

struct passed {
	struct passed_socket socket[PASSED_MAX];
	size_t count;
};

/*
 * Takes all that was passed to this process: UDP sockets and listening TCP sockets, ready for use
 * (sockets_adopt); everything else is closed with a warning.  The variables are unset.  Once, in
 * main's thread, before it starts another and before anything opens a descriptor that stays: what
 * LISTEN_FDS counts is taken for passed.
 */
void passed_take(struct passed *ret);
/* Those whose fd is not -1. */
void passed_close(struct passed *p);

/*
 * Descriptors that these values of LISTEN_FDS and LISTEN_PID (NULL: not set) pass to process self.
 * 0: none, or another process's.  -EINVAL: to us, but LISTEN_FDS is not 0 to PASSED_COUNT_MAX.
 */
int passed_count(const char *fds, const char *pid, long self);
/* The index-th of a LISTEN_FDNAMES (NULL: not set); "unknown" where it has none. */
void passed_name(const char *names, unsigned index, char ret[PASSED_NAME_MAX]);

#endif
