#include "common/base/bytes.h"

#include "tests/unit/cm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 20000u

static void check(const struct bytes *b)
{
	assert_true(b->start <= b->end);
	assert_true(b->end <= b->cap);
	if (b->start == b->end)
		assert_int_equal(b->start, 0);
}

static void test_empty(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	assert_int_equal(bytes_len(&b), 0);
	assert_null(bytes_front(&b));
	bytes_consume(&b, 0);
	assert_int_equal(bytes_append(&b, NULL, 0), 0);
	assert_int_equal(bytes_len(&b), 0);
	bytes_free(&b);
	bytes_free(&b);
}

static void test_first_in_first_out(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	assert_int_equal(bytes_append(&b, "hello ", 6), 0);
	assert_int_equal(bytes_append(&b, "world", 5), 0);
	assert_int_equal(bytes_len(&b), 11);
	assert_memory_equal(bytes_front(&b), "hello world", 11);
	bytes_consume(&b, 6);
	assert_memory_equal(bytes_front(&b), "world", 5);
	bytes_consume(&b, 5);
	assert_int_equal(bytes_len(&b), 0);
	check(&b);
	bytes_free(&b);
	assert_int_equal(b.cap, 0);
}

static void test_reserve_and_commit(void **state)
{
	struct bytes b = { 0 };
	uint8_t *room = bytes_reserve(&b, 1000);

	(void)state;
	assert_non_null(room);
	assert_int_equal(bytes_len(&b), 0);
	memset(room, 'x', 1000);
	bytes_commit(&b, 10);
	assert_int_equal(bytes_len(&b), 10);
	assert_memory_equal(bytes_front(&b), "xxxxxxxxxx", 10);
	bytes_free(&b);
}

static void test_too_much(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	assert_int_equal(bytes_append(&b, "abc", 3), 0);
	assert_null(bytes_reserve(&b, SIZE_MAX));
	assert_null(bytes_reserve(&b, SIZE_MAX - 3));
	assert_int_equal(bytes_append(&b, "abc", SIZE_MAX / 2), -ENOMEM);
	assert_int_equal(bytes_len(&b), 3);
	assert_memory_equal(bytes_front(&b), "abc", 3);
	bytes_free(&b);
}

/* A queue that is never empty must not grow with what went through it. */
static void test_space_in_front_is_used_again(void **state)
{
	struct bytes b = { 0 };
	uint8_t block[100] = { 0 };

	(void)state;
	assert_int_equal(bytes_append(&b, block, 10), 0);
	for (unsigned i = 0; i < 10000; i++) {
		assert_int_equal(bytes_append(&b, block, sizeof block), 0);
		bytes_consume(&b, sizeof block);
	}
	assert_true(b.cap <= 1024);
	bytes_free(&b);
}

/* Octets are numbered as they go in, and must come out in that order. */
static void test_random_steps(void **state)
{
	struct bytes b = { 0 };
	uint8_t in = 0, out = 0, block[700];
	size_t len = 0;

	(void)state;
	srandom(5);
	for (unsigned step = 0; step < STEPS; step++) {
		size_t n = (size_t)random() % sizeof block;

		if (random() % 2 && len < 20000) {
			for (size_t i = 0; i < n; i++)
				block[i] = in++;
			assert_int_equal(bytes_append(&b, block, n), 0);
			len += n;
		} else {
			n = n < len ? n : len;
			for (size_t i = 0; i < n; i++)
				assert_int_equal(bytes_front(&b)[i], out++);
			bytes_consume(&b, n);
			len -= n;
		}
		assert_int_equal(bytes_len(&b), len);
		check(&b);
	}
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_first_in_first_out),
		cmocka_unit_test(test_reserve_and_commit),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_space_in_front_is_used_again),
		cmocka_unit_test(test_random_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
