/*
 * Log lines: one event, one line, printable ASCII only (control and other octets as \xNN), at most
 * LOG_LINE_MAX octets.  Goes to a descriptor: with <N> priorities when the journal reads it, else with a
 * time stamp; and to a sink. Never blocks: what is not taken is dropped and counted.  Thread-safe
 * after log_open. common/ itself does not log.  The last lines of every level are kept in memory, too, where that
 * was begun (log_recent.h): what is logged at debug costs its formatting whatever the level, and is for changes of
 * state, not for each query.
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX 2000u

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* fd is borrowed. */
void log_open(int fd, enum log_level level, bool journal);
void log_set_level(enum log_level level);
/* Another descriptor, borrowed, from now on; -1: only the sink.  The one before, which nobody uses any more. */
int log_set_fd(int fd, bool journal);
/*
 * Takes each line, too: cleaned, without stamp and end; false: dropped.  NULL: nobody.  Called by any thread, one at
 * a time; must not block, nor log.
 */
typedef bool log_sink_fn(int priority, const char *text, size_t len);
void log_set_sink(log_sink_fn *sink);
bool log_enabled(enum log_level level);
/* It is logged, or kept. */
bool log_wanted(enum log_level level);
/* Lines that were dropped since the start. */
uint64_t log_dropped(void);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_wanted(LOG_LEVEL_DEBUG))                                                   \
			log_write(LOG_LEVEL_DEBUG, __VA_ARGS__);                                   \
	} while (0)

#endif
