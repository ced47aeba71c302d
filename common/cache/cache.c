#include "common/cache/cache.h"

#include <stdlib.h>

#include "common/cache/internal.h"

/* Workers seldom meet in one of so many, and the largest message fits into an eighth of one. */
#define SHARD_SIZE (1024u * 1024u)
#define SHARDS_MAX 64u

/* A hit in the last tenth of a TTL of a minute or more, and not the first (design 9). */
#define PREFETCH_TTL_MIN_S 60u
#define PREFETCH_PART	   10u
#define PREFETCH_HITS_MIN  2u

/* ------------------------------------------------------------------ life */

static size_t shards_for(size_t size)
{
	size_t count = 1;

	while (count < SHARDS_MAX && count * 2 <= size / SHARD_SIZE)
		count *= 2;
	return count;
}

static bool make_shards(struct cache *c)
{
	size_t count = shards_for(c->settings.size);
	size_t size = c->settings.size / count;
	size_t cuts = (cut_table_octets(c->settings.size) + count - 1) / count;

	c->shards = aligned_alloc(_Alignof(struct cache_shard), count * sizeof(struct cache_shard));
	for (size_t i = 0; c->shards && i < count; i++) {
		c->shard_count++;
		if (shard_init(&c->shards[i], size, cuts, &c->cuts.entries) < 0)
			return false;
	}
	return c->shards;
}

struct cache *cache_new(const struct cache_settings *settings)
{
	struct cache *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->settings = *settings;
	if (c->settings.size < CACHE_SIZE_MIN)
		c->settings.size = CACHE_SIZE_MIN;
	if (cut_table_init(&c->cuts, c->settings.size) == 0 && make_shards(c))
		return c;
	cache_free(c);
	return NULL;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->shard_count; i++)
		shard_deinit(&c->shards[i]);
	free(c->shards);
	cut_table_deinit(&c->cuts);
	free(c);
}

const uint8_t *cache_secret(const struct cache *c)
{
	return c->settings.secret;
}

void cache_get_figures(struct cache *c, struct cache_figures *ret)
{
	*ret = (struct cache_figures){ 0 };
	for (size_t i = 0; i < c->shard_count; i++) {
		struct cache_shard *s = &c->shards[i];

		pthread_mutex_lock(&s->lock);
		ret->entries += s->figures.entries;
		ret->octets += (uint64_t)s->used * BLOCK_SIZE;
		ret->stored += s->figures.stored;
		ret->evicted += s->figures.evicted;
		ret->admitted += s->figures.admitted;
		ret->too_large += s->figures.too_large;
		pthread_mutex_unlock(&s->lock);
	}
}

static struct cache_shard *shard_of(const struct cache *c, uint64_t hash)
{
	return &c->shards[hash & (c->shard_count - 1)];
}

void cache_expect(const struct cache *c, const struct cache_key *k)
{
	shard_fetch_bucket(shard_of(c, k->hash), k);
}

void cache_expect_soon(const struct cache *c, const struct cache_key *k)
{
	shard_fetch_entry(shard_of(c, k->hash), k);
}

struct cache_shard *cache_lock(struct cache *c, uint64_t hash, uint32_t now)
{
	struct cache_shard *s = shard_of(c, hash);

	pthread_mutex_lock(&s->lock);
	s->now = now;
	return s;
}

void cache_unlock(struct cache_shard *s)
{
	pthread_mutex_unlock(&s->lock);
}

/* ------------------------------------------------------------------ finding */

static void note_use(struct cache_entry *e)
{
	entry_note_wanted(e);
	if (e->hits < UINT8_MAX)
		e->hits++;
}

static bool is_almost_old(const struct cache_entry *e, uint32_t left)
{
	return left <= e->ttl_s / PREFETCH_PART && e->ttl_s >= PREFETCH_TTL_MIN_S &&
	       e->hits >= PREFETCH_HITS_MIN && !(e->bits & (ENTRY_REFRESHING | ENTRY_FAILURE));
}

static enum cache_found find_fresh(
	struct cache_entry *e, uint32_t left, bool wants_ad, struct cache_hit *ret)
{
	if (wants_ad && !(e->bits & ENTRY_AD_ASKED))
		return CACHE_NONE;
	note_use(e);
	ret->ttl_s = left;
	ret->almost_old = is_almost_old(e, left);
	return CACHE_FRESH;
}

static enum cache_found find_old(
	struct cache *c, struct cache_entry *e, uint32_t now, struct cache_hit *ret)
{
	if (!entry_usable_stale(c, e, now))
		return CACHE_NONE;
	note_use(e);
	ret->ttl_s = CACHE_STALE_TTL_S;
	ret->stale = true;
	ret->resting = time_until(e->rests_until, now) > 0;
	return CACHE_STALE;
}

enum cache_found cache_find(struct cache *c, const struct cache_key *k, bool wants_ad, uint32_t now,
	struct cache_hit *ret)
{
	struct cache_shard *s = cache_lock(c, k->hash, now);
	struct cache_entry *e = shard_find(s, k);
	enum cache_found found = CACHE_NONE;
	int32_t left;

	if (e) {
		*ret = (struct cache_hit){
			.shard = s, .entry = e, .ad_asked = e->bits & ENTRY_AD_ASKED
		};
		left = time_until(e->expires, now);
		found = left > 0 ? find_fresh(e, (uint32_t)left, wants_ad, ret)
				 : find_old(c, e, now, ret);
	}
	if (found == CACHE_NONE)
		cache_unlock(s);
	return found;
}

void cache_get_facts(const struct cache_hit *h, uint32_t now, struct cache_facts *ret)
{
	const struct cache_entry *e = h->entry;

	*ret = (struct cache_facts){ .ttl_s = e->ttl_s,
		.age_s = (uint32_t)((int32_t)e->ttl_s - time_until(e->expires, now)),
		.hits = e->hits };
}

void cache_note_refresh(const struct cache_hit *h)
{
	h->entry->bits |= ENTRY_REFRESHING;
}

void cache_release(struct cache_hit *h)
{
	cache_unlock(h->shard);
	h->shard = NULL;
	h->entry = NULL;
}

void cache_rest(struct cache *c, const struct cache_key *k, uint32_t now, uint32_t rest_s)
{
	struct cache_shard *s = cache_lock(c, k->hash, now);
	struct cache_entry *e = shard_find(s, k);

	if (e && !(e->bits & ENTRY_FAILURE))
		e->rests_until = now + rest_s;
	cache_unlock(s);
}

/* ------------------------------------------------------------------ flushing */

/* The name as it stands in its entry. */
static void read_name(const struct cache_shard *s, struct cache_entry *e, uint8_t *ret)
{
	struct cursor c = cursor_of(s, e);

	cursor_read(&c, ret, e->name_len);
}

/* Label by label from the front: what is left is compared whole. */
bool name_is_under(const uint8_t *name, size_t len, const uint8_t *top, size_t top_len)
{
	while (len > top_len && *name) {
		len -= *name + (size_t)1;
		name += *name + (size_t)1;
	}
	return len == top_len && name_equal(name, top, len);
}

static bool fits(const struct cache_shard *s, struct cache_entry *e, const struct cache_filter *f)
{
	uint8_t name[DNS_NAME_MAX];
	size_t len;

	if (f->has_policy && e->policy != f->policy)
		return false;
	if (f->untrusted && (e->bits & ENTRY_TRUSTED))
		return false;
	if (!f->name)
		return true;
	len = name_len(f->name);
	read_name(s, e, name);
	if ((e->bits & ENTRY_DENIES) && name_is_under(f->name, len, name, e->name_len))
		return true;
	if (!f->below)
		return e->name_len == len && name_equal(name, f->name, len);
	return name_is_under(name, e->name_len, f->name, len);
}

static size_t flush_queue(struct cache_shard *s, uint32_t number, const struct cache_filter *f)
{
	size_t count = 0;

	while (number) {
		struct cache_entry *e = entry_at(s, number);

		number = e->newer;
		if (!fits(s, e, f))
			continue;
		shard_remove(s, e);
		count++;
	}
	return count;
}

static size_t flush_shard(struct cache_shard *s, const struct cache_filter *f)
{
	size_t count = (size_t)s->figures.entries;

	if (!f->name && !f->has_policy && !f->untrusted) {
		shard_clear(s);
		return count;
	}
	return flush_queue(s, s->queue[QUEUE_SMALL].oldest, f) +
	       flush_queue(s, s->queue[QUEUE_MAIN].oldest, f);
}

size_t cache_flush(struct cache *c, const struct cache_filter *f)
{
	size_t count = 0;

	for (size_t i = 0; i < c->shard_count; i++) {
		pthread_mutex_lock(&c->shards[i].lock);
		count += flush_shard(&c->shards[i], f);
		pthread_mutex_unlock(&c->shards[i].lock);
	}
	return count;
}
