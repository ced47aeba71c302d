/* The cache as its own files see it. */
#ifndef COMMON_CACHE_INTERNAL_H
#define COMMON_CACHE_INTERNAL_H

#include "common/cache/cut.h"
#include "common/cache/shard.h"

struct cache {
	struct cache_settings settings;
	size_t shard_count; /* a power of two */
	struct cache_shard *shards;
	struct cut_table cuts;
};

/* The shard of a hash, locked; its clock is set. */
struct cache_shard *cache_lock(struct cache *c, uint64_t hash, uint32_t now);
void cache_unlock(struct cache_shard *s);

/* It may be given although its TTL has passed. */
static inline bool entry_usable_stale(
	const struct cache *c, const struct cache_entry *e, uint32_t now)
{
	int32_t left = time_until(e->expires, now);

	return !(e->bits & ENTRY_FAILURE) && left <= 0 && (uint32_t)-left < c->settings.stale_s;
}

/* For the replacement alone. */
static inline void entry_note_wanted(struct cache_entry *e)
{
	if (e->wanted < ENTRY_WANTED_MAX)
		e->wanted++;
}

/* The name is top, or below it. */
bool name_is_under(const uint8_t *name, size_t len, const uint8_t *top, size_t top_len);

static inline size_t entry_payload(const struct cache_entry *e)
{
	return (size_t)e->name_len + 2u * e->ttls + e->ede_len + e->all;
}

#endif
