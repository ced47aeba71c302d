/*
 * Which networks we have been on: each is known by its interface, its gateway, and the gateway's hardware
 * address (design 5).  In memory only, at most NETWORKS_MAX; the one left longest ago gives way.  And what
 * makes a change of network of two answers of the kernel.
 */
#ifndef PROXY_OPS_NETWORKS_H
#define PROXY_OPS_NETWORKS_H

#include <net/if.h>
#include <stdbool.h>

#include "proxy/ops/route.h"

#define NETWORKS_MAX 16u

struct network {
	char interface[IF_NAMESIZE];
	struct addr gateway; /* AF_UNSPEC: none */
	uint8_t mac[ROUTE_MAC_MAX];
	size_t mac_len;	   /* 0: not known (yet) */
	uint64_t used;	   /* the higher, the later; 0: this place is free */
};

struct networks {
	struct network list[NETWORKS_MAX];
	size_t here; /* the place of the present one */
	uint64_t clock;
};

/* We are nowhere that is known of: place 0, which is free. */
void networks_init(struct networks *n);

/* What a route says of the network; its interface by name. */
void network_of(const struct route *r, struct network *ret);

/*
 * We are on this network now: n->here is its place.  True: it was not known, and what was kept for that place
 * is another's.  One whose hardware address is not known is the one known network that else is like it, if
 * that is just one.
 */
bool networks_enter(struct networks *n, const struct network *w);

/* What is known of the present one has grown: its hardware address. */
void networks_learn(struct networks *n, const struct network *w);

/* ------------------------------------------------------------------ changes */

/* The way to one address, as it was seen last when there was one. */
struct way_out {
	struct route route;
	bool lost; /* there was none since */
};

/*
 * Takes what the kernel says now.  True: it is another network than before, or one again after none.  A way that
 * is lost is no change: there is nothing to change to.  A gateway whose hardware address was known and has been
 * forgotten since says that the link was down in between.
 */
bool way_out_see(struct way_out *w, const struct route *now);

#endif
