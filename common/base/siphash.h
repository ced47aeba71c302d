/* SipHash-2-4 with 64-bit output: keyed hash of tables, and DNS cookies (RFC 9018 4.4). */
#ifndef COMMON_BASE_SIPHASH_H
#define COMMON_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The result as a number; stored little-endian it is the reference byte output. */
uint64_t siphash(const uint8_t key[16], const void *data, size_t len);

#endif
