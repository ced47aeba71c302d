/*
 * When to try a failing upstream again (design 5, Health): 0.1 s, doubling to 1 s; after two minutes
 * of outage up to 4 s; each wait varied by 20 % either way, so that none is longer than 5 s.  Times
 * in microseconds, random numbers come in.
 */
#ifndef COMMON_BASE_BACKOFF_H
#define COMMON_BASE_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_US      100000u
#define BACKOFF_MAX_US	      1000000u
#define BACKOFF_LONG_US	      4000000u
#define BACKOFF_LONG_AFTER_US 120000000u

struct backoff {
	uint64_t since_us; /* first failure of this outage; valid while failures > 0 */
	uint32_t wait_us;  /* the last wait, before variation */
	uint32_t failures;
};

/* All is well again (a good handshake). */
static inline void backoff_reset(struct backoff *b)
{
	*b = (struct backoff){ 0 };
}

/* A failure at now_us: returns how long to wait. */
uint64_t backoff_fail(struct backoff *b, uint64_t now_us, uint32_t random);

#endif
