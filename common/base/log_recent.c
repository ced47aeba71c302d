#include "common/base/log_recent.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Lines, each ended by NUL, one behind the other in a ring of octets. */
static struct {
	pthread_mutex_t lock;
	char *ring; /* LOG_RECENT_OCTETS; NULL: off */
	size_t first, used, lines;
} recent = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool log_recent_begin(void)
{
	if (WITH_RECORDER && !recent.ring)
		recent.ring = calloc(1, LOG_RECENT_OCTETS);
	return recent.ring;
}

void log_recent_end(void)
{
	free(recent.ring);
	recent.ring = NULL;
	recent.first = recent.used = recent.lines = 0;
}

bool log_recent_is_on(void)
{
	return WITH_RECORDER && recent.ring;
}

static void drop_oldest(void)
{
	while (recent.ring[recent.first] != '\0') {
		recent.first = (recent.first + 1) % LOG_RECENT_OCTETS;
		recent.used--;
	}
	recent.first = (recent.first + 1) % LOG_RECENT_OCTETS;
	recent.used--;
	recent.lines--;
}

static void put(const char *data, size_t len)
{
	size_t at = (recent.first + recent.used) % LOG_RECENT_OCTETS;
	size_t to_end = LOG_RECENT_OCTETS - at, part = len < to_end ? len : to_end;

	memcpy(recent.ring + at, data, part);
	memcpy(recent.ring, data + part, len - part);
	recent.used += len;
}

void log_recent_add(const char *line, size_t len)
{
	if (!WITH_RECORDER || !recent.ring || len >= LOG_RECENT_OCTETS)
		return;
	pthread_mutex_lock(&recent.lock);
	while (recent.lines == LOG_RECENT_LINES || LOG_RECENT_OCTETS - recent.used < len + 1)
		drop_oldest();
	put(line, len);
	put("", 1);
	recent.lines++;
	pthread_mutex_unlock(&recent.lock);
}

/* A copy in one piece: nobody who logs waits while it is looked at.  NULL without memory. */
static char *copy(size_t *ret_len)
{
	char *text = malloc(LOG_RECENT_OCTETS);
	size_t to_end = LOG_RECENT_OCTETS - recent.first, part;

	if (!text)
		return NULL;
	part = recent.used < to_end ? recent.used : to_end;
	memcpy(text, recent.ring + recent.first, part);
	memcpy(text + part, recent.ring, recent.used - part);
	*ret_len = recent.used;
	return text;
}

void log_recent_walk(void (*visit)(void *arg, const char *line), void *arg)
{
	char *text = NULL;
	size_t len = 0;

	pthread_mutex_lock(&recent.lock);
	if (recent.ring)
		text = copy(&len);
	pthread_mutex_unlock(&recent.lock);
	for (size_t at = 0; text && at < len; at += strlen(text + at) + 1)
		visit(arg, text + at);
	free(text);
}
