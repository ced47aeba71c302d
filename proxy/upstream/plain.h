/*
 * DNS in clear, over UDP (RFC 1035) and TCP (RFC 7766), as transports: for the zones of a network of
 * one's own, nothing else.  Nobody is authenticated.
 */
#ifndef PROXY_UPSTREAM_PLAIN_H
#define PROXY_UPSTREAM_PLAIN_H

#include "proxy/upstream/transport.h"

struct loop;
struct stats;

/* Queries over UDP under way at a time: each has a socket of its own (RFC 5452 9.2). */
#define PLAIN_UDP_SOCKETS 64u
/* Longest query in a datagram. */
#define PLAIN_UDP_MAX 1232u

/* Borrowed by each connection, outlives them. */
struct plain_endpoint {
	struct loop *loop;
	struct stats *stats; /* of this upstream */
	const char *device; /* the interface that it must leave by; NULL: any */
};

/* For transport_opener; arg is the struct plain_endpoint. */
struct transport *plain_tcp_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end);

/*
 * Connects nothing: it is ready at the end of the turn.  Every query leaves from a socket of its
 * own, connected, on a port that the kernel chooses at random, and only what comes there counts.
 */
struct transport *plain_udp_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end);

#endif
