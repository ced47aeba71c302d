/*
 * Log lines that can come again and again, as when a path flaps: so many at once, then one a minute.  The others go to
 * level debug, which the flight recorder keeps whatever is logged, and the next line of the limit says how many.
 *
 * A zeroed limit is a fresh one.  Used by one thread at a time.
 */
#ifndef COMMON_BASE_LOG_LIMIT_H
#define COMMON_BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/log.h"

#define LOG_LIMIT_BURST	  6u
#define LOG_LIMIT_EACH_US UINT64_C(60000000)

struct log_limit {
	uint64_t since_us; /* from here on each LOG_LIMIT_EACH_US gives one of `used` back */
	unsigned used;
	unsigned missed; /* since the last that was let through */
};

/* May there be one more, now?  Else it is counted. */
bool log_limit_take(struct log_limit *l, uint64_t now_us);

/* As log_write; NULL: without limit. */
void log_limited(struct log_limit *l, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
