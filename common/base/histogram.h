/*
 * How long things took: a histogram with fixed bounds, two in each power of two of microseconds, from
 * 64 us to 8.4 s, and a last bucket without bound.  Counting is a handful of instructions, and there is
 * nothing to allocate.  Zeroed is empty.  Not locked: it belongs to one thread, reports add copies up.
 */
#ifndef COMMON_BASE_HISTOGRAM_H
#define COMMON_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_LEAST_LOG 6u /* the first bound is 64 us */
#define HISTOGRAM_MOST_LOG  23u
#define HISTOGRAM_BUCKETS   (2u * (HISTOGRAM_MOST_LOG - HISTOGRAM_LEAST_LOG) + 2u)

struct histogram {
	uint64_t bucket[HISTOGRAM_BUCKETS];
	uint64_t sum_us;
};

static inline unsigned histogram_index(uint64_t us)
{
	unsigned log, at;

	if (us < 1u << HISTOGRAM_LEAST_LOG)
		return 0;
	log = 63u - (unsigned)__builtin_clzll(us);
	at = 1u + 2u * (log - HISTOGRAM_LEAST_LOG) + (unsigned)(us >> (log - 1) & 1u);
	return at < HISTOGRAM_BUCKETS ? at : HISTOGRAM_BUCKETS - 1u;
}

static inline void histogram_add(struct histogram *h, uint64_t us)
{
	h->bucket[histogram_index(us)]++;
	h->sum_us += us;
}

/* The times in bucket i are shorter than this; 0: the last one, which has no bound. */
uint64_t histogram_bound_us(unsigned i);
uint64_t histogram_count(const struct histogram *h);
void histogram_sum(struct histogram *sum, const struct histogram *part);
/*
 * What this share of the times is shorter than, read off as a straight line inside its bucket; the bound
 * below it where that is the last bucket; 0 where nothing was counted.
 */
uint64_t histogram_quantile_us(const struct histogram *h, double share);

#endif
