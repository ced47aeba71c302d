/*
 * The file "clock" in state-dir: the last time that was proven (verify_dates.h), so that a machine without a battery
 * for its clock has a date to judge certificates by.  A line of text, written whole or not at all.
 */
#ifndef PROXY_OPS_LAST_TIME_H
#define PROXY_OPS_LAST_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define LAST_TIME_TEXT_MAX 64u

/* 0: there is none, or it can't be read; what is wrong with it is logged. */
time_t last_time_read(const char *folder);
/* False: it can't be kept, and errno says why. */
bool last_time_write(const char *folder, time_t when);

/* Its text, and back; 0: that is no such text. */
size_t last_time_format(time_t when, char text[LAST_TIME_TEXT_MAX]);
time_t last_time_parse(const char *text, size_t len);

#endif
