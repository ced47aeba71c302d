#include "common/base/histogram.h"

uint64_t histogram_bound_us(unsigned i)
{
	uint64_t octave = UINT64_C(1) << (HISTOGRAM_LEAST_LOG + i / 2);

	if (i >= HISTOGRAM_BUCKETS - 1)
		return 0;
	return i % 2 ? octave + octave / 2 : octave;
}

uint64_t histogram_count(const struct histogram *h)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += h->bucket[i];
	return count;
}

void histogram_sum(struct histogram *sum, const struct histogram *part)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum->bucket[i] += part->bucket[i];
	sum->sum_us += part->sum_us;
}

static uint64_t within(const struct histogram *h, unsigned i, double rank)
{
	double low = i > 0 ? (double)histogram_bound_us(i - 1) : 0;
	double high = (double)histogram_bound_us(i);

	if (i == HISTOGRAM_BUCKETS - 1)
		return (uint64_t)low;
	return (uint64_t)(low + (high - low) * rank / (double)h->bucket[i]);
}

uint64_t histogram_quantile_us(const struct histogram *h, double share)
{
	double rank = share * (double)histogram_count(h);

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (h->bucket[i] > 0 && rank <= (double)h->bucket[i])
			return within(h, i, rank);
		rank -= (double)h->bucket[i];
	}
	return 0;
}
