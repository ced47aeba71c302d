/*
 * How the kernel would send to an address: by which interface, from which address of ours, over which
 * gateway, and whose hardware address that has.  Asked over rtnetlink (rtnetlink(7): RTM_GETROUTE,
 * RTM_GETNEIGH), which sends nothing and needs no privilege; the kernel answers at once, so nobody waits.
 */
#ifndef PROXY_OPS_ROUTE_H
#define PROXY_OPS_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"

#define ROUTE_MAC_MAX 32u

enum route_neighbour {
	ROUTE_NEIGHBOUR_UNKNOWN = 0, /* not resolved, or there is none on such a link */
	ROUTE_NEIGHBOUR_ABSENT,	     /* the kernel has never asked, or forgot: the link was down */
	ROUTE_NEIGHBOUR_KNOWN,
};

struct route {
	bool reachable; /* else the rest is zero */
	unsigned interface;
	struct addr source;  /* AF_UNSPEC: not told */
	struct addr gateway; /* AF_UNSPEC: on the link itself */
	enum route_neighbour neighbour; /* of the gateway; of the address itself where there is none */
	uint8_t mac[ROUTE_MAC_MAX];	/* while KNOWN */
	size_t mac_len;
};

/* A socket to ask with; negative errno. */
int route_open(void);

/*
 * device: the interface that it has to leave by, 0: any.  0, also where there is no route; negative errno:
 * the kernel can't be asked.
 */
int route_ask(int fd, const struct addr *to, unsigned device, struct route *ret);

/*
 * Reads the kernel's answers; for route_ask and for tests.  0; -ENOENT: no, there is none; other negative
 * errno: what it complains of, or -EBADMSG.
 */
int route_parse(const void *data, size_t len, struct route *ret);
int route_parse_neighbour(const void *data, size_t len, struct route *ret);

#endif
