/* The listening socket of the HTTP server, opened before privileges are dropped. */
#ifndef PROXY_OPS_HTTP_SOCKET_H
#define PROXY_OPS_HTTP_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

#include "common/config/endpoint.h"
#include "proxy/ops/control_path.h"

struct http_socket {
	struct endpoint at; /* its path is borrowed */
	struct addr addr; /* bound, with the port that the kernel chose; no family: a Unix socket */
	struct control_path bound; /* its fd listens; -1: none */
};

/*
 * Opens it.  group: who may connect to a Unix socket beside us, (gid_t)-1 for our own.  0, or negative
 * errno with one sentence.  From a process with one thread (umask).
 */
int http_socket_open(
	struct http_socket *s, const struct endpoint *at, gid_t group, char *error, size_t size);

/* Closes it; the file of a Unix socket is removed, where that is still possible. */
void http_socket_close(struct http_socket *s);

#endif
