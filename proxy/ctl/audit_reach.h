/* Which of a resolver's addresses take a connection: all are tried at once, for a bounded time. */
#ifndef PROXY_CTL_AUDIT_REACH_H
#define PROXY_CTL_AUDIT_REACH_H

#include "proxy/ctl/audit.h"

#define AUDIT_REACH_MAX 16u
#define AUDIT_REACH_US	3000000u

/*
 * The first in their order that does, into facts->addr, with how many did; false: none, facts->stage and
 * failure say why the first did not.
 */
bool audit_reach(
	const struct addr *addrs, size_t count, uint64_t until_us, struct audit_facts *facts);

#endif
