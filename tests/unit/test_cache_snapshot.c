#include "common/cache/snapshot.h"

#include "common/base/siphash.h"
#include "tests/unit/cache_case.h"

#include <stdio.h>

#define MB    1048576u
#define NAMES 50u

static struct cache *from, *to;
static struct bytes made;
static size_t count;

static int begin(void **state)
{
	(void)state;
	from = new_cache(MB, 1000);
	to = new_cache(MB, 1000);
	for (unsigned i = 0; i < NAMES; i++) {
		char name[40];
		struct cache_key k;

		snprintf(name, sizeof name, "n%u.test", i);
		k = key_of(name, DNS_TYPE_A, i % 4);
		put_address(from, &k, name, 100 + i, 0);
	}
	made = (struct bytes){ 0 };
	assert_int_equal(snapshot_make(from, 10, 5000, &made), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	cache_free(from);
	cache_free(to);
	bytes_free(&made);
	return 0;
}

static const char *take(const uint8_t *data, size_t len, uint64_t clock)
{
	uint8_t *copy = exact_copy(data, len);
	const char *why = snapshot_take(to, copy, len, 70, clock, &count);

	free(copy);
	return why;
}

static uint64_t entries(void)
{
	struct cache_figures f;

	cache_get_figures(to, &f);
	return f.entries;
}

static void test_round_trip(void **state)
{
	(void)state;
	assert_null(take(bytes_front(&made), bytes_len(&made), 5000));
	assert_int_equal(count, NAMES);
	for (unsigned i = 0; i < NAMES; i++) {
		char name[40];
		struct cache_key k;

		snprintf(name, sizeof name, "n%u.test", i);
		k = key_of(name, DNS_TYPE_A, i % 4);
		assert_int_equal(look(to, &k, 70 + 89 + i), CACHE_FRESH);
		assert_int_equal(look(to, &k, 70 + 90 + i), CACHE_STALE);
	}
}

/* It ages while the program is down, and too old is too old. */
static void test_time_between(void **state)
{
	struct cache_key k = key_of("n0.test", DNS_TYPE_A, 0);

	(void)state;
	assert_null(take(bytes_front(&made), bytes_len(&made), 5089));
	assert_int_equal(look(to, &k, 70), CACHE_FRESH);
	assert_int_equal(look(to, &k, 71), CACHE_STALE);
	assert_null(take(bytes_front(&made), bytes_len(&made), 5000 + 1115));
	assert_int_equal(count, NAMES - 26);
	assert_null(take(bytes_front(&made), bytes_len(&made), UINT64_MAX));
	assert_int_equal(count, 0);
	assert_non_null(take(bytes_front(&made), bytes_len(&made), 4999));
}

/* One octet changed, anywhere; cut short, anywhere: nothing of it is taken. */
static void test_damage(void **state)
{
	uint8_t *copy = exact_copy(bytes_front(&made), bytes_len(&made));

	(void)state;
	for (size_t i = 0; i < bytes_len(&made); i++) {
		copy[i] ^= (uint8_t)(1 << i % 8);
		assert_non_null(take(copy, bytes_len(&made), 5000));
		copy[i] ^= (uint8_t)(1 << i % 8);
		assert_non_null(take(copy, i, 5000));
	}
	assert_int_equal(entries(), 0);
	free(copy);
}

/* Where the sum is right and the content is not, what was read is thrown away. */
static void test_malformed(void **state)
{
	static const uint8_t no_key[16];
	uint8_t *copy = exact_copy(bytes_front(&made), bytes_len(&made));
	size_t sum_at = bytes_len(&made) - 8, last = sum_at - 1;
	uint64_t sum;

	(void)state;
	copy[last - 4] = 0xff; /* RDLENGTH of the last record */
	sum = siphash(no_key, copy, sum_at);
	wire_put32(copy + sum_at, (uint32_t)(sum >> 32));
	wire_put32(copy + sum_at + 4, (uint32_t)sum);
	assert_string_equal(take(copy, bytes_len(&made), 5000), "an answer in it is malformed");
	assert_int_equal(entries(), 0);
	free(copy);
}

static void test_empty(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	cache_flush(from, &(struct cache_filter){ 0 });
	assert_int_equal(snapshot_make(from, 0, 1, &b), 0);
	assert_null(take(bytes_front(&b), bytes_len(&b), 1));
	assert_int_equal(count, 0);
	assert_non_null(take((const uint8_t *)"", 0, 1));
	bytes_free(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_round_trip), TEST(test_time_between),
		TEST(test_damage), TEST(test_malformed), TEST(test_empty) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
