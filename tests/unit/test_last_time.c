/* The file of the last proven time: its text, and what has taken its place. */
#include "proxy/ops/last_time.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/unit/cm.h"

static const struct {
	const char *text;
	time_t when;
} rows[] = {
	{ "dnsfwd-clock 1 1790000000\n", 1790000000 },
	{ "dnsfwd-clock 1 1\n", 1 },
	{ "dnsfwd-clock 1 0\n", 0 },
	{ "dnsfwd-clock 1 \n", 0 },
	{ "dnsfwd-clock 1 1790000000", 0 },
	{ "dnsfwd-clock 1 1790000000 \n", 0 },
	{ "dnsfwd-clock 1 -1790000000\n", 0 },
	{ "dnsfwd-clock 2 1790000000\n", 0 },
	{ "1790000000\n", 0 },
	{ "dnsfwd-clock 1 99999999999999999999\n", 0 },
	{ "dnsfwd-clock 1 8589934592\n", 0 },
	{ "dnsfwd-clock 1 8589934591\n", (time_t)(sizeof(time_t) > 4 ? 8589934591 : 0) },
	{ "", 0 },
	{ "\n", 0 },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(rows[i].text, last_time_parse(rows[i].text, strlen(rows[i].text)),
			rows[i].when);
}

static void test_there_and_back(void **state)
{
	char text[LAST_TIME_TEXT_MAX];

	(void)state;
	assert_int_equal(last_time_parse(text, last_time_format(1234567890, text)), 1234567890);
}

static void test_file(void **state)
{
	char folder[] = "/tmp/dnsfwd-last-time-XXXXXX", path[64], fresh[64], long_one[300] = "/tmp/";
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/clock", folder);
	snprintf(fresh, sizeof fresh, "%s/clock.new", folder);
	assert_int_equal(last_time_read(folder), 0); /* none yet */
	assert_true(last_time_write(folder, 1790000000));
	assert_int_equal(last_time_read(folder), 1790000000);
	assert_true(last_time_write(folder, 1790000001)); /* over it */
	assert_int_equal(last_time_read(folder), 1790000001);
	assert_int_equal(access(fresh, F_OK), -1);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
	assert_int_equal(last_time_read(folder), 0);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0); /* nobody waits */
	assert_int_equal(last_time_read(folder), 0);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(last_time_read(folder), 0);
	unlink(path);
	rmdir(folder);
	assert_false(last_time_write(folder, 1790000000));
	memset(long_one + 5, 'x', sizeof long_one - 6);
	assert_false(last_time_write(long_one, 1790000000));
	assert_int_equal(last_time_read(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_file),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
