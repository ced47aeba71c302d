/* Floods: of names that are asked once (threats A46), of names made to collide (A47), of sizes. */
#include "common/cache/cache.h"

#include "tests/unit/cache_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MB 1048576u

static struct cache *cache;
static uint64_t state = 88172645463325252u;

static uint32_t dice(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

static struct cache_key number_key(const char *kind, uint32_t n, char name[40])
{
	snprintf(name, 40, "%s%u.example.com", kind, n);
	return key_of(name, DNS_TYPE_A, 0);
}

/* As a resolver does: looks, and stores what is not there.  True: it was. */
static bool ask(const char *kind, uint32_t n, uint32_t ttl, uint32_t now)
{
	char name[40];
	struct cache_key k = number_key(kind, n, name);

	if (is_there(cache, &k, now))
		return true;
	put_address(cache, &k, name, ttl, now);
	return false;
}

struct flood {
	const char *name;
	size_t size;
	unsigned seconds;
	unsigned want_rare, want_hot; /* hits in percent */
};

static const struct flood floods[] = {
	{ "4M, a flood of five times its size", 4 * MB, 20, 90, 99 },
	{ "1M, sixty times", MB, 60, 90, 99 },
	{ "16M, twice", 16 * MB, 30, 90, 99 },
};

/*
 * 8,000 names a second that are asked once, one name asked once a second, a hundred that are asked
 * ten times a second.
 */
static void run_flood(const struct flood *f)
{
	uint32_t serial = 0, rare = 0, hot = 0, hot_asked = 0;
	struct cache_figures figures;

	cache = new_cache(f->size, 86400);
	for (uint32_t second = 0; second < f->seconds; second++) {
		rare += ask("rare", 0, 3600, second);
		for (unsigned i = 0; i < 8000; i++) {
			ask("once", serial++, 3600, second);
			if (i % 8)
				continue;
			hot += ask("hot", dice(100), 3600, second);
			hot_asked++;
		}
	}
	cache_get_figures(cache, &figures);
	printf("%s: rare %u of %u, hot %u of %u, %llu octets of %zu, %llu entries\n", f->name, rare,
		f->seconds, hot, hot_asked, (unsigned long long)figures.octets, f->size,
		(unsigned long long)figures.entries);
	expect(f->name, rare * 100 >= f->want_rare * f->seconds);
	expect(f->name, hot * 100 >= f->want_hot * hot_asked);
	expect(f->name, figures.octets <= f->size);
	expect(f->name, figures.entries + figures.evicted == figures.stored);
	cache_free(cache);
}

static void test_floods(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT_OF(floods); i++)
		run_flood(&floods[i]);
}

/* A working set that fits, plus a flood: Zipf-like demand keeps its hits. */
static void test_working_set(void **unused)
{
	unsigned hits = 0, asked = 0;

	(void)unused;
	cache = new_cache(2 * MB, 0);
	for (uint32_t i = 0; i < 400000; i++) {
		uint32_t n = dice(4000);

		ask("once", i, 3600, i / 8000);
		if (i % 4)
			continue;
		hits += ask("set", n, 3600, i / 8000);
		asked++;
	}
	printf("working set of 4000 beside a flood: %u hits of %u\n", hits, asked);
	assert_true(hits * 100 >= asked * 90);
	cache_free(cache);
}

/* What is past its use goes before what is not. */
static void test_old_goes_first(void **unused)
{
	unsigned kept = 0;

	(void)unused;
	cache = new_cache(MB, 86400);
	for (uint32_t i = 0; i < 4000; i++) {
		ask("long", i, 100000, 0);
		ask("long", i, 100000, 0); /* wanted: it comes into the main queue */
	}
	for (uint32_t i = 0; i < 2000; i++) {
		ask("short", i, 1, 0);
		ask("short", i, 1, 0);
	}
	for (uint32_t i = 0; i < 8000; i++)
		ask("once", i, 3600, 10);
	for (uint32_t i = 0; i < 4000; i++) {
		char name[40];
		struct cache_key k = number_key("long", i, name);

		kept += is_there(cache, &k, 10);
	}
	printf("%u of 4000 kept\n", kept);
	assert_true(kept >= 3600);
	cache_free(cache);
}

/* Any mixture of sizes fills the memory and never more than that. */
static void test_sizes(void **unused)
{
	static uint8_t buf[70000];
	struct cache_figures f;
	uint64_t most = 0;

	(void)unused;
	cache = new_cache(2 * MB, 0);
	for (uint32_t i = 0; i < 20000; i++) {
		struct wire_writer w = wire_writer(buf, sizeof buf);
		char name[40];
		struct cache_key k = number_key("size", dice(30000), name);
		unsigned records = dice(10) ? dice(12) + 1 : dice(3000) + 1;

		put_header(&w, 1, OK_FLAGS, 1);
		put_question(&w, name, DNS_TYPE_A);
		for (unsigned r = 0; r < records; r++)
			put_rec(&w, &(struct rec){ DNS_ANSWER, DNS_TYPE_A, 300, NULL, NULL });
		assert_int_equal(put_message(cache, &k, buf, w.pos, 0), CACHE_STORED);
		assert_true(is_there(cache, &k, 0));
		cache_get_figures(cache, &f);
		assert_true(f.octets <= 2 * MB);
		if (f.octets > most)
			most = f.octets;
	}
	assert_true(most > 2 * MB / 10 * 8);
	assert_int_equal(cache_flush(cache, &(struct cache_filter){ 0 }), f.entries);
	cache_get_figures(cache, &f);
	assert_int_equal(f.octets, 0);
	cache_free(cache);
}

/* ------------------------------------------------------------------ collisions */

static uint32_t fnv1a(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

static uint32_t djb2(const char *s)
{
	uint32_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (uint8_t)*s;
	return h;
}

static uint32_t jenkins(const char *s)
{
	uint32_t h = 0;

	for (; *s; s++) {
		h += (uint8_t)*s;
		h += h << 10;
		h ^= h >> 6;
	}
	h += h << 3;
	h ^= h >> 11;
	return h + (h << 15);
}

static uint32_t crc32(const char *s)
{
	uint32_t h = 0xffffffffu;

	for (; *s; s++) {
		h ^= (uint8_t)*s;
		for (unsigned i = 0; i < 8; i++)
			h = h & 1 ? h >> 1 ^ 0xedb88320u : h >> 1;
	}
	return ~h;
}

/*
 * Names that share the low 8 bits of a hash without key: in a table by that hash they would stand
 * in one of 256 buckets.  Ours must not notice: the steps of the search are counted.
 */
static unsigned longest_chain(uint32_t (*hash)(const char *s), uint32_t count)
{
	static uint16_t bucket[65536];
	unsigned longest = 0;

	memset(bucket, 0, sizeof bucket);
	for (uint32_t n = 0, found = 0; found < count; n++) {
		char name[40];
		struct cache_key k;

		snprintf(name, sizeof name, "%u.example.com", n);
		if (hash && (hash(name) & 0xff) != 0)
			continue;
		found++;
		k = key_of(name, DNS_TYPE_A, 0);
		if (++bucket[k.hash >> 32 & 0xffff] > longest)
			longest = bucket[k.hash >> 32 & 0xffff];
	}
	return longest;
}

static void test_collisions(void **unused)
{
	unsigned random = longest_chain(NULL, 50000);

	(void)unused;
	assert_true(random < 12);
	assert_true(longest_chain(fnv1a, 50000) <= random + 4);
	assert_true(longest_chain(djb2, 50000) <= random + 4);
	assert_true(longest_chain(jenkins, 50000) <= random + 4);
	assert_true(longest_chain(crc32, 50000) <= random + 4);
}

/* Another start, another order: what collided by chance does not next time. */
static void test_secret_matters(void **unused)
{
	static const uint8_t other[16] = { 8 };
	struct dns_question q = { (const uint8_t *)"\1a", 3, DNS_TYPE_A, DNS_CLASS_IN };
	struct cache_key a, b;

	(void)unused;
	cache_key_make(&a, secret, &q, 0, 1);
	cache_key_make(&b, other, &q, 0, 1);
	assert_true(a.hash != b.hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_floods),
		cmocka_unit_test(test_working_set), cmocka_unit_test(test_old_goes_first),
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_secret_matters) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
