/*
 * The turn of a worker's loop (design 2): events only collect, worker_end_turn() does the rest.
 * This is the meeting point of all who collect: the turn's clock, the timers, deferred callbacks,
 * sessions with something to seal, reply batches to send, objects to free, and the ready list.
 * It knows no event library: a unit test drives it with a clock of its own.
 *
 * One per worker, touched by that worker's thread only.
 */
#ifndef COMMON_BASE_TURN_H
#define COMMON_BASE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/base/timerq.h"

/*
 * A piece of work of some object.  Embedded, zeroed before first use; queued at most once at a
 * time.
 */
struct turn_work {
	struct list node;
	void (*run)(struct turn_work *w);
};

struct turn_clock {
	uint64_t (*monotonic_us)(void *arg);
	void *arg;
};

struct turn {
	struct turn_clock clock;
	uint64_t now_us; /* valid while now_known */
	bool now_known;
	struct timerq timers;
	struct list deferred;	  /* (1) callbacks */
	struct list sealing;	  /* (2) sessions to flush */
	struct list sending;	  /* (3) reply batches to flush */
	struct list dead;	  /* (4) objects to free */
	struct list ready;	  /* work that a bound left over: runs first in the next turn */
	uint64_t rounds_exceeded; /* bound hit: (1)-(2) repeated too often in a turn */
};

void turn_init(struct turn *t, struct turn_clock clock);

/* Runs what is still deferred or dead, so that everything handed over is freed. */
void turn_deinit(struct turn *t);

/* The time of this turn, read once when first asked for. */
static inline uint64_t turn_now_us(struct turn *t)
{
	if (!t->now_known) {
		t->now_us = t->clock.monotonic_us(t->clock.arg);
		t->now_known = true;
	}
	return t->now_us;
}

/* Queue work for a phase of this turn's end.  Work that is queued already stays where it is. */
static inline void turn_queue(struct list *phase, struct turn_work *w)
{
	if (!list_linked(&w->node))
		list_append(phase, &w->node);
}
static inline void turn_defer(struct turn *t, struct turn_work *w)
{
	turn_queue(&t->deferred, w);
}
static inline void turn_seal(struct turn *t, struct turn_work *w)
{
	turn_queue(&t->sealing, w);
}
static inline void turn_send(struct turn *t, struct turn_work *w)
{
	turn_queue(&t->sending, w);
}
static inline void turn_bury(struct turn *t, struct turn_work *w)
{
	turn_queue(&t->dead, w);
}
static inline void turn_ready(struct turn *t, struct turn_work *w)
{
	turn_queue(&t->ready, w);
}
static inline void turn_forget(struct turn_work *w)
{
	list_remove(&w->node);
}

/* At the start of a turn, after waiting: the clock is stale, due timers fire, ready work runs. */
void turn_begin(struct turn *t);

/*
 * worker_end_turn(): deferred callbacks until none is left, then sealing; again while that made new
 * callbacks (at most 8 rounds, the rest keeps the turn ready); then sending; then freeing.
 */
void turn_end(struct turn *t);

/* Something is left over: the next wait must not sleep. */
bool turn_has_ready(const struct turn *t);

#endif
