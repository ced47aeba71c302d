#include "common/dns/padding.h"

#include "tests/unit/cm.h"

static const struct {
	const char *name;
	size_t len, block, max;
	long want;
} rows[] = {
	{ "a plain query", 40, 128, 65535, 84 },
	{ "exactly full with the header", 124, 128, 65535, 0 },
	{ "header spills over", 125, 128, 65535, 127 },
	{ "header spills over by two", 126, 128, 65535, 126 },
	{ "header spills over by three", 127, 128, 65535, 125 },
	{ "full without the header", 128, 128, 65535, 124 },
	{ "one below full", 123, 128, 65535, 1 },
	{ "block of one", 40, 1, 65535, 0 },
	{ "answers' block", 40, 468, 65535, 424 },
	{ "block 512", 509, 512, 65535, 511 },
	{ "empty message", 0, 128, 65535, 124 },
	{ "limit cuts the padding", 40, 128, 100, 56 },
	{ "limit is the padded length", 40, 128, 128, 84 },
	{ "limit below it by one", 40, 128, 127, 83 },
	{ "only the header fits", 40, 128, 44, 0 },
	{ "the header does not fit", 40, 128, 43, -1 },
	{ "no room at all", 40, 128, 40, -1 },
	{ "message longer than the limit", 41, 128, 40, -1 },
	{ "limit below a header", 0, 128, 3, -1 },
	{ "limit is a header", 0, 128, 4, 0 },
	{ "limit zero", 0, 128, 0, -1 },
	{ "largest message", 65535, 128, 65535, -1 },
	{ "last block is cut", 65500, 128, 65535, 31 },
	{ "a length near the top", (size_t)-1, 128, 65535, -1 },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(rows[i].name, padding_len(rows[i].len, rows[i].block, rows[i].max),
			rows[i].want);
}

/* The least multiple of the block that holds the header, for every length. */
static void test_every_length(void **state)
{
	(void)state;
	for (size_t len = 0; len < 2000; len++) {
		long pad = padding_len(len, 128, 65535);

		assert_in_range(pad, 0, 127);
		assert_int_equal((len + 4 + (size_t)pad) % 128, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
