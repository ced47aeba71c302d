/*
 * DNS64 (RFC 6147): IPv6 addresses for names that have IPv4 addresses only, for networks where a NAT64 takes
 * the one for the other.  The prefix is given, or learnt from the answer for ipv4only.arpa (RFC 7050).
 */
#ifndef COMMON_LOCAL_DNS64_H
#define COMMON_LOCAL_DNS64_H

#include "common/base/addr.h"
#include "common/local/answer.h"

/* Where the answer about AAAA does not say how long it holds (RFC 6147 5.1.7). */
#define DNS64_TTL_MAX 600u

/*
 * Whether the answer to an AAAA question leaves something to be made: it is no NXDOMAIN and has no address
 * (IPv4-mapped ones are none, RFC 6147 5.1.4); *ret_ttl is how long that may be taken for granted.
 */
bool dns64_wanted(const struct dns_message *answer, uint32_t *ret_ttl);

/*
 * The reply to an AAAA question from the answer to the same question about A: its aliases, and each address
 * behind the prefix; behind 64:ff9b::/96 only such as are the same for all the world (RFC 6052 3.1).  False: it
 * has no address that can be given.
 */
bool dns64_make(const struct prefix *prefix, const struct dns_message *a_answer, uint32_t ttl_max,
	struct local_reply *ret);

/*
 * The empty reply to an AAAA question where the answer about A has no address either; NULL: that answer, an
 * error, is to be given as it is.
 */
const struct local_reply *dns64_none(const struct dns_message *a_answer, struct local_reply *ret);

/* An IPv4 address in the prefix (RFC 6052 2.2). */
void dns64_embed(const struct prefix *prefix, const uint8_t ip4[4], uint8_t ret_ip6[16]);

/*
 * The reverse name of the IPv4 address inside, where this is the reverse name (ip6.arpa) of an address made with
 * the prefix (RFC 6147 5.3.1).  Returns its length; 0: it is none.
 */
size_t dns64_reverse(
	const struct prefix *prefix, const struct suffixes *name, uint8_t ret_name[DNS_NAME_MAX]);

/* The prefix that an answer about ipv4only.arpa AAAA tells (RFC 7050 3), and for how long; false: none. */
bool dns64_discover(const struct dns_message *answer, struct prefix *ret_prefix, uint32_t *ret_ttl);

#endif
