/*
 * What the last hour was like, in steps: kept for the status page, so that whoever opens it sees more
 * than the present.  Fed with sums that only grow; a value, of a fixed size, without I/O.
 */
#ifndef PROXY_OPS_HISTORY_H
#define PROXY_OPS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/stats.h"

#define HISTORY_STEP_S 10u
#define HISTORY_STEPS  360u

/* One step: what came, and how long clients waited for what was not at hand. */
struct history_step {
	uint32_t queries;
	uint32_t cached; /* replies from the cache, stale ones too */
	uint32_t local;	 /* replies of our own, but for SERVFAILs at the end of a wait */
	uint32_t asked;	 /* replies that had to be waited for */
	uint32_t failed; /* of all replies, SERVFAILs */
	uint32_t p50_us, p95_us,
		p99_us; /* of those that had to be waited for; 0: there were none */
};

struct history {
	struct stats last;
	uint64_t last_us;
	bool begun;
	struct history_step step[HISTORY_STEPS]; /* a ring */
	size_t next, count;
};

/*
 * The sums as they are at now_us.  What is nearer to the last than half a step is left for the next; after
 * a pause (no figures, a machine that slept) the missing steps are empty.
 */
void history_add(struct history *h, const struct stats *sums, uint64_t now_us);

/* The i-th of h->count, the oldest first. */
const struct history_step *history_at(const struct history *h, size_t i);

#endif
