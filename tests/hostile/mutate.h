/*
 * What a hostile client sends: message n of a seed, always the same octets.
 *
 * It begins as a query like those of real clients (names short, long, binary; types; EDNS with options; more records),
 * and most are then spoilt: octets flipped, overwritten, put in, cut out, doubled; counts and lengths that lie; names
 * that point in circles.  One in ten stays good, and some are nothing but noise.
 */
#ifndef TESTS_HOSTILE_MUTATE_H
#define TESTS_HOSTILE_MUTATE_H

#include <stddef.h>
#include <stdint.h>

#define MUTATED_MAX 65535u

/* Returns its length, which may be 0; of 1,000 messages one is longer than 4,096 octets. */
size_t mutated_query(uint64_t seed, uint64_t n, uint8_t ret_message[MUTATED_MAX]);

#endif
