/*
 * The one place that reads the system's clocks.  From any thread; nothing is kept.
 *
 *   monotonic   timers and round-trip times: stands still while the machine sleeps
 *   boottime    what ages (TTLs, tickets, cookies): runs on while it sleeps
 *   wall        dates: of certificates, of the log, of files; may step in either direction
 *
 * Built with TESTCLOCK, offsets to each of them come from a file that tests write, see clock_test.h; a
 * released program has nothing of that.
 */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

uint64_t clock_monotonic_us(void);
uint64_t clock_boottime_us(void);

/* Seconds since 1970; and with what is below. */
time_t clock_wall_s(void);
void clock_wall(struct timespec *ret);

/*
 * How long the machine has slept since it was started, good to a millisecond: only how it grows means
 * something.  Three readings at least.
 */
uint64_t clock_slept_us(void);

#endif
