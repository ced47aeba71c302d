#include "common/base/histogram.h"

#include "tests/unit/cm.h"

static void test_bounds_rise(void **state)
{
	uint64_t before = 0;

	(void)state;
	for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		assert_true(histogram_bound_us(i) > before);
		assert_true(i == 0 || histogram_bound_us(i) * 2 <= before * 3);
		before = histogram_bound_us(i);
	}
	assert_int_equal(histogram_bound_us(0), 64);
	assert_int_equal(before, 8388608);
	assert_int_equal(histogram_bound_us(HISTOGRAM_BUCKETS - 1), 0);
}

/* Each bound belongs to the bucket above it, and what is one shorter to its own. */
static void test_index(void **state)
{
	(void)state;
	for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(histogram_index(histogram_bound_us(i)), i + 1);
		assert_int_equal(histogram_index(histogram_bound_us(i) - 1), i);
	}
	assert_int_equal(histogram_index(0), 0);
	assert_int_equal(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void test_counts(void **state)
{
	struct histogram h = { .sum_us = 0 }, sum = { .sum_us = 0 };

	(void)state;
	for (uint64_t us = 0; us < 100000; us += 10)
		histogram_add(&h, us);
	assert_int_equal(histogram_count(&h), 10000);
	assert_int_equal(h.sum_us, UINT64_C(10) * 9999 * 10000 / 2);
	histogram_sum(&sum, &h);
	histogram_sum(&sum, &h);
	assert_int_equal(histogram_count(&sum), 20000);
	assert_int_equal(sum.sum_us, 2 * h.sum_us);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		assert_int_equal(sum.bucket[i], 2 * h.bucket[i]);
}

static void test_quantiles(void **state)
{
	static const double shares[] = { 0.01, 0.25, 0.5, 0.95, 0.99, 1.0 };
	struct histogram h = { .sum_us = 0 };

	(void)state;
	assert_int_equal(histogram_quantile_us(&h, 0.5), 0);
	for (uint64_t us = 1; us <= 1000000; us++)
		histogram_add(&h, us);
	for (unsigned i = 0; i < sizeof shares / sizeof *shares; i++) {
		double q = (double)histogram_quantile_us(&h, shares[i]), want = shares[i] * 1e6;

		/* Evenly spread, so that the straight line is right but in the bucket that ends early. */
		assert_true(q > want * 0.98 && q < want * 1.06);
	}
	h = (struct histogram){ .sum_us = 0 };
	histogram_add(&h, UINT64_C(60000000));
	assert_int_equal(histogram_quantile_us(&h, 0.5), 8388608);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_rise),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
