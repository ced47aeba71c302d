#include "common/base/random.h"

#include "tests/unit/cm.h"

#include <string.h>

/* A stream of octets that are all known: the n-th is a mix of n. */
static uint64_t given;
static unsigned fills;
static size_t last_fill;

static uint8_t nth(uint64_t n)
{
	return (uint8_t)((n * 2654435761u) >> 13 ^ n);
}

static void fill(void *arg, void *buf, size_t len)
{
	uint8_t *out = buf;

	assert_ptr_equal(arg, &given);
	for (size_t i = 0; i < len; i++)
		out[i] = nth(given++);
	fills++;
	last_fill = len;
}

static struct random_source source(void)
{
	given = 0;
	fills = 0;
	return (struct random_source){ .fill = fill, .arg = &given };
}

static void test_buffered(void **state)
{
	struct random_source r = source();
	uint8_t out[512];

	(void)state;
	for (size_t i = 0; i < sizeof out; i++)
		random_bytes(&r, out + i, 1);
	assert_int_equal(fills, 1);
	for (size_t i = 0; i < sizeof out; i++)
		assert_int_equal(out[i], nth(i));
	random_bytes(&r, out, 1);
	assert_int_equal(fills, 2);
	assert_int_equal(out[0], nth(512));
}

/* Nothing is given twice, and what was given is not kept. */
static void test_given_once(void **state)
{
	struct random_source r = source();
	uint8_t out[100];

	(void)state;
	for (size_t i = 1; i <= 5; i++) {
		random_bytes(&r, out, sizeof out);
		for (size_t k = 0; k < sizeof out; k++)
			assert_int_equal(out[k], nth((i - 1) * sizeof out + k));
		for (size_t k = 0; k < i * sizeof out; k++)
			assert_int_equal(r.buf[k], 0);
		assert_int_equal(r.left, sizeof r.buf - i * sizeof out);
	}
	/* 12 are left: not enough, so they are thrown away. */
	random_bytes(&r, out, sizeof out);
	assert_int_equal(fills, 2);
	assert_int_equal(out[0], nth(512));
}

static void test_long(void **state)
{
	struct random_source r = source();
	uint8_t out[513] = { 0 };

	(void)state;
	random_bytes(&r, out, 512);
	assert_int_equal(last_fill, 512);
	assert_int_equal(r.left, 0);
	assert_int_equal(out[511], nth(511));
	random_bytes(&r, out, 513); /* straight from the source */
	assert_int_equal(last_fill, 513);
	assert_int_equal(r.left, 0);
	assert_int_equal(out[0], nth(512));
	assert_int_equal(out[512], nth(1024));
}

static void test_numbers(void **state)
{
	struct random_source r = source();
	uint8_t want[6];
	uint16_t v16;
	uint32_t v32;

	(void)state;
	for (size_t i = 0; i < sizeof want; i++)
		want[i] = nth(i);
	v16 = random16(&r);
	v32 = random32(&r);
	assert_memory_equal(&v16, want, 2);
	assert_memory_equal(&v32, want + 2, 4);
	assert_int_equal(r.left, 506);
}

static void test_nothing(void **state)
{
	struct random_source r = source();
	uint8_t out = 7;

	(void)state;
	random_bytes(&r, &out, 0);
	assert_int_equal(fills, 0);
	assert_int_equal(out, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffered),
		cmocka_unit_test(test_given_once),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
