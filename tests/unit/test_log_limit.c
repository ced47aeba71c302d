#include "common/base/log_limit.h"

#include "tests/unit/cm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MINUTE LOG_LIMIT_EACH_US

static int ends[2];
static char text[65536];

static const char *written(void)
{
	ssize_t n = read(ends[0], text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int setup(void **state)
{
	(void)state;
	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return -1;
	log_open(ends[1], LOG_LEVEL_INFO, true);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* So many lines are wanted at this time: how many get through. */
static unsigned taken(struct log_limit *l, uint64_t now, unsigned wanted)
{
	unsigned n = 0;

	while (wanted-- > 0)
		n += log_limit_take(l, now);
	return n;
}

static void test_burst_then_one_a_minute(void **state)
{
	struct log_limit l = { 0 };
	uint64_t t = 5 * MINUTE;

	(void)state;
	assert_int_equal(taken(&l, t, 100), LOG_LIMIT_BURST);
	assert_int_equal(l.missed, 100 - LOG_LIMIT_BURST);
	assert_int_equal(taken(&l, t + MINUTE - 1, 100), 0);
	for (unsigned i = 1; i <= 10; i++)
		assert_int_equal(taken(&l, t + i * MINUTE, 100), 1);
	/* Rest gives all back, and no more than that. */
	assert_int_equal(taken(&l, t + 1000 * MINUTE, 100), LOG_LIMIT_BURST);
}

static void test_an_hour_is_bounded(void **state)
{
	struct log_limit l = { 0 };
	unsigned n = 0;

	(void)state;
	for (unsigned s = 0; s <= 3600; s++)
		n += taken(&l, MINUTE + s * UINT64_C(1000000), 3);
	assert_in_range(n, 60, 60 + LOG_LIMIT_BURST);
}

static void test_few_lines_all_pass(void **state)
{
	struct log_limit l = { 0 };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		assert_true(log_limit_take(&l, i * (MINUTE + 1)));
	assert_int_equal(l.missed, 0);
}

static void test_a_clock_that_stands_or_goes_back(void **state)
{
	struct log_limit l = { 0 };

	(void)state;
	assert_int_equal(taken(&l, 10 * MINUTE, 100), LOG_LIMIT_BURST);
	assert_int_equal(taken(&l, 5 * MINUTE, 100), 0);
	assert_int_equal(taken(&l, 6 * MINUTE, 100), 1);
}

static void test_what_was_left_out_is_counted(void **state)
{
	struct log_limit l = { 0 };

	(void)state;
	for (unsigned i = 0; i < LOG_LIMIT_BURST + 3; i++)
		log_limited(&l, LOG_LEVEL_WARNING, "up and down");
	written();
	assert_null(strstr(text, "more such lines"));
	assert_int_equal(l.missed, 3);
	l.used--;
	log_limited(&l, LOG_LEVEL_WARNING, "up and down %d", 7);
	assert_string_equal(written(), "<4>up and down 7 (3 more such lines since the last)\n");
	l.used--;
	log_limited(&l, LOG_LEVEL_INFO, "quiet");
	assert_string_equal(written(), "<6>quiet\n");
}

static void test_debug_is_not_limited(void **state)
{
	struct log_limit l = { 0 };
	unsigned lines = 0;

	(void)state;
	log_open(ends[1], LOG_LEVEL_DEBUG, true);
	for (unsigned i = 0; i < LOG_LIMIT_BURST + 3; i++)
		log_limited(&l, LOG_LEVEL_WARNING, "x");
	for (unsigned i = 0; i < 5; i++)
		log_limited(&l, LOG_LEVEL_DEBUG, "x");
	for (const char *p = written(); (p = strstr(p, "<7>x\n")); p++)
		lines++;
	assert_int_equal(lines, 3 + 5);
	assert_int_equal(l.missed, 3);
	log_limited(NULL, LOG_LEVEL_INFO, "no limit");
	assert_string_equal(written(), "<6>no limit\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_then_one_a_minute),
		cmocka_unit_test(test_an_hour_is_bounded),
		cmocka_unit_test(test_few_lines_all_pass),
		cmocka_unit_test(test_a_clock_that_stands_or_goes_back),
		cmocka_unit_test_setup_teardown(test_what_was_left_out_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_debug_is_not_limited, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
