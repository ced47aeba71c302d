/* The addresses of an upstream that is written by name: looked up through `bootstrap`, as the daemon does. */
#ifndef PROXY_CTL_AUDIT_LOOKUP_H
#define PROXY_CTL_AUDIT_LOOKUP_H

#include "common/config/config.h"

#define AUDIT_ADDRESSES_MAX 16u
#define AUDIT_LOOKUP_US	    5000000u

/*
 * Into addrs, with the upstream's port; how many.  0: error says why.  Blocks for AUDIT_LOOKUP_US at most.
 */
size_t audit_lookup(const struct config *c, const struct config_upstream *u,
	struct addr addrs[AUDIT_ADDRESSES_MAX], char *error, size_t size);

#endif
