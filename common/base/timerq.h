/*
 * One-shot timers in a binary heap.  Time comes in: whoever owns the queue asks when the first
 * timer is due and says what time it is, so tests run hours in an instant and the daemon arms one
 * kernel timer for all.  Times are microseconds of one monotonic clock.  Not thread-safe.
 *
 * A timer's storage belongs to its owner, zeroed before first use; it must be stopped before it
 * goes.
 */
#ifndef COMMON_BASE_TIMERQ_H
#define COMMON_BASE_TIMERQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	void (*fire)(struct timer *t); /* may start or stop any timer, this one too */
	uint64_t due_us;	       /* valid while running */
	uint64_t order;		       /* number of its start: equal times fire in this order */
	size_t slot;		       /* place in the heap + 1; 0: not running */
};

struct timerq {
	struct timer **heap; /* owns the array, borrows the timers */
	size_t count, cap;
	uint64_t starts; /* timers started since timerq_init */
};

void timerq_init(struct timerq *q);
/* Stops all timers. */
void timerq_deinit(struct timerq *q);

/*
 * Starts or moves a timer.  -ENOMEM leaves it as it was (can happen only when it was not running).
 */
int timer_start(struct timerq *q, struct timer *t, uint64_t due_us);
void timer_stop(struct timerq *q, struct timer *t);

static inline bool timer_running(const struct timer *t)
{
	return t->slot != 0;
}

/* When the first timer is due; UINT64_MAX: none runs. */
uint64_t timerq_next_us(const struct timerq *q);

/*
 * Fires what is due at now_us, in order of time.  Timers started while it runs fire in this call
 * only if they were due before now_us; at most `limit` fire.  Returns how many did.
 */
size_t timerq_run(struct timerq *q, uint64_t now_us, size_t limit);

#endif
