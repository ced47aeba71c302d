/* The receiving half of a connection: socket, TLS, frames. */
#ifndef TESTS_SERVER_CONN_READ_H
#define TESTS_SERVER_CONN_READ_H

#include <event2/util.h>

/* libevent callback of the socket; arg is the connection. */
void conn_on_readable(evutil_socket_t fd, short what, void *arg);

#endif
