/*
 * The flight recorder: the last log lines in memory, whatever the level that is logged, so that what led to a fault
 * can be seen after it (dnsfwdctl log --recent).  Bounded in lines and octets: the oldest make room.  Thread-safe.
 */
#ifndef COMMON_BASE_LOG_RECENT_H
#define COMMON_BASE_LOG_RECENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/build.h"

#define LOG_RECENT_LINES  1000u
#define LOG_RECENT_OCTETS (128u * 1024)

/* Begins, once; before other threads are there.  False: no memory, nothing is kept. */
bool log_recent_begin(void);
/* Lets all go; after other threads have gone. */
void log_recent_end(void);

bool log_recent_is_on(void);

/* One line without its end, len < LOG_RECENT_OCTETS, no NUL in it. */
void log_recent_add(const char *line, size_t len);

/* The oldest first, each terminated, valid during its call; what is added meanwhile is not among them. */
void log_recent_walk(void (*visit)(void *arg, const char *line), void *arg);

#endif
