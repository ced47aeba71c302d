/* The listening socket of the HTTP server, opened before privileges are dropped. */
#ifndef PROXY_OPS_HTTP_SOCKET_H
#define PROXY_OPS_HTTP_SOCKET_H

#include <stddef.h>

#include "common/config/endpoint.h"

/*
 * Opens it.  An old socket file that nobody listens at is replaced; one that is made can be used by its
 * owner and its group.  Returns the descriptor, or negative errno with a sentence in error.
 * ret_addr: where it is, with the port that the kernel chose; zeroed for a Unix socket.
 */
int http_socket_open(const struct endpoint *at, struct addr *ret_addr, char *error, size_t size);

/* The file of a Unix socket is removed, where that is still possible. */
void http_socket_remove(const struct endpoint *at);

#endif
