/*
 * Answers from outside that point inside (DNS rebinding): addresses in A and AAAA records and in the hints
 * of SVCB and HTTPS (RFC 9460 7.3), in any section; IPv4 addresses inside IPv6 ones count, too (mapped,
 * NAT64's 64:ff9b::/96, 6to4).
 */
#ifndef PROXY_RESOLVE_PRIVATE_H
#define PROXY_RESOLVE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"
#include "common/dns/message.h"

/* Whether an address of the answer, which parsed, lies in one of the prefixes. */
bool private_in_answer(
	const struct prefix *prefixes, size_t count, const struct dns_message *answer);

#endif
