/* Several workers on one cache: what one finds is what another stored, whole. */
#include "common/cache/cache.h"

#include "tests/unit/cache_case.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS	   4u
#define OPERATIONS 20000u
#define NAMES	   400u

static struct cache *cache;
static atomic_uint hits, cuts, broken;

struct thread {
	pthread_t id;
	uint64_t seed;
};

static uint32_t dice(struct thread *t, uint32_t n)
{
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 7;
	t->seed ^= t->seed << 17;
	return (uint32_t)(t->seed >> 32) % n;
}

/* n addresses, all of them n. */
static void store(uint32_t n, uint32_t now)
{
	struct cache_key k;
	struct cache_answer a = { .trusted = true, .ad_asked = true };
	struct dns_message m;
	uint8_t buf[8000];
	struct wire_writer w = wire_writer(buf, sizeof buf);
	char name[40], rdata[9];

	snprintf(name, sizeof name, "n%u.test", n);
	snprintf(rdata, sizeof rdata, "%08x", n);
	put_header(&w, 1, OK_FLAGS, 1);
	put_question(&w, name, DNS_TYPE_A);
	for (unsigned i = 0; i < 1 + n % 50; i++)
		put_rec(&w, &(struct rec){ DNS_ANSWER, DNS_TYPE_A, 100, rdata, NULL });
	if (message_parse(buf, w.pos, &m) != MESSAGE_OK)
		atomic_fetch_add(&broken, 1);
	k = key_of(name, DNS_TYPE_A, 0);
	a.message = &m;
	cache_store(cache, &k, &a, now);
}

static bool is_whole(const uint8_t *reply, size_t len, uint32_t n)
{
	struct dns_message m;
	struct record_walk w;
	struct dns_record rec;

	if (message_parse(reply, len, &m) != MESSAGE_OK || m.count[DNS_ANSWER] != 1 + n % 50)
		return false;
	w = record_walk(&m);
	while (record_next(&w, &rec))
		if (rec.type == DNS_TYPE_A && wire_get32(m.data + rec.rdata) != n)
			return false;
	return true;
}

static void ask(uint32_t n, uint32_t now)
{
	struct cache_key k;
	struct cache_hit h;
	struct asker a;
	uint8_t reply[8000];
	char name[40];
	size_t len;

	snprintf(name, sizeof name, "n%u.test", n);
	k = key_of(name, DNS_TYPE_A, 0);
	cache_expect(cache, &k);
	cache_expect_soon(cache, &k);
	if (cache_find(cache, &k, false, now, &h) == CACHE_NONE)
		return;
	asker_init(&a, name, DNS_TYPE_A);
	len = cache_write(&h, &a.form, reply, sizeof reply);
	cache_note_refresh(&h);
	cache_release(&h);
	atomic_fetch_add(&hits, 1);
	if (!is_whole(reply, len, n))
		atomic_fetch_add(&broken, 1);
}

/* d0.test to d9.test do not exist, safely; what is below any of them is denied with that. */
static void deny(uint32_t n, uint32_t now)
{
	struct rec soa = { DNS_AUTHORITY, DNS_TYPE_SOA, 5, SOA_60, "test" };
	char name[40];
	uint8_t buf[200];
	struct cache_key k;
	struct dns_message m;
	struct cache_answer a = { .message = &m, .trusted = true, .ad_asked = true };
	size_t len;

	snprintf(name, sizeof name, "d%u.test", n % 10);
	len = build_answer(buf, sizeof buf, name, (uint16_t)(1 + n % 3),
		OK_FLAGS | DNS_AD | RCODE_NXDOMAIN, &soa, 1, NULL);
	if (message_parse(buf, len, &m) != MESSAGE_OK)
		atomic_fetch_add(&broken, 1);
	k = key_of(name, m.question.type, 0);
	cache_store(cache, &k, &a, now);
}

static void ask_below(uint32_t n, uint32_t now)
{
	char name[40];
	uint8_t reply[600];
	struct cache_key k;
	struct cache_hit h;
	struct dns_message m;
	struct asker a;
	uint64_t probes = 0;
	size_t len;

	snprintf(name, sizeof name, "www.d%u.test", n % 10);
	k = key_of(name, DNS_TYPE_A, 0);
	if (!cache_find_cut(cache, &k, false, now, &h, &probes))
		return;
	asker_init(&a, name, DNS_TYPE_A);
	len = cache_write(&h, &a.form, reply, sizeof reply);
	cache_release(&h);
	atomic_fetch_add(&cuts, 1);
	if (message_parse(reply, len, &m) != MESSAGE_OK || m.count[DNS_AUTHORITY] != 1 ||
		message_rcode(&m) != RCODE_NXDOMAIN)
		atomic_fetch_add(&broken, 1);
}

static void *run(void *arg)
{
	struct thread *t = arg;
	struct cache_figures f;

	for (uint32_t i = 0; i < OPERATIONS; i++) {
		uint32_t n = dice(t, NAMES), what = dice(t, 1000);
		struct cache_key k = key_of("n1.test", DNS_TYPE_A, 0);

		if (what < 300)
			store(n, i / 100);
		else if (what < 320)
			deny(n, i / 100);
		else if (what < 400)
			ask_below(n, i / 100);
		else if (what < 990)
			ask(n, i / 100);
		else if (what < 995)
			cache_flush(cache, &(struct cache_filter){ .name = k.name });
		else if (what < 998)
			cache_get_figures(cache, &f);
		else if (what == 998 && dice(t, 10) == 0)
			cache_flush(cache, &(struct cache_filter){ 0 });
		else
			cache_rest(cache, &k, i / 100, 5);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct thread threads[THREADS];
	struct cache_figures f;

	(void)state;
	cache = new_cache(256 * 1024, 50);
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i].seed = 0x9e3779b97f4a7c15u * (i + 1);
		assert_int_equal(pthread_create(&threads[i].id, NULL, run, &threads[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i].id, NULL);
	cache_get_figures(cache, &f);
	printf("%u hits, %llu stored, %llu evicted\n", atomic_load(&hits),
		(unsigned long long)f.stored, (unsigned long long)f.evicted);
	assert_int_equal(atomic_load(&broken), 0);
	assert_true(atomic_load(&hits) > THREADS * OPERATIONS / 20);
	assert_true(f.evicted > 0);
	assert_true(atomic_load(&cuts) > 100);
	cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_threads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
