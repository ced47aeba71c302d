#include "common/base/turn.h"

#define TIMERS_PER_TURN 4096u
#define ROUNDS_PER_TURN 8u
/*
 * Callbacks that defer callbacks are rare and shallow: deeper than this is one that feeds itself.
 */
#define PASSES_PER_ROUND 1024u

void turn_init(struct turn *t, struct turn_clock clock)
{
	*t = (struct turn){ .clock = clock };
	timerq_init(&t->timers);
	list_init(&t->deferred);
	list_init(&t->sealing);
	list_init(&t->sending);
	list_init(&t->dead);
	list_init(&t->ready);
}

/* Runs what stands in the list now.  What the work adds is left for the next call. */
static void run_once(struct list *phase)
{
	struct list batch;
	struct list *node;

	list_init(&batch);
	list_splice(&batch, phase);
	while ((node = list_take(&batch))) {
		struct turn_work *w = container_of(node, struct turn_work, node);

		w->run(w);
	}
}

static void run_deferred(struct turn *t)
{
	for (unsigned i = 0; i < PASSES_PER_ROUND && !list_empty(&t->deferred); i++)
		run_once(&t->deferred);
}

/* Freeing may bury more, but every object only once: this ends. */
static void run_dead(struct turn *t)
{
	while (!list_empty(&t->dead))
		run_once(&t->dead);
}

static void forget_all(struct list *phase)
{
	while (list_take(phase))
		;
}

void turn_deinit(struct turn *t)
{
	for (unsigned i = 0; i < ROUNDS_PER_TURN; i++) {
		run_deferred(t);
		run_dead(t);
	}
	forget_all(&t->deferred);
	forget_all(&t->sealing);
	forget_all(&t->sending);
	forget_all(&t->ready);
	timerq_deinit(&t->timers);
}

void turn_begin(struct turn *t)
{
	t->now_known = false;
	timerq_run(&t->timers, turn_now_us(t), TIMERS_PER_TURN);
	run_once(&t->ready);
}

void turn_end(struct turn *t)
{
	unsigned round = 0;

	do {
		run_deferred(t);
		run_once(&t->sealing);
	} while (++round < ROUNDS_PER_TURN &&
		 (!list_empty(&t->deferred) || !list_empty(&t->sealing)));

	if (!list_empty(&t->deferred) || !list_empty(&t->sealing))
		t->rounds_exceeded++;
	run_once(&t->sending);
	run_dead(t);
}

/* Timers: what the bound in turn_begin left is still due at the time of this turn. */
bool turn_has_ready(const struct turn *t)
{
	return !list_empty(&t->ready) || !list_empty(&t->deferred) || !list_empty(&t->sealing) ||
	       !list_empty(&t->sending) || !list_empty(&t->dead) ||
	       (t->timers.count > 0 && timerq_next_us(&t->timers) <= t->now_us);
}
