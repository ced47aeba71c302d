/* The clocks of a released program: the system's, each in its unit, and sleep that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"

#define SECOND_US 1000000u

static uint64_t us_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND_US + (uint64_t)t.tv_nsec / 1000;
}

/* What was read lies between two readings of the system's. */
static void check_between(uint64_t before, uint64_t ours, uint64_t after)
{
	assert_in_range(ours, before, after);
}

static void test_units(void **state)
{
	uint64_t before, ours;
	struct timespec wall;

	(void)state;
	before = us_of(CLOCK_MONOTONIC);
	ours = clock_monotonic_us();
	check_between(before, ours, us_of(CLOCK_MONOTONIC));
	before = us_of(CLOCK_BOOTTIME);
	ours = clock_boottime_us();
	check_between(before, ours, us_of(CLOCK_BOOTTIME));
	before = us_of(CLOCK_REALTIME);
	clock_wall(&wall);
	check_between(before, (uint64_t)wall.tv_sec * SECOND_US + (uint64_t)wall.tv_nsec / 1000,
		us_of(CLOCK_REALTIME));
	/* The coarse one may be a tick behind. */
	before = us_of(CLOCK_REALTIME) / SECOND_US;
	ours = (uint64_t)clock_wall_s();
	check_between(before - 1, ours, us_of(CLOCK_REALTIME) / SECOND_US);
}

static void test_no_sleep(void **state)
{
	uint64_t first = clock_slept_us(), least = first, most = first;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t slept = clock_slept_us();

		least = slept < least ? slept : least;
		most = slept > most ? slept : most;
	}
	/* However often the thread was put off between two readings. */
	assert_true(most - least < SECOND_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_no_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
