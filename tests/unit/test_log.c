#include "common/base/log.h"

#include "tests/unit/cm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS	 4u
#define MESSAGES 200u

static int ends[2];
static char line[LOG_LINE_MAX + 2];

static int setup(void **state)
{
	(void)state;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	/* Only our reading end: the writing one blocks, as stderr does. */
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static int teardown(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* What has been written; "" when nothing. */
static const char *written(void)
{
	ssize_t n = read(ends[0], line, sizeof line - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void test_journal_priorities(void **state)
{
	(void)state;
	log_open(ends[1], LOG_LEVEL_DEBUG, true);
	log_error("a %d", 1);
	assert_string_equal(written(), "<3>a 1\n");
	log_warning("b");
	assert_string_equal(written(), "<4>b\n");
	log_info("c");
	assert_string_equal(written(), "<6>c\n");
	log_debug("d");
	assert_string_equal(written(), "<7>d\n");
}

static void test_levels(void **state)
{
	(void)state;
	log_open(ends[1], LOG_LEVEL_WARNING, true);
	assert_true(log_enabled(LOG_LEVEL_ERROR));
	assert_true(log_enabled(LOG_LEVEL_WARNING));
	assert_false(log_enabled(LOG_LEVEL_INFO));
	log_info("no");
	log_debug("no");
	assert_string_equal(written(), "");
	log_set_level(LOG_LEVEL_INFO);
	log_info("yes");
	log_debug("no");
	assert_string_equal(written(), "<6>yes\n");
	assert_int_equal(log_dropped(), 0);
}

static void test_time_stamp(void **state)
{
	regex_t form;

	(void)state;
	assert_int_equal(regcomp(&form,
		"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z warning hello\n$",
		REG_EXTENDED | REG_NOSUB), 0);
	log_open(ends[1], LOG_LEVEL_INFO, false);
	log_warning("hello");
	assert_int_equal(regexec(&form, written(), 0, NULL, 0), 0);
	regfree(&form);
}

static void test_only_printable(void **state)
{
	(void)state;
	log_open(ends[1], LOG_LEVEL_INFO, true);
	log_info("a\nb\r\t\x1b[2J\x7f \xff~ %s", "\xc3\xa4");
	assert_string_equal(written(),
		"<6>a\\x0ab\\x0d\\x09\\x1b[2J\\x7f \\xff~ \\xc3\\xa4\n");
}

static void test_length_is_bounded(void **state)
{
	char text[3000];
	size_t len;

	(void)state;
	for (int fill = 'x'; fill >= 1; fill = fill == 'x' ? 1 : 0) {
		memset(text, fill, sizeof text - 1);
		text[sizeof text - 1] = '\0';
		log_open(ends[1], LOG_LEVEL_INFO, fill == 1);
		log_info("%s", text);
		len = strlen(written());
		assert_in_range(len, LOG_LINE_MAX - 4, LOG_LINE_MAX);
		assert_int_equal(line[len - 1], '\n');
		assert_ptr_equal(strchr(line, '\n'), line + len - 1);
	}
}

static void fill_pipe(void)
{
	char block[PIPE_BUF];
	int flags = fcntl(ends[1], F_GETFL);

	memset(block, '.', sizeof block);
	assert_int_equal(fcntl(ends[1], F_SETFL, flags | O_NONBLOCK), 0);
	while (write(ends[1], block, sizeof block) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fcntl(ends[1], F_SETFL, flags), 0);
}

/* A reader that has stopped: this test hangs where a write could block. */
static void test_full_pipe_does_not_block(void **state)
{
	uint64_t before = log_dropped();
	char block[PIPE_BUF];

	(void)state;
	log_open(ends[1], LOG_LEVEL_INFO, true);
	fill_pipe();
	log_info("lost");
	log_info("lost");
	assert_int_equal(log_dropped(), before + 2);
	while (read(ends[0], block, sizeof block) > 0)
		;
	log_info("back");
	assert_string_equal(written(), "<6>back\n");
	assert_int_equal(log_dropped(), before + 2);
}

/* No SIGPIPE either. */
static void test_reader_gone(void **state)
{
	uint64_t before = log_dropped();

	(void)state;
	log_open(ends[1], LOG_LEVEL_INFO, true);
	close(ends[0]);
	log_info("lost");
	assert_int_equal(log_dropped(), before + 1);
	log_open(-1, LOG_LEVEL_INFO, true);
	log_info("lost");
	assert_int_equal(log_dropped(), before + 2);
	ends[0] = dup(ends[1]);
}

static void test_errno_is_kept(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC); /* every write fails */

	(void)state;
	assert_true(full >= 0);
	log_open(full, LOG_LEVEL_INFO, true);
	errno = ENOTTY;
	log_info("lost: %m");
	assert_int_equal(errno, ENOTTY);
	close(full);
	errno = ENOTTY;
	log_open(ends[1], LOG_LEVEL_INFO, true);
	log_info("kept: %m");
	assert_int_equal(errno, ENOTTY);
	assert_string_equal(written(), "<6>kept: Inappropriate ioctl for device\n");
}

static void *write_many(void *arg)
{
	for (unsigned i = 0; i < MESSAGES; i++)
		log_info("thread %u message %03u", *(unsigned *)arg, i);
	return NULL;
}

/* Lines of several threads stay whole, and are counted where the pipe was full. */
static void test_threads(void **state)
{
	static char text[THREADS * MESSAGES * 64];
	uint64_t before = log_dropped(), lines = 0;
	unsigned numbers[THREADS], thread, message;
	pthread_t threads[THREADS];
	size_t len = 0;
	ssize_t n;

	(void)state;
	log_open(ends[1], LOG_LEVEL_INFO, true);
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, &numbers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	while ((n = read(ends[0], text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	for (char *p = strtok(text, "\n"); p; p = strtok(NULL, "\n"), lines++)
		assert_int_equal(sscanf(p, "<6>thread %1u message %3u", &thread, &message), 2);
	assert_int_equal(lines + (log_dropped() - before), THREADS * MESSAGES);
	assert_true(lines > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_journal_priorities, setup, teardown),
		cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time_stamp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_printable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_length_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_pipe_does_not_block, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errno_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
