/*
 * What does not exist has nothing below it (RFC 8020): an NXDOMAIN that is kept may deny the names
 * under its own, too, and saves asking for them.  It does so only where that is safe, since one lie,
 * or one server that denies empty non-terminals, would take a whole subtree away:
 *
 *   - it came with AD from a session that was authenticated: somebody who validates vouches for it;
 *   - it denies its own question: no CNAME or DNAME before it, class IN;
 *   - its SOA stands above the name: no zone denies its own apex;
 *   - it came without an Extended DNS Error: what a filter denies is that name alone;
 *   - it is fresh, and for the same DO, CD and policy.
 *
 * Such an answer may have been asked for with any type, and answers are found by their type.  So a
 * table of hints, apart from all shards, says for a name with which type it was denied last: 16 bits
 * of a hash, 16 of type, one slot for a hash, the last one wins.  A hint is no answer and proves
 * nothing: the entry that it leads to is found under its whole key, and looked at again.  So what
 * was flushed, replaced, evicted or is over denies nothing, with no hint to be taken back; a hint that
 * was overwritten costs a question upstream.  (A second entry for each denied name would cost a
 * block, and had to be kept in step with the first.)  Data for the name itself wipes its hint.
 *
 * Where no such entry is kept, which one counter tells, none of this is paid for.  Else a miss costs
 * one hash of a label and one slot for every label of the name, however long.
 */
#ifndef COMMON_CACHE_CUT_H
#define COMMON_CACHE_CUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/cache/cache.h"

/* Larger answers deny their own name alone: records are moved on the stack. */
#define CUT_RECORDS_MAX 4096u

struct cut_table {
	atomic_uint *hints; /* owned; mask + 1; 0: none */
	uint32_t mask;
	atomic_uint entries; /* how many answers in the cache deny what is below them */
};

/* Of a cache of this size: a 64th of it at most. */
size_t cut_table_octets(size_t cache_size);
/* 0 or -ENOMEM. */
int cut_table_init(struct cut_table *t, size_t cache_size);
void cut_table_deinit(struct cut_table *t);

/* The answer may deny what is below its name. */
bool cut_is_safe(const struct cache_answer *a, const struct cache_key *k);

/* An answer of this key was stored: it denies what is below, or says that there is something. */
void cut_note(struct cache *c, const struct cache_key *k, bool denies);

#endif
