#include "common/base/backoff.h"

#include "tests/unit/cm.h"

#define MS  UINT64_C(1000)
#define SEC (1000 * MS)

/* The middle of the random numbers: no variation. */
#define MIDDLE 0x80000000u

static void test_doubling(void **state)
{
	static const uint64_t wanted[] = { 100 * MS, 200 * MS, 400 * MS, 800 * MS, SEC, SEC, SEC };
	struct backoff b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		assert_int_equal(backoff_fail(&b, 5 * SEC + i, MIDDLE), wanted[i]);
		assert_int_equal(b.wait_us, wanted[i]);
		assert_int_equal(b.failures, i + 1);
		assert_int_equal(b.since_us, 5 * SEC);
	}
}

static void test_long_outage(void **state)
{
	static const struct {
		uint64_t now_us, wanted_us;
	} rows[] = {
		{ 120 * SEC - 1, SEC }, { 120 * SEC, 2 * SEC }, { 123 * SEC, 4 * SEC },
		{ 127 * SEC, 4 * SEC }, { 1000 * SEC, 4 * SEC },
	};
	struct backoff b = { 0 };

	(void)state;
	for (size_t i = 0; i < 10; i++)
		backoff_fail(&b, 0, MIDDLE);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(backoff_fail(&b, rows[i].now_us, MIDDLE), rows[i].wanted_us);
}

static void test_variation(void **state)
{
	struct backoff b = { 0 };

	(void)state;
	assert_int_equal(backoff_fail(&b, 0, 0), 80 * MS);
	backoff_reset(&b);
	assert_int_equal(backoff_fail(&b, 0, UINT32_MAX), 120 * MS - 1);
	for (size_t i = 0; i < 10; i++)
		backoff_fail(&b, 200 * SEC, 0);
	assert_int_equal(backoff_fail(&b, 200 * SEC, 0), 3200 * MS);
	assert_int_equal(backoff_fail(&b, 200 * SEC, UINT32_MAX), 4800 * MS - 1);
}

static void test_reset_begins_a_new_outage(void **state)
{
	struct backoff b = { 0 };

	(void)state;
	for (size_t i = 0; i < 10; i++)
		backoff_fail(&b, 200 * SEC, MIDDLE);
	backoff_reset(&b);
	assert_int_equal(backoff_fail(&b, 500 * SEC, MIDDLE), 100 * MS);
	assert_int_equal(b.since_us, 500 * SEC);
	assert_int_equal(b.failures, 1);
}

static void test_failures_do_not_wrap(void **state)
{
	struct backoff b = { .since_us = 1, .wait_us = 1000000, .failures = UINT32_MAX };

	(void)state;
	assert_int_equal(backoff_fail(&b, 2, MIDDLE), SEC);
	assert_int_equal(b.failures, UINT32_MAX);
	assert_int_equal(b.since_us, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubling),
		cmocka_unit_test(test_long_outage),
		cmocka_unit_test(test_variation),
		cmocka_unit_test(test_reset_begins_a_new_outage),
		cmocka_unit_test(test_failures_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
