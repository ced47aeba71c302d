#include "common/cache/shard.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define LINK_SIZE  sizeof(uint32_t) /* in front of each block but the first */
#define FIRST_ROOM (BLOCK_SIZE - sizeof(struct cache_entry))
#define NEXT_ROOM  (BLOCK_SIZE - LINK_SIZE)
/* The small queue's part of the memory. */
#define SMALL_PART 10u
/* An answer may take this part of it at most. */
#define ENTRY_PART 8u

_Static_assert(sizeof(struct cache_entry) <= 72, "a short answer fits into one block");
_Static_assert(sizeof(atomic_uint) == sizeof(uint32_t), "a bucket holds a number of a block");

/* ------------------------------------------------------------------ blocks */

static uint32_t *link_of(const struct cache_shard *s, uint32_t block)
{
	return (uint32_t *)(void *)(s->blocks + (size_t)(block - 1) * BLOCK_SIZE);
}

static uint32_t take_block(struct cache_shard *s)
{
	uint32_t block = s->free;

	if (block)
		s->free = *link_of(s, block);
	else
		block = ++s->touched;
	s->used++;
	return block;
}

static void give_block(struct cache_shard *s, uint32_t block)
{
	*link_of(s, block) = s->free;
	s->free = block;
	s->used--;
}

/* The first word of every block is the number of the next, in an entry too. */
static uint32_t give_chain(struct cache_shard *s, uint32_t block)
{
	uint32_t count = 0, next;

	for (; block; block = next, count++) {
		next = *link_of(s, block);
		give_block(s, block);
	}
	return count;
}

static uint32_t blocks_for(size_t payload)
{
	if (payload <= FIRST_ROOM)
		return 1;
	return (uint32_t)(1 + (payload - FIRST_ROOM + NEXT_ROOM - 1) / NEXT_ROOM);
}

static uint32_t blocks_of(const struct cache_entry *e)
{
	return blocks_for((size_t)e->name_len + 2u * e->ttls + e->ede_len + e->all);
}

/* ------------------------------------------------------------------ queues */

static void queue_add(struct cache_shard *s, struct cache_entry *e)
{
	struct entry_list *q = &s->queue[e->queue];
	uint32_t number = entry_number(s, e);

	e->newer = 0;
	e->older = q->newest;
	if (q->newest)
		entry_at(s, q->newest)->newer = number;
	else
		q->oldest = number;
	q->newest = number;
	q->blocks += blocks_of(e);
}

static void queue_remove(struct cache_shard *s, struct cache_entry *e)
{
	struct entry_list *q = &s->queue[e->queue];

	if (e->newer)
		entry_at(s, e->newer)->older = e->older;
	else
		q->newest = e->older;
	if (e->older)
		entry_at(s, e->older)->newer = e->newer;
	else
		q->oldest = e->newer;
	q->blocks -= blocks_of(e);
}

/* ------------------------------------------------------------------ the table */

static atomic_uint *bucket_of(const struct cache_shard *s, uint32_t hash)
{
	return &s->buckets[hash & s->table_mask];
}

static uint32_t bucket_get(const struct cache_shard *s, uint32_t hash)
{
	return atomic_load_explicit(bucket_of(s, hash), memory_order_relaxed);
}

static void bucket_set(struct cache_shard *s, uint32_t hash, uint32_t number)
{
	atomic_store_explicit(bucket_of(s, hash), number, memory_order_relaxed);
}

static void unchain(struct cache_shard *s, const struct cache_entry *e)
{
	uint32_t number = entry_number(s, e), at = bucket_get(s, e->hash);

	if (at == number) {
		bucket_set(s, e->hash, e->chain);
		return;
	}
	while (entry_at(s, at)->chain != number)
		at = entry_at(s, at)->chain;
	entry_at(s, at)->chain = e->chain;
}

void shard_fetch_bucket(const struct cache_shard *s, const struct cache_key *k)
{
	__builtin_prefetch(s);
	__builtin_prefetch(bucket_of(s, (uint32_t)(k->hash >> 32)));
}

void shard_fetch_entry(const struct cache_shard *s, const struct cache_key *k)
{
	uint32_t number = bucket_get(s, (uint32_t)(k->hash >> 32));
	const uint8_t *entry = s->blocks + (size_t)(number ? number - 1 : 0) * BLOCK_SIZE;

	__builtin_prefetch(entry, 1);
	__builtin_prefetch(entry + BLOCK_SIZE / 2);
}

static bool is_of(const struct cache_shard *s, struct cache_entry *e, const struct cache_key *k)
{
	struct cursor c;

	if (e->hash != (uint32_t)(k->hash >> 32) || e->name_len != k->name_len ||
		e->type != k->type || e->class != k->class || e->key_flags != k->flags ||
		e->policy != k->policy)
		return false;
	c = cursor_of(s, e);
	return cursor_equal(&c, k->name, k->name_len);
}

struct cache_entry *shard_find(const struct cache_shard *s, const struct cache_key *k)
{
	uint32_t number = bucket_get(s, (uint32_t)(k->hash >> 32));

	while (number) {
		struct cache_entry *e = entry_at(s, number);

		if (is_of(s, e, k))
			return e;
		number = e->chain;
	}
	return NULL;
}

static void count_denials(struct cache_shard *s, uint32_t more, uint32_t less)
{
	s->denials += more - less;
	if (more != less)
		atomic_fetch_add(s->denials_all, more - less);
}

void shard_link(struct cache_shard *s, struct cache_entry *e)
{
	e->chain = bucket_get(s, e->hash);
	bucket_set(s, e->hash, entry_number(s, e));
	queue_add(s, e);
	s->figures.entries++;
	count_denials(s, e->bits & ENTRY_DENIES ? 1 : 0, 0);
}

void shard_remove(struct cache_shard *s, struct cache_entry *e)
{
	unchain(s, e);
	queue_remove(s, e);
	s->figures.entries--;
	count_denials(s, 0, e->bits & ENTRY_DENIES ? 1 : 0);
	give_chain(s, entry_number(s, e));
}

/* ------------------------------------------------------------------ replacement */

static uint32_t *ghost_of(const struct cache_shard *s, uint32_t hash)
{
	return &s->ghosts[hash & s->table_mask];
}

enum entry_queue shard_queue_for(const struct cache_shard *s, uint32_t hash)
{
	return hash && *ghost_of(s, hash) == hash ? QUEUE_MAIN : QUEUE_SMALL;
}

static void evict(struct cache_shard *s, struct cache_entry *e)
{
	s->figures.evicted++;
	shard_remove(s, e);
}

static bool is_old(const struct cache_shard *s, const struct cache_entry *e)
{
	return time_until(e->expires, s->now) <= 0;
}

static void requeue(struct cache_shard *s, struct cache_entry *e, enum entry_queue to)
{
	queue_remove(s, e);
	e->queue = (uint8_t)to;
	queue_add(s, e);
}

/* The oldest of the small queue goes, or, asked for again, up. */
static void trim_small(struct cache_shard *s)
{
	struct cache_entry *e = entry_at(s, s->queue[QUEUE_SMALL].oldest);

	if (e->wanted > 0 && !is_old(s, e)) {
		e->wanted = 0;
		s->figures.admitted++;
		requeue(s, e, QUEUE_MAIN);
		return;
	}
	*ghost_of(s, e->hash) = e->hash;
	evict(s, e);
}

/* The oldest of the main queue goes, or, asked for since, another round. */
static void trim_main(struct cache_shard *s)
{
	struct cache_entry *e = entry_at(s, s->queue[QUEUE_MAIN].oldest);

	if (e->wanted > 0 && !is_old(s, e)) {
		e->wanted--;
		requeue(s, e, QUEUE_MAIN);
		return;
	}
	evict(s, e);
}

/* Each step evicts one or lowers its `wanted`: at most four steps for each entry. */
static void trim(struct cache_shard *s)
{
	const struct entry_list *small = &s->queue[QUEUE_SMALL];

	if (small->oldest &&
		(small->blocks > s->block_count / SMALL_PART || !s->queue[QUEUE_MAIN].oldest))
		trim_small(s);
	else
		trim_main(s);
}

struct cache_entry *shard_allocate(struct cache_shard *s, size_t payload)
{
	uint32_t need = blocks_for(payload), first = 0, block;

	if (need > s->block_count / ENTRY_PART) {
		s->figures.too_large++;
		return NULL;
	}
	while (s->block_count - s->used < need)
		trim(s);
	for (; need > 0; need--) {
		block = take_block(s);
		*link_of(s, block) = first;
		first = block;
	}
	return entry_at(s, first);
}

/* ------------------------------------------------------------------ the octets of an entry */

struct cursor cursor_of(const struct cache_shard *s, struct cache_entry *e)
{
	return (struct cursor){
		.shard = s, .at = (uint8_t *)(e + 1), .left = FIRST_ROOM, .more = e->more
	};
}

static void next_block(struct cursor *c)
{
	uint32_t *link = link_of(c->shard, c->more);

	c->at = (uint8_t *)link + LINK_SIZE;
	c->left = NEXT_ROOM;
	c->more = *link;
}

/* How many of len octets stand in one piece here, at least one. */
static size_t piece(struct cursor *c, size_t len)
{
	if (c->left == 0)
		next_block(c);
	return len < c->left ? len : c->left;
}

static void pass(struct cursor *c, size_t n)
{
	c->at += n;
	c->left -= n;
}

void cursor_read(struct cursor *c, void *ret, size_t len)
{
	uint8_t *out = ret;

	while (len > 0) {
		size_t n = piece(c, len);

		if (out) {
			memcpy(out, c->at, n);
			out += n;
		}
		pass(c, n);
		len -= n;
	}
}

void cursor_write(struct cursor *c, const void *data, size_t len)
{
	const uint8_t *in = data;

	while (len > 0) {
		size_t n = piece(c, len);

		memcpy(c->at, in, n);
		pass(c, n);
		in += n;
		len -= n;
	}
}

bool cursor_equal(struct cursor *c, const void *data, size_t len)
{
	const uint8_t *want = data;

	while (len > 0) {
		size_t n = piece(c, len);

		if (memcmp(c->at, want, n) != 0)
			return false;
		pass(c, n);
		want += n;
		len -= n;
	}
	return true;
}

/* ------------------------------------------------------------------ life */

static uint32_t power_of_two_below(size_t n)
{
	uint32_t p = 1;

	while ((size_t)p * 2 <= n && p < UINT32_C(1) << 30)
		p *= 2;
	return p;
}

static size_t table_octets(const struct cache_shard *s)
{
	return ((size_t)s->table_mask + 1) * sizeof(uint32_t);
}

static size_t memory_octets(const struct cache_shard *s)
{
	return (size_t)s->block_count * BLOCK_SIZE + 2 * table_octets(s);
}

/*
 * Pages of zeros, which cost nothing before they are used.  Not from malloc, which may take it for a
 * reason to clear them, or keep them when they come back.
 */
static int allocate(struct cache_shard *s)
{
	void *memory = mmap(NULL, memory_octets(s), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	s->blocks = memory;
	s->buckets = (atomic_uint *)(void *)(s->blocks + (size_t)s->block_count * BLOCK_SIZE);
	s->ghosts = (uint32_t *)(void *)s->buckets + s->table_mask + 1;
	return 0;
}

int shard_init(struct cache_shard *s, size_t size, size_t taken_elsewhere, atomic_uint *denials_all)
{
	size_t limit = (size_t)1 << 30;

	memset(s, 0, sizeof *s);
	s->denials_all = denials_all;
	pthread_mutex_init(&s->lock, NULL);
	s->table_mask = power_of_two_below(size / BLOCK_SIZE) - 1;
	size = (size - taken_elsewhere - 2 * table_octets(s) - sizeof *s) / BLOCK_SIZE;
	s->block_count = (uint32_t)(size < limit ? size : limit);
	return allocate(s);
}

void shard_deinit(struct cache_shard *s)
{
	if (s->blocks)
		munmap(s->blocks, memory_octets(s));
	pthread_mutex_destroy(&s->lock);
}

void shard_clear(struct cache_shard *s)
{
	for (uint32_t i = 0; i <= s->table_mask; i++)
		bucket_set(s, i, 0);
	memset(s->ghosts, 0, table_octets(s));
	memset(s->queue, 0, sizeof s->queue);
	madvise(s->blocks, memory_octets(s), MADV_DONTNEED); /* back to the system; zeros again */
	s->used = s->touched = s->free = 0;
	s->figures.entries = 0;
	count_denials(s, 0, s->denials);
}
