/* Why a query was not answered: pool_reason(), pool_asks_host(). */
#include <stdio.h>

#include "proxy/upstream/policy.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/ways.h"

/* What there is to say of one upstream; its code counts for the group's if none is up. */
static enum ede_code describe(
	struct pool *p, const struct request *r, const struct upstream *u, size_t *at)
{
	const char *reason;
	enum upstream_standing standing = ways_standing(u, &reason);
	static const char *const what[] = {
		[UPSTREAM_UP] = ": no answer in time",
		[UPSTREAM_STARTING] = ": still connecting",
		[UPSTREAM_UNKNOWN] = ": its address is not known yet",
		[UPSTREAM_LOST] = ": its connection is lost, a new one is not answered yet",
		[UPSTREAM_DOWN] = "",
	};
	static const enum ede_code code[] = {
		[UPSTREAM_UP] = EDE_NETWORK_ERROR,
		[UPSTREAM_STARTING] = EDE_NOT_READY,
		[UPSTREAM_UNKNOWN] = EDE_NOT_READY,
		[UPSTREAM_LOST] = EDE_NETWORK_ERROR,
		[UPSTREAM_DOWN] = EDE_NO_REACHABLE_AUTHORITY,
	};

	if (standing == UPSTREAM_LOST && r->sent_before)
		standing = UPSTREAM_UP; /* it was asked, and did not answer */
	if (*at < sizeof p->reason)
		*at += (size_t)snprintf(p->reason + *at, sizeof p->reason - *at, "%s%s%s",
			*at ? "; " : "", reason, what[standing]);
	return code[standing];
}

/* The first in the policy's order that has sessions, as the one that is full; NULL: none. */
static const struct upstream *full(const struct pool *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (ways_ready(policy_nth(p, i)) > 0)
			return policy_nth(p, i);
	return NULL;
}

struct ede pool_reason(struct pool *p, const struct request *r)
{
	enum ede_code code = EDE_NONE;
	size_t at = 0;

	if (request_waits(r) && !r->sent_before && full(p)) {
		snprintf(p->reason, sizeof p->reason, "%s: too many queries in flight",
			full(p)->label);
		return (struct ede){ EDE_NETWORK_ERROR, p->reason };
	}
	for (size_t i = 0; i < p->count; i++) {
		enum ede_code one = describe(p, r, policy_nth(p, i), &at);

		if (code == EDE_NONE || one == EDE_NETWORK_ERROR ||
			(one == EDE_NO_REACHABLE_AUTHORITY && code == EDE_NOT_READY))
			code = one;
	}
	return (struct ede){ code, p->reason };
}

static bool has_host(const struct upstream *u, const struct addr *host)
{
	for (size_t i = 0; i < u->race.count; i++)
		if (addr_same_host(&u->race.list[i].addr, host))
			return true;
	return false;
}

const char *pool_asks_host(const struct pool *p, const struct addr *host)
{
	for (size_t i = 0; i < p->count; i++)
		if (has_host(policy_nth(p, i), host))
			return policy_nth(p, i)->label;
	return NULL;
}
