/* The TCP socket under an upstream connection. */
#ifndef PROXY_UPSTREAM_TCP_SOCKET_H
#define PROXY_UPSTREAM_TCP_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "proxy/upstream/transport.h"

/*
 * Starts to connect, non-blocking.  device: the interface that it must leave by; NULL: any.  The
 * descriptor, or -1 with *ret_end filled.
 */
int tcp_socket_connect(const struct addr *to, const char *device, struct transport_end *ret_end);

/* What this socket sends leaves by that interface or not at all; NULL: by any.  0 or negative errno. */
int tcp_socket_bind_device(int fd, const char *device);

/* How the connect ended, once writable: 0 or an errno. */
int tcp_socket_error(int fd);

/* What was seen of a connection the last time it was looked at; zeroed before the first. */
struct tcp_progress {
	uint64_t acked;	   /* octets acknowledged by then */
	uint64_t since_us; /* since when that has not grown while octets were out; 0: none out */
};

/* As transport.h's unacked_us, from TCP_INFO. */
uint64_t tcp_socket_unacked_us(
	int fd, struct tcp_progress *p, uint64_t now_us, uint64_t *ret_rtt_us);

/* Fills stage, fault and text for a system error.  No route, no address, no descriptor are ours. */
void tcp_socket_fault(struct transport_end *end, enum transport_stage stage, int error);

/* The same for the server's end of it. */
void tcp_socket_closed(struct transport_end *end, enum transport_stage stage);

#endif
