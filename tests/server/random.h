/* Repeatable random numbers (xorshift64*): a test that fails must fail again. */
#ifndef TESTS_SERVER_RANDOM_H
#define TESTS_SERVER_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline struct random random_seeded(uint64_t seed)
{
	return (struct random){ (seed + 1) * 0x9e3779b97f4a7c15u | 1 };
}

static inline uint32_t random_next(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (uint32_t)((r->state * 0x2545f4914f6cdd1du) >> 32);
}

/* 0 .. n-1; n > 0 */
static inline size_t random_below(struct random *r, size_t n)
{
	return random_next(r) % n;
}

static inline void random_fill(struct random *r, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)random_next(r);
}

#endif
