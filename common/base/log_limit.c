#include "common/base/log_limit.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/clock.h"

static void give_back(struct log_limit *l, uint64_t now_us)
{
	uint64_t minutes;

	if (l->used == 0 || now_us < l->since_us)
		l->since_us = now_us;
	minutes = (now_us - l->since_us) / LOG_LIMIT_EACH_US;
	l->since_us += minutes * LOG_LIMIT_EACH_US;
	l->used = minutes < l->used ? l->used - (unsigned)minutes : 0;
	if (l->used == 0)
		l->since_us = now_us;
}

bool log_limit_take(struct log_limit *l, uint64_t now_us)
{
	give_back(l, now_us);
	if (l->used < LOG_LIMIT_BURST) {
		l->used++;
		return true;
	}
	if (l->missed < UINT32_MAX)
		l->missed++;
	return false;
}

void log_limited(struct log_limit *l, enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX], more[60] = "";
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		*text = '\0';
	va_end(args);
	if (l && level != LOG_LEVEL_DEBUG && !log_limit_take(l, clock_monotonic_us()))
		level = LOG_LEVEL_DEBUG;
	if (l && level != LOG_LEVEL_DEBUG && l->missed > 0) {
		snprintf(more, sizeof more, " (%u more such lines since the last)", l->missed);
		l->missed = 0;
	}
	log_write(level, "%.1900s%s", text, more);
}
