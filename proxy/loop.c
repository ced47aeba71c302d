#include "proxy/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/clock.h"
#include "common/base/clock_test.h"

/* libevent's own cached time is coarse and unfit for round-trip times (design 2). */
static uint64_t monotonic_us(void *arg)
{
	(void)arg;
	return clock_monotonic_us();
}

uint64_t loop_boottime_us(void *unused)
{
	(void)unused;
	return clock_boottime_us();
}

uint32_t loop_boottime_s(void *unused)
{
	return (uint32_t)(loop_boottime_us(unused) / 1000000);
}

/*
 * The kernel's generator, seeded since long before us, gives up to 256 octets whole; more in
 * pieces.
 */
static void kernel_random(void *arg, void *buf, size_t len)
{
	uint8_t *at = buf;

	(void)arg;
	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EINTR) {
			abort(); /* predictable ids are worse than none (threats A06) */
		}
	}
}

static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (!config)
		return NULL;
	/*
	 * Not EPOLL_USE_CHANGELIST: what the kernel refuses would come out long after event_add, in
	 * libevent's log only, and nobody would wait for that socket any more.
	 */
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	/* A mailbox goes before all others. */
	if (base && event_base_priority_init(base, 2) < 0) {
		event_base_free(base);
		return NULL;
	}
	return base;
}

static void on_wakeup(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	l->wakeup_us = UINT64_MAX; /* turn_begin looks at the timers */
}

int loop_init(struct loop *l)
{
	*l = (struct loop){ .random.fill = kernel_random,
		.wakeup_us = UINT64_MAX,
		.slept_us = clock_slept_us() };
	turn_init(&l->turn, (struct turn_clock){ .monotonic_us = monotonic_us });
	l->base = make_base();
	l->scratch = malloc(LOOP_SCRATCH_SIZE);
	if (l->base)
		l->wakeup = evtimer_new(l->base, on_wakeup, l);
	if (l->wakeup && l->scratch)
		return 0;
	loop_deinit(l);
	return -ENOMEM;
}

void loop_deinit(struct loop *l)
{
	turn_deinit(&l->turn);
	if (l->wakeup)
		event_free(l->wakeup);
	if (l->base)
		event_base_free(l->base);
	free(l->scratch);
	l->base = NULL;
	l->wakeup = NULL;
	l->scratch = NULL;
}

#ifdef TESTCLOCK
/* The kernel knows nothing of our clock's jumps: we look often. */
static bool is_cut(struct loop *l)
{
	if (!clock_test_is_on())
		return false;
	event_add(l->wakeup, &(struct timeval){ .tv_usec = CLOCK_TEST_WAIT_US });
	return true;
}
#else
static bool is_cut(const struct loop *l)
{
	(void)l;
	return false;
}
#endif

/*
 * One libevent timer stands for all of ours and is armed lazily: it may fire early (then there is
 * nothing due and it is armed anew), never late.
 */
static void arm_wakeup(struct loop *l)
{
	uint64_t due = timerq_next_us(&l->turn.timers), now, wait;

	if (is_cut(l) || due >= l->wakeup_us)
		return;
	now = turn_now_us(&l->turn);
	wait = due > now ? due - now : 0;
	event_add(l->wakeup, &(struct timeval){ .tv_sec = (time_t)(wait / 1000000),
				     .tv_usec = (suseconds_t)(wait % 1000000) });
	l->wakeup_us = due;
}

/* One reading tells whether a close look is worth it: the turn's own time may be some time ago. */
void loop_expect_queries(struct loop *l)
{
	uint64_t slept;

	if (l->slept_known)
		return;
	l->slept_known = true;
	if (clock_boottime_us() < turn_now_us(&l->turn) + l->slept_us + LOOP_SLEPT_US)
		return;
	slept = clock_slept_us();
	if (slept < l->slept_us + LOOP_SLEPT_US)
		return;
	l->slept_us = slept;
	if (l->resumed)
		l->resumed(l->resumed_arg);
}

void loop_turn(struct loop *l)
{
	int how = EVLOOP_ONCE;

	if (turn_has_ready(&l->turn))
		how |= EVLOOP_NONBLOCK;
	else
		arm_wakeup(l);
	l->turn.now_known = l->slept_known = false;
	event_base_loop(l->base, how);
	turn_begin(&l->turn);
	turn_end(&l->turn);
}
