/*
 * Under what an answer is kept: the question, and all that may change its answer (design 3.3).  The
 * hash is keyed with a secret of this start, so that nobody can choose names that collide (threats
 * A47); it is made once for a query and serves cache, shard and joining.
 */
#ifndef COMMON_CACHE_KEY_H
#define COMMON_CACHE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dns/message.h"

#define CACHE_KEY_DO 0x01u /* DNSSEC records wanted */
#define CACHE_KEY_CD 0x02u /* checking disabled (RFC 4035 4.9.2) */

/* From policy on without holes: what is hashed stands in one piece. */
struct cache_key {
	uint64_t hash;
	uint64_t policy; /* of the forward group: another upstream or profile, another answer */
	uint16_t type, class;
	uint8_t flags;
	uint8_t name_len;
	uint8_t name[DNS_NAME_MAX]; /* folded; wire form, as RFC 4343 has it */
};

/* q is read during the call only. */
void cache_key_make(struct cache_key *ret, const uint8_t secret[16], const struct dns_question *q,
	unsigned flags, uint64_t policy);

bool cache_key_equal(const struct cache_key *a, const struct cache_key *b);

#endif
