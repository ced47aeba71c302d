/*
 * Runs something with random numbers and a clock that are the same each time, in a thread of its own:
 * GnuTLS has a random generator for each thread, which begins with what getrandom() gives.  So a
 * server's recorded octets fit the ClientHello again.
 */
#ifndef TESTS_FUZZ_STEADY_H
#define TESTS_FUZZ_STEADY_H

#include <stdint.h>

/* Waits for its end.  From within, too: with another seed. */
void steady_run(uint64_t seed, void (*run)(void *arg), void *arg);

/* From within: the clock of this run goes on. */
void steady_advance(unsigned ms);

#endif
