/*
 * One shard of the cache: its memory, the chains of its table, its queues.  Everything here is
 * called with its lock held.
 *
 * Memory is an array of blocks numbered from 1 (0 is none): an answer is a chain of blocks, the
 * first of which begins with struct cache_entry.  Behind that: name, places of the TTLs, EDE
 * options, records.  Blocks never used yet are not touched, so an empty cache costs address space
 * only.
 */
#ifndef COMMON_CACHE_SHARD_H
#define COMMON_CACHE_SHARD_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/cache/cache.h"

/*
 * Two cache lines: most answers with one record fit into one, and half a block is lost of longer
 * ones.
 */
#define BLOCK_SIZE 128u

enum entry_queue { QUEUE_SMALL = 0, QUEUE_MAIN, QUEUES };

enum entry_bits {
	ENTRY_TRUSTED = 0x01,
	ENTRY_AD_ASKED = 0x02,
	ENTRY_FAILURE = 0x04,	 /* SERVFAIL */
	ENTRY_REFRESHING = 0x08, /* prefetch was begun */
	ENTRY_DENIES = 0x10,	 /* all names below its own, too (cut.h) */
};

#define ENTRY_WANTED_MAX 3u

struct cache_entry {
	uint32_t more;	       /* next block of this answer */
	uint32_t chain;	       /* next entry of its bucket */
	uint32_t newer, older; /* in its queue */
	uint32_t hash;
	uint32_t expires, ttl_s;
	uint32_t rests_until; /* stale: not to be renewed before */
	uint64_t policy;
	uint16_t type, class;
	uint16_t flags; /* AD and RCODE, as received */
	uint16_t count[DNS_SECTIONS];
	uint16_t core, all; /* octets of the records: before the additional section, and of all */
	uint16_t ttls;	    /* records that have a TTL: all but the OPT */
	uint8_t name_len;
	uint8_t key_flags;
	uint8_t ede_len;
	uint8_t bits;
	uint8_t queue;
	uint8_t wanted;	  /* up to ENTRY_WANTED_MAX, for the replacement */
	uint8_t hits;	  /* up to 255, for prefetch */
	uint8_t failures; /* in a row, ENTRY_FAILURE */
};

struct entry_list {
	uint32_t newest, oldest;
	uint32_t blocks;
};

struct cache_shard {
	pthread_mutex_t lock;
	uint8_t *blocks; /* owned; the tables stand behind them */
	/* table_mask + 1 each.  Buckets are read without the lock to fetch ahead, which may be wrong. */
	atomic_uint *buckets;
	uint32_t *ghosts;
	uint32_t table_mask;
	uint32_t block_count, touched, free, used; /* free: chain of those that came back */
	uint32_t now; /* of the call under way: what is old goes first */
	struct entry_list queue[QUEUES];
	struct cache_figures figures;
	uint32_t denials;	  /* entries with ENTRY_DENIES here */
	atomic_uint *denials_all; /* and in all shards; borrowed */
} __attribute__((aligned(64)));

/*
 * size octets for all of it, of which so many are taken elsewhere; denials_all must live as long.  0
 * or -ENOMEM.
 */
int shard_init(
	struct cache_shard *s, size_t size, size_t taken_elsewhere, atomic_uint *denials_all);
void shard_deinit(struct cache_shard *s);
/* As new. */
void shard_clear(struct cache_shard *s);

static inline struct cache_entry *entry_at(const struct cache_shard *s, uint32_t block)
{
	return (struct cache_entry *)(void *)(s->blocks + (size_t)(block - 1) * BLOCK_SIZE);
}

static inline uint32_t entry_number(const struct cache_shard *s, const struct cache_entry *e)
{
	return (uint32_t)((size_t)((const uint8_t *)e - s->blocks) / BLOCK_SIZE) + 1;
}

/* Seconds until then, negative when it has passed. */
static inline int32_t time_until(uint32_t then, uint32_t now)
{
	return (int32_t)(then - now);
}

/*
 * Without the lock: the memory that shard_find will want is fetched ahead, first the bucket, then,
 * when that has come, the entry.
 */
void shard_fetch_bucket(const struct cache_shard *s, const struct cache_key *k);
void shard_fetch_entry(const struct cache_shard *s, const struct cache_key *k);

/* The entry of this key, or NULL. */
struct cache_entry *shard_find(const struct cache_shard *s, const struct cache_key *k);

/*
 * An entry with room for payload octets behind it, in no queue and no bucket; others are evicted for
 * it.  NULL: it is too large.
 */
struct cache_entry *shard_allocate(struct cache_shard *s, size_t payload);

/* Makes it known; its hash and queue are filled in. */
void shard_link(struct cache_shard *s, struct cache_entry *e);
/* Where a newcomer of this hash begins. */
enum entry_queue shard_queue_for(const struct cache_shard *s, uint32_t hash);
/* Out of bucket and queue, its blocks are free. */
void shard_remove(struct cache_shard *s, struct cache_entry *e);

/* ------------------------------------------------------------------ the octets of an entry */

/* A place in its chain of blocks. */
struct cursor {
	const struct cache_shard *shard;
	uint8_t *at;
	size_t left; /* in this block */
	uint32_t more;
};

struct cursor cursor_of(const struct cache_shard *s, struct cache_entry *e);
/* ret NULL: skips. */
void cursor_read(struct cursor *c, void *ret, size_t len);
void cursor_write(struct cursor *c, const void *data, size_t len);
bool cursor_equal(struct cursor *c, const void *data, size_t len);

#endif
