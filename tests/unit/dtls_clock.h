/* The clock of the test's process, for retransmissions that nobody waits for. */
#ifndef TESTS_UNIT_DTLS_CLOCK_H
#define TESTS_UNIT_DTLS_CLOCK_H

#include <stdint.h>

/* Every clock of the process is so much further from now on. */
void dtls_clock_advance(unsigned ms);

/*
 * From now on nothing else moves them: a machine that stands still changes nothing that a test counts.  Not where
 * an event loop waits, whose timers would never be due.
 */
void dtls_clock_stop(void);

#endif
