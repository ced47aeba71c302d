/* Forwarding loops (threats A51): does an address lead back to where this process listens? */
#ifndef PROXY_SELF_H
#define PROXY_SELF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

/*
 * listen: what is really bound, with the ports that the kernel chose.  For a socket at the
 * any-address the addresses that this machine has now count.
 */
bool self_is_reached(const struct addr *listen, size_t count, const struct addr *to);

#endif
