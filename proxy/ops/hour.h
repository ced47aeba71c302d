/*
 * What the last hour was like, in steps: kept for the status page, so that whoever opens it sees more
 * than the present.  Fed with sums that only grow; a value, of a fixed size, without I/O.
 */
#ifndef PROXY_OPS_HOUR_H
#define PROXY_OPS_HOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/stats.h"

#define HOUR_STEP_S 10u
#define HOUR_STEPS  360u

/* One step: what came, and how long clients waited for what was not at hand. */
struct hour_step {
	uint32_t queries;
	uint32_t cached; /* replies from the cache, stale ones too */
	uint32_t local;	 /* replies of our own, but for SERVFAILs at the end of a wait */
	uint32_t asked;	 /* replies that had to be waited for */
	uint32_t failed; /* of all replies, SERVFAILs */
	uint32_t p50_us, p95_us,
		p99_us; /* of those that had to be waited for; 0: there were none */
};

struct hour {
	struct stats last;
	uint64_t last_us;
	bool begun;
	struct hour_step step[HOUR_STEPS]; /* a ring */
	size_t next, count;
};

/*
 * The sums as they are at now_us.  What is nearer to the last than half a step is left for the next; after
 * a pause (no figures, a machine that slept) the missing steps are empty.
 */
void hour_add(struct hour *h, const struct stats *sums, uint64_t now_us);

/* The i-th of h->count, the oldest first. */
const struct hour_step *hour_at(const struct hour *h, size_t i);

#endif
