/*
 * The test clock (design 8): suspend, steps and hours of waiting, in a moment.  Only where TESTCLOCK is
 * defined; a released program has neither this nor the variable.
 *
 * DNSFWD_TESTCLOCK names a file of struct clock_test, which is mapped and read at each reading of a clock.
 * Whoever writes makes `version` odd, changes the offsets, makes it even again.  Waits of the event loops
 * are cut to CLOCK_TEST_WAIT_US, so that a jump is met by them, too.
 */
#ifndef COMMON_BASE_CLOCK_TEST_H
#define COMMON_BASE_CLOCK_TEST_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_TEST_WAIT_US 10000u

/* In the machine's order of octets; offsets in microseconds. */
struct clock_test {
	uint64_t version;
	int64_t wall, monotonic, boottime;
};

/* The file is there: waits are to be cut. */
bool clock_test_is_on(void);

#endif
