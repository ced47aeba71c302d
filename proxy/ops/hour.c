#include "proxy/ops/hour.h"

#include "common/dns/ede.h"

#define STEP_US (HOUR_STEP_S * UINT64_C(1000000))

/* Sums may shrink when a worker was not heard: that is no traffic. */
static uint32_t grown(uint64_t now, uint64_t before)
{
	uint64_t by = now > before ? now - before : 0;

	return by > UINT32_MAX ? UINT32_MAX : (uint32_t)by;
}

static struct histogram grown_histogram(const struct histogram *now, const struct histogram *before)
{
	struct histogram h = { .sum_us = grown(now->sum_us, before->sum_us) };

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		h.bucket[i] = grown(now->bucket[i], before->bucket[i]);
	return h;
}

static uint64_t cached(const struct stats *s)
{
	return s->cache_hits + s->cache_stale + s->cache_cuts;
}

static struct hour_step difference(const struct stats *now, const struct stats *before)
{
	struct histogram waited = grown_histogram(&now->waited, &before->waited);

	return (struct hour_step){
		.queries = grown(now->queries_udp + now->queries_tcp,
			before->queries_udp + before->queries_tcp),
		.cached = grown(cached(now), cached(before)),
		.local = grown(now->replies_local, before->replies_local),
		.asked = (uint32_t)histogram_count(&waited),
		.failed = grown(now->rcodes[RCODE_SERVFAIL], before->rcodes[RCODE_SERVFAIL]),
		.p50_us = (uint32_t)histogram_quantile_us(&waited, 0.5),
		.p95_us = (uint32_t)histogram_quantile_us(&waited, 0.95),
		.p99_us = (uint32_t)histogram_quantile_us(&waited, 0.99),
	};
}

static void push(struct hour *h, const struct hour_step *s)
{
	h->step[h->next] = *s;
	h->next = (h->next + 1) % HOUR_STEPS;
	if (h->count < HOUR_STEPS)
		h->count++;
}

void hour_add(struct hour *h, const struct stats *sums, uint64_t now_us)
{
	static const struct hour_step empty;
	uint64_t steps = h->begun ? (now_us - h->last_us + STEP_US / 2) / STEP_US : 1;
	struct hour_step s;

	if (steps == 0)
		return;
	if (h->begun) {
		s = difference(sums, &h->last);
		for (uint64_t i = 1; i < steps && i < HOUR_STEPS; i++)
			push(h, &empty);
		push(h, &s);
	}
	h->last = *sums;
	h->last_us = h->begun ? h->last_us + steps * STEP_US : now_us;
	h->begun = true;
}

const struct hour_step *hour_at(const struct hour *h, size_t i)
{
	return &h->step[(h->next + HOUR_STEPS - h->count + i) % HOUR_STEPS];
}
