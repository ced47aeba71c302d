#include "common/base/log_recent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"

#include "tests/unit/cm.h"

static struct {
	size_t count, octets;
	char first[4096], last[4096];
} seen;

static void visit(void *arg, const char *line)
{
	(void)arg;
	if (seen.count++ == 0)
		snprintf(seen.first, sizeof seen.first, "%s", line);
	snprintf(seen.last, sizeof seen.last, "%s", line);
	seen.octets += strlen(line) + 1;
}

static void look(void)
{
	memset(&seen, 0, sizeof seen);
	log_recent_walk(visit, NULL);
}

static int begin(void **state)
{
	(void)state;
	return log_recent_begin() ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	log_recent_end();
	return 0;
}

static void test_off(void **state)
{
	(void)state;
	assert_false(log_recent_is_on());
	log_recent_add("a", 1);
	look();
	assert_int_equal(seen.count, 0);
}

static void add(unsigned n, size_t len)
{
	static char line[LOG_RECENT_OCTETS + 1];
	char number[12];

	memset(line, 'x', len);
	snprintf(number, sizeof number, "%u", n);
	memcpy(line, number, strlen(number));
	log_recent_add(line, len);
}

static void test_lines_are_bounded(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= LOG_RECENT_LINES + 5; i++)
		add(i, 10);
	look();
	assert_int_equal(seen.count, LOG_RECENT_LINES);
	assert_int_equal(atoi(seen.first), 6);
	assert_int_equal(atoi(seen.last), LOG_RECENT_LINES + 5);
}

/* Lines of every length, past the end of the ring again and again. */
static void test_octets_are_bounded(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 5000; i++) {
		add(i, 6 + i * 37 % 1990);
		look();
		assert_in_range(seen.octets, 1, LOG_RECENT_OCTETS);
		assert_in_range(seen.count, 1, LOG_RECENT_LINES);
		assert_int_equal(atoi(seen.last), i);
		assert_int_equal(atoi(seen.first), i + 1 - seen.count);
	}
	assert_in_range(seen.octets, LOG_RECENT_OCTETS - 2000, LOG_RECENT_OCTETS);
	add(1, LOG_RECENT_OCTETS - 1);
	look();
	assert_int_equal(seen.count, 1);
	add(2, LOG_RECENT_OCTETS); /* it could never fit */
	look();
	assert_int_equal(atoi(seen.last), 1);
}

/* What is not logged is kept all the same, cleaned, with its level. */
static void test_levels(void **state)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	log_open(fd, LOG_LEVEL_ERROR, true);
	log_debug("a %s", "\033[31m");
	log_error("b");
	look();
	assert_int_equal(seen.count, 2);
	assert_string_equal(strstr(seen.first, "Z ") + 2, "debug a \\x1b[31m");
	assert_string_equal(strstr(seen.last, "Z ") + 2, "error b");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test_setup_teardown(test_lines_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(test_octets_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(test_levels, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
