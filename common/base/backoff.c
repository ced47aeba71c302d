#include "common/base/backoff.h"

static uint32_t next_wait_us(const struct backoff *b, uint64_t now_us)
{
	uint32_t limit =
		now_us - b->since_us >= BACKOFF_LONG_AFTER_US ? BACKOFF_LONG_US : BACKOFF_MAX_US;
	uint32_t wait = b->wait_us ? b->wait_us * 2 : BACKOFF_FIRST_US;

	return wait < limit ? wait : limit;
}

/* 80 % to 120 %, so that many who lost the same server do not come back together. */
static uint64_t vary(uint64_t wait_us, uint32_t random)
{
	return wait_us * 4 / 5 + ((wait_us * 2 / 5 * random) >> 32);
}

uint64_t backoff_fail(struct backoff *b, uint64_t now_us, uint32_t random)
{
	if (b->failures == 0) {
		b->since_us = now_us;
		b->wait_us = 0;
	}
	if (b->failures < UINT32_MAX)
		b->failures++;
	b->wait_us = next_wait_us(b, now_us);
	return vary(b->wait_us, random);
}
