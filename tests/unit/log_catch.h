/* Reads what the program logs in a test: info and above, with the journal's priorities. */
#ifndef TESTS_UNIT_LOG_CATCH_H
#define TESTS_UNIT_LOG_CATCH_H

#include "common/base/log.h"
#include "tests/unit/cm.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static int log_fd;
static off_t log_at;
static char log_text[16384]; /* what the last read_log() has found */

static inline void catch_log(void)
{
	log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(log_fd >= 0);
	log_at = 0;
	log_open(log_fd, LOG_LEVEL_INFO, true);
}

/* What was logged since the last call. */
static inline void read_log(void)
{
	ssize_t n = pread(log_fd, log_text, sizeof log_text - 1, log_at);

	assert_true(n >= 0 && (size_t)n < sizeof log_text - 1);
	log_text[n] = '\0';
	log_at += n;
}

/* How often it stands there. */
static inline unsigned count_in_log(const char *text)
{
	unsigned count = 0;

	for (const char *p = log_text; (p = strstr(p, text)); p++)
		count++;
	return count;
}

/* Since the last time exactly this was logged; "": nothing. */
static inline void assert_logged(const char *lines)
{
	read_log();
	assert_string_equal(log_text, lines);
}

static inline void let_log_go(void)
{
	static int nowhere = -1;

	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_open(nowhere, LOG_LEVEL_DEBUG, false);
	close(log_fd);
}

#endif
