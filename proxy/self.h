/* Forwarding loops (threats A51): does an address lead back to where this process listens? */
#ifndef PROXY_SELF_H
#define PROXY_SELF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

/* Where we listen, as really bound, with the port that the kernel chose. */
struct self_socket {
	struct addr addr;
	bool udp, tcp; /* a service manager may pass one of them alone */
};

/*
 * By whoever goes there over TCP, and over UDP where over_udp.  For a socket at the any-address the
 * addresses that this machine has now count.
 */
bool self_is_reached(
	const struct self_socket *listen, size_t count, const struct addr *to, bool over_udp);

#endif
