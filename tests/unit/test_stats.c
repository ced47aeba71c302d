#include "common/base/stats.h"

#include "tests/unit/cm.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define COUNT ((unsigned)STATS_ROWS)

static unsigned rows(void)
{
	unsigned count = 0;

	while (stats_rows[count].name)
		count++;
	return count;
}

/* Each counter set to a number of its own. */
static struct stats numbered(uint64_t step)
{
	struct stats s;
	uint64_t values[sizeof(struct stats) / sizeof(uint64_t)];

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		values[i] = (i + 1) * step;
	memcpy(&s, values, sizeof s);
	return s;
}

static void test_one_row_each(void **state)
{
	(void)state;
	assert_int_equal(rows(), COUNT);
	assert_null(stats_rows[COUNT].name);
}

static bool is_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
			return false;
	return *name != '\0';
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		expect(stats_rows[i].name, is_name(stats_rows[i].name));
#ifndef NO_STATS_HELP
		expect(stats_rows[i].name, stats_rows[i].help && strlen(stats_rows[i].help) > 5);
#endif
		for (unsigned k = 0; k < i; k++)
			expect(stats_rows[i].name, strcmp(stats_rows[i].name, stats_rows[k].name) != 0);
	}
}

static void test_values_in_order(void **state)
{
	struct stats s = numbered(10);

	(void)state;
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(stats_value(&s, i), 10 * (i + 1));
	s = (struct stats){ .upstream_late = 77 };
	for (unsigned i = 0; i < COUNT; i++) {
		bool late = strcmp(stats_rows[i].name, "upstream_late") == 0;

		assert_int_equal(stats_value(&s, i), late ? 77 : 0);
	}
}

static void test_add(void **state)
{
	struct stats sum = numbered(1), part = numbered(1000);

	(void)state;
	stats_add(&sum, &part);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(stats_value(&sum, i), 1001 * (i + 1));
		assert_int_equal(stats_value(&part, i), 1000 * (i + 1));
	}
	for (unsigned i = 0; i < STATS_RCODES; i++)
		assert_int_equal(sum.rcodes[i], 1001 * (COUNT + i + 1));
	assert_int_equal(sum.handshake.sum_us, 1001 * sizeof sum / sizeof(uint64_t));
	part = numbered(UINT64_C(1) << 40); /* beyond 32 bits */
	stats_add(&sum, &part);
	assert_true(stats_value(&sum, COUNT - 1) == COUNT * ((UINT64_C(1) << 40) + 1001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_row_each),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_values_in_order),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
