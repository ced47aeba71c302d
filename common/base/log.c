#include "common/base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log_recent.h"

#include "common/base/clock.h"

static const struct {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

static int log_fd = STDERR_FILENO;
static bool log_journal;
static log_sink_fn *log_sink;
static bool torn; /* the end of the last line was not taken, as when a disk gets full */
static atomic_int log_level = LOG_LEVEL_INFO;
static atomic_uint_fast64_t dropped;

/* Of the four above; and between poll() and write() no other thread may fill the pipe. */
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;

void log_open(int fd, enum log_level level, bool journal)
{
	log_fd = fd;
	log_journal = journal;
	log_set_level(level);
}

int log_set_fd(int fd, bool journal)
{
	int before;

	pthread_mutex_lock(&write_lock);
	before = log_fd;
	log_fd = fd;
	log_journal = journal;
	torn = false;
	pthread_mutex_unlock(&write_lock);
	return before;
}

void log_set_sink(log_sink_fn *sink)
{
	pthread_mutex_lock(&write_lock);
	log_sink = sink;
	pthread_mutex_unlock(&write_lock);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

uint64_t log_dropped(void)
{
	return atomic_load_explicit(&dropped, memory_order_relaxed);
}

static size_t put_time(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	return (size_t)snprintf(line, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		now.tv_nsec / 1000000, levels[level].name);
}

static size_t put_stamp(char *line, size_t size, enum log_level level)
{
	if (log_journal)
		return (size_t)snprintf(line, size, "<%d>", levels[level].priority);
	return put_time(line, size, level);
}

/*
 * Printable ASCII as it is, everything else as \xNN: a log line cannot be forged or move a cursor.
 */
static size_t put_clean(char *line, size_t len, size_t size, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (; *text && size - len >= 4; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f) {
			line[len++] = (char)c;
			continue;
		}
		line[len++] = '\\';
		line[len++] = 'x';
		line[len++] = hex[c >> 4];
		line[len++] = hex[c & 15];
	}
	return len;
}

/* At most PIPE_BUF octets: what poll() says is free then takes it whole. */
static bool write_now(const char *line, size_t len)
{
	struct pollfd p = { .fd = log_fd, .events = POLLOUT };
	ssize_t n;

	if (poll(&p, 1, 0) != 1 || p.revents != POLLOUT || (torn && write(log_fd, "\n", 1) != 1))
		return false;
	n = write(log_fd, line, len);
	torn = n > 0 && n < (ssize_t)len;
	return n == (ssize_t)len;
}

/* In the order of their times, whichever thread they are from. */
static void record(enum log_level level, const char *message)
{
	char line[LOG_LINE_MAX];
	size_t len;

	pthread_mutex_lock(&record_lock);
	len = put_time(line, sizeof line, level);
	len = put_clean(line, len, sizeof line - 1, message);
	log_recent_add(line, len);
	pthread_mutex_unlock(&record_lock);
}

static void write_line(enum log_level level, const char *message)
{
	char line[LOG_LINE_MAX];
	size_t stamp, len;
	bool taken = true;

	pthread_mutex_lock(&write_lock);
	stamp = put_stamp(line, sizeof line, level);
	len = put_clean(line, stamp, sizeof line - 1, message);
	if (log_sink)
		taken = log_sink(levels[level].priority, line + stamp, len - stamp);
	line[len++] = '\n';
	if (log_fd >= 0 || !log_sink)
		taken = write_now(line, len) && taken;
	pthread_mutex_unlock(&write_lock);
	if (!taken)
		atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

bool log_wanted(enum log_level level)
{
	return log_enabled(level) || log_recent_is_on();
}

void log_write(enum log_level level, const char *format, ...)
{
	char message[LOG_LINE_MAX];
	int saved_errno = errno;
	va_list args;

	if (!log_wanted(level))
		return;
	va_start(args, format);
	if (vsnprintf(message, sizeof message, format, args) < 0)
		snprintf(message, sizeof message, "(a message that cannot be formatted)");
	va_end(args);
	if (log_recent_is_on())
		record(level, message);
	if (log_enabled(level))
		write_line(level, message);
	errno = saved_errno;
}
