/* Queries in datagrams. */
#ifndef TESTS_SERVER_UDP_H
#define TESTS_SERVER_UDP_H

#include <event2/util.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/reply.h"

struct outlet;
struct peer;

/* libevent callback of the socket; arg is the listener. */
void udp_on_readable(evutil_socket_t fd, short what, void *arg);
/* outlet_deliver of UDP listeners. */
void udp_deliver(struct outlet *o, const struct peer *to, uint8_t *frame, size_t len,
	const struct delivery *how);

#endif
