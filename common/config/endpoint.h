/*
 * Where something of this machine's own is served: an address that no other machine reaches, or a
 * Unix socket.  Nobody has to show who they are there, so anything else is not an endpoint (design 9).
 */
#ifndef COMMON_CONFIG_ENDPOINT_H
#define COMMON_CONFIG_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/addr.h"

/* Longest path of a Unix socket, with its NUL (unix(7)). */
#define ENDPOINT_PATH_MAX 108u

struct endpoint {
	struct addr addr; /* loopback, with port; its family is none where path says where */
	const char *path; /* in the text; NULL: addr says where */
};

/*
 * "127.0.0.1:9953", "[::1]:9953", "::1", "/run/dnsfwd/metrics.sock"; port is that of an address without
 * one, and 0 lets the kernel choose.  text is borrowed as long as *ret.  False: none of these.
 */
bool endpoint_parse(const char *text, uint16_t port, struct endpoint *ret);

#endif
