/* The UDP socket under an association: connected, never fragmented by us, many datagrams a call. */
#ifndef PROXY_UPSTREAM_UDP_SOCKET_H
#define PROXY_UPSTREAM_UDP_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "proxy/upstream/datagrams.h"
#include "proxy/upstream/transport.h"

/* Datagrams read in one call at most. */
#define UDP_READ_MAX 32u

/*
 * Connected and non-blocking.  device: the interface that it must leave by; NULL: any.  The descriptor,
 * or -1 with *ret_end filled.
 */
int udp_socket_connect(const struct addr *to, const char *device, struct transport_end *ret_end);

/*
 * Octets of a datagram that the path takes, as far as anybody knows: of 1280 octets (RFC 8094 5), or less
 * where the route says so; but what an ICMP message may have claimed below 576 (IPv4) or 1280 is
 * not believed (RFC 9147 4.4.4).
 */
size_t udp_socket_payload_max(int fd, const struct addr *to);
/* Of the smallest path that there should be. */
size_t udp_socket_payload_floor(const struct addr *to);

/*
 * Sends what waits, as far as the socket takes it.  0; -EAGAIN: some of it waits still.  *ret_error, if
 * it is not 0, is the last error met: of a datagram that was dropped for it, or one that ICMP
 * brought, which costs none.
 */
int udp_socket_flush(int fd, struct datagrams *out, int *ret_error);

struct udp_read {
	const uint8_t *data; /* in the room */
	size_t len;	     /* of a slot at most: the rest of it is lost */
};

/*
 * Reads up to count (at most UDP_READ_MAX) datagrams into room, which has so many slots of `slot` octets.
 * How many, or a negative errno: -EAGAIN, or what ICMP brought.
 */
int udp_socket_read(
	int fd, uint8_t *room, size_t slot, unsigned count, struct udp_read ret[UDP_READ_MAX]);

#endif
