/*
 * What the I/O files of one thread share: the event base, the turn, buffers, counters, random
 * numbers. Owned by a worker; touched by its thread only.
 */
#ifndef PROXY_LOOP_H
#define PROXY_LOOP_H

#include <stdint.h>

#include "common/base/random.h"
#include "common/base/stats.h"
#include "common/base/turn.h"

struct event;
struct event_base;
struct tap;

/* One read from a stream at most; what is left makes the descriptor readable again. */
#define LOOP_READ_MAX 65536u
/* A partial message may stand in front of what is read. */
#define LOOP_SCRATCH_SIZE (LOOP_READ_MAX + 65537u + 512u)

struct loop {
	struct event_base *base;
	struct event *wakeup; /* the one kernel timer for all of turn.timers */
	uint64_t wakeup_us;   /* when it fires; UINT64_MAX: not armed */
	/* How long the machine has slept so far, as far as was noticed; and whether it was looked at in this turn. */
	uint64_t slept_us;
	bool slept_known;
	/*
	 * Set by the owner, NULL: nobody.  From loop_expect_queries: slept_us has grown.
	 */
	void (*resumed)(void *arg);
	void *resumed_arg;
	struct turn turn;
	struct random_source random;
	struct stats stats;
	struct tap *tap; /* where copies of messages go; NULL: nowhere */
	uint8_t *scratch; /* LOOP_SCRATCH_SIZE octets, valid inside one event callback or phase */
};

/*
 * CLOCK_BOOTTIME, in microseconds and in seconds: what ages while the machine sleeps goes by it (TTLs, tickets,
 * cookies); timers go by the turn's clock (design 5, Networks and epochs).  The argument is not used.
 */
uint64_t loop_boottime_us(void *unused);
uint32_t loop_boottime_s(void *unused);

/* 0 or -ENOMEM. */
int loop_init(struct loop *l);
void loop_deinit(struct loop *l);

/* The machine has slept where slept_us grows by so much: less is no matter, or is noise. */
#define LOOP_SLEPT_US (2ull * 1000000)

/*
 * Client queries are about to be read: the first one after the machine has slept must find all that
 * depends on it renewed.  Looks at the clocks once a turn.
 */
void loop_expect_queries(struct loop *l);

/*
 * One turn: waits for events (not at all while work is left over), lets them collect, ends the
 * turn.
 */
void loop_turn(struct loop *l);

#endif
