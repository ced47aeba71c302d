/*
 * Which answers may be kept, and for how long (RFC 1035 7.4, RFC 2181 5, RFC 2308, RFC 9520;
 * threats A12).  A message counts as a whole: it lives as long as the shortest of its records.
 */
#ifndef COMMON_CACHE_LIFETIME_H
#define COMMON_CACHE_LIFETIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dns/message.h"

/* RFC 2308 5: one to three hours for what is denied. */
#define CACHE_NEGATIVE_MAX_S 10800u
/* How long the same question is not asked again that was answered SERVFAIL: 1 s, growing (design 9). */
#define CACHE_FAILURE_MIN_S 1u
#define CACHE_FAILURE_MAX_S 5u

enum cache_kind {
	CACHE_UNFIT = 0, /* not kept; what is known stays as it is */
	CACHE_GONE, /* a good answer that must not be kept (TTL 0, no SOA): what is known is outdated */
	CACHE_POSITIVE,
	CACHE_NEGATIVE, /* NXDOMAIN, or no data of this type */
	CACHE_FAILURE,	/* SERVFAIL, received */
	CACHE_FINAL,	/* SERVFAIL that judges the name: bogus or blocked (RFC 8914) */
};

struct cache_lifetime {
	enum cache_kind kind;
	uint32_t ttl_s; /* of CACHE_POSITIVE and CACHE_NEGATIVE, above 0 */
};

/* An answer that parsed MESSAGE_OK and was matched to its question; TTLs are raised to min, cut to max. */
struct cache_lifetime cache_lifetime(const struct dns_message *m, uint32_t min_s, uint32_t max_s);

/* For how long after so many SERVFAILs in a row (1 and more). */
uint32_t cache_failure_s(unsigned failures);

#endif
