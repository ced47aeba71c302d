/*
 * The cache against a naive one that never forgets: whatever is found must be what was stored last,
 * as old as it should be; and what the naive one would not give, ours must not either.
 */
#include "common/cache/cache.h"

#include "common/cache/lifetime.h"
#include "tests/unit/cache_case.h"

#include <stdio.h>

#define NAMES	   1200u
#define OPERATIONS 150000u
#define STALE	   50u

struct known {
	enum cache_kind kind; /* CACHE_UNFIT: nothing */
	uint32_t expires, ttl, rests;
	uint8_t bytes[900]; /* the records, TTLs as stored */
	size_t len;
	unsigned failures;
	unsigned records;
};

static struct known known[NAMES];
static struct cache *cache;
static uint64_t seed = 0x9e3779b97f4a7c15u;
static uint64_t found[3], asked;

static uint32_t dice(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

static struct cache_key key_number(uint32_t n, char name[60])
{
	snprintf(name, 60, "n%u.%s.test", n, n % 3 ? "with-a-longer-name-than-others" : "x");
	return key_of(name, DNS_TYPE_A, 0);
}

static size_t random_answer(const char *name, uint8_t *buf, size_t cap, unsigned *records)
{
	static const uint16_t rcodes[] = { 0, 0, 0, 0, 0, 0, 2, 3, 5 };
	struct wire_writer w = wire_writer(buf, cap);
	uint16_t rcode = rcodes[dice(COUNT_OF(rcodes))];
	unsigned count = rcode == 2 || rcode == 5 ? 0 : dice(20);

	put_header(&w, (uint16_t)dice(65536), (uint16_t)(OK_FLAGS | rcode), 1);
	put_question(&w, name, DNS_TYPE_A);
	*records = count;
	for (unsigned i = 0; i < count; i++) {
		char rdata[9];

		snprintf(rdata, sizeof rdata, "%08x", dice(UINT32_MAX));
		put_rec(&w, &(struct rec){ DNS_ANSWER, DNS_TYPE_A,
				    dice(5) ? 5 + dice(100) : dice(2), rdata, NULL });
	}
	if (rcode == 3 || dice(8) == 0) {
		put_rec(&w, &(struct rec){ DNS_AUTHORITY, 6, 5 + dice(50), SOA_60, NULL });
		(*records)++;
	}
	return w.pos;
}

static bool outlives(const struct known *k, uint32_t now)
{
	return (k->kind == CACHE_POSITIVE || k->kind == CACHE_NEGATIVE) && now < k->expires + STALE;
}

/* The rules once more, in the plainest form. */
static void remember(struct known *k, const struct dns_message *m, unsigned records, uint32_t now)
{
	struct cache_lifetime life = cache_lifetime(m, 0, 86400);
	unsigned failures = k->kind == CACHE_FAILURE && now < k->expires + 60 ? k->failures : 0;

	if ((life.kind == CACHE_UNFIT || life.kind == CACHE_FAILURE) && outlives(k, now)) {
		k->rests = now + CACHE_STALE_RETRY_S;
		return;
	}
	if (life.kind == CACHE_UNFIT)
		return;
	k->kind = life.kind == CACHE_GONE ? CACHE_UNFIT : life.kind;
	k->ttl = life.kind == CACHE_FAILURE ? cache_failure_s(++failures) : life.ttl_s;
	k->failures = failures;
	k->expires = now + k->ttl;
	k->rests = now;
	k->len = m->len - m->question_end;
	k->records = records;
	memcpy(k->bytes, m->data + m->question_end, k->len);
}

static void store(uint32_t n, uint32_t now)
{
	char name[60];
	struct cache_key k = key_number(n, name);
	uint8_t buf[1000];
	unsigned records;
	size_t len = random_answer(name, buf, sizeof buf, &records);
	struct dns_message m = parsed(buf, len);

	remember(&known[n], &m, records, now);
	put_message(cache, &k, buf, len, now);
}

static void expect_same(const struct known *k, uint8_t *reply, size_t len, uint32_t ttl)
{
	struct dns_message m = parsed(reply, len), was;
	struct record_walk w = record_walk(&m);
	struct dns_record rec;
	uint8_t *records = reply + m.question_end;
	unsigned count = 0;

	(void)was;
	assert_int_equal(m.len - m.question_end, k->len);
	while (record_next(&w, &rec)) {
		uint8_t *at = reply + rec.fixed + 4;

		assert_int_equal(wire_get32(at), ttl);
		memcpy(at, k->bytes + (at - records), 4);
		count++;
	}
	assert_int_equal(count, k->records);
	assert_memory_equal(records, k->bytes, k->len);
}

static enum cache_found want(const struct known *k, uint32_t now)
{
	if (k->kind == CACHE_UNFIT)
		return CACHE_NONE;
	if (now < k->expires)
		return CACHE_FRESH;
	return outlives(k, now) ? CACHE_STALE : CACHE_NONE;
}

/* sure: nothing can have been evicted. */
static void ask(uint32_t n, uint32_t now, bool sure)
{
	char name[60];
	struct cache_key k = key_number(n, name);
	struct cache_hit h;
	struct asker a;
	enum cache_found got = cache_find(cache, &k, dice(2), now, &h);
	uint8_t reply[2000];
	size_t len;

	asked++;
	found[got]++;
	if (sure || got != CACHE_NONE)
		assert_int_equal(got, want(&known[n], now));
	if (got == CACHE_NONE)
		return;
	assert_int_equal(h.resting, got == CACHE_STALE && now < known[n].rests);
	asker_init(&a, name, DNS_TYPE_A);
	a.form.edns = false;
	len = cache_write(&h, &a.form, reply, sizeof reply);
	cache_release(&h);
	expect_same(&known[n], reply, len,
		got == CACHE_STALE ? CACHE_STALE_TTL_S : known[n].expires - now);
}

static void flush(uint32_t n)
{
	char name[60];
	struct cache_key k = key_number(n, name);

	cache_flush(cache, &(struct cache_filter){ .name = k.name });
	known[n].kind = CACHE_UNFIT;
}

/* What is pushed out is no longer known to us; the naive one can't know of that. */
static void run(size_t size, bool sure)
{
	uint32_t now = 0;

	memset(known, 0, sizeof known);
	memset(found, 0, sizeof found);
	asked = 0;
	cache = new_cache(size, STALE);
	for (unsigned i = 0; i < OPERATIONS; i++) {
		uint32_t n = dice(NAMES), what = dice(100);

		now += dice(400) == 0;
		if (what < 40)
			store(n, now);
		else if (what < 98)
			ask(n, now, sure);
		else
			flush(n);
	}
	printf("%u operations: %llu asked, %llu fresh, %llu stale, %llu none\n", OPERATIONS,
		(unsigned long long)asked, (unsigned long long)found[CACHE_FRESH],
		(unsigned long long)found[CACHE_STALE], (unsigned long long)found[CACHE_NONE]);
	assert_true(found[CACHE_FRESH] > asked / 10 && found[CACHE_STALE] > asked / 100);
	cache_free(cache);
}

static void test_roomy(void **state)
{
	(void)state;
	run(2 * 1024 * 1024, true);
}

/*
 * Too small for all: what was evicted counts as unknown, which may make a failure the first of a
 * row or let REFUSED find nothing; then what ours says may differ from the naive one, so SERVFAIL
 * and REFUSED only come where all fits.
 */
static void test_tight(void **state)
{
	uint32_t now = 0;
	struct cache_figures f;

	(void)state;
	memset(known, 0, sizeof known);
	memset(found, 0, sizeof found);
	cache = new_cache(CACHE_SIZE_MIN, STALE);
	for (unsigned i = 0; i < OPERATIONS; i++) {
		uint32_t n = dice(NAMES);
		char name[60];
		struct cache_key k = key_number(n, name);
		uint8_t buf[1000];
		unsigned records;
		size_t len;
		struct dns_message m;

		now += dice(400) == 0;
		if (dice(2)) {
			ask(n, now, false);
			continue;
		}
		len = random_answer(name, buf, sizeof buf, &records);
		m = parsed(buf, len);
		if (message_rcode(&m) == 2 || message_rcode(&m) == 5)
			continue;
		remember(&known[n], &m, records, now);
		put_message(cache, &k, buf, len, now);
	}
	cache_get_figures(cache, &f);
	printf("tight: %llu fresh, %llu evicted, %llu admitted\n",
		(unsigned long long)found[CACHE_FRESH], (unsigned long long)f.evicted,
		(unsigned long long)f.admitted);
	assert_true(found[CACHE_FRESH] > 1000 && f.evicted > 1000 && f.admitted > 100);
	assert_true(f.octets <= CACHE_SIZE_MIN);
	cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_roomy),
		cmocka_unit_test(test_tight) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
