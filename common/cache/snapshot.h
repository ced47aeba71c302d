/*
 * The cache as a piece of bytes, to be kept over a restart.  What comes back is read like an answer
 * from the network: whole or not at all, and each message through the same checks.  A checksum finds
 * damage; it is no proof of who wrote it, so the file has to be our own (0600).
 *
 *     "dnsfwdC1", seconds since 1970 (8), answers, SipHash of all before (8)
 *     an answer: length of the rest (4), policy (8), seconds left, negative when over (4), flags
 *     (1), the message; all big-endian
 */
#ifndef COMMON_CACHE_SNAPSHOT_H
#define COMMON_CACHE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/cache/cache.h"

/* All answers but failures, appended to *ret (owned by the caller).  0 or -ENOMEM. */
int snapshot_make(struct cache *c, uint32_t now, uint64_t since_1970_s, struct bytes *ret);

/*
 * Into the cache, aged by the time between.  NULL, and *ret_count is how many answers are of use; or
 * one sentence that says why nothing of it was taken.
 */
const char *snapshot_take(struct cache *c, const uint8_t *data, size_t len, uint32_t now,
	uint64_t since_1970_s, size_t *ret_count);

#endif
