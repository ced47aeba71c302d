#include "common/config/value_allowed.h"

#include <stdio.h>

#include "common/config/option.h"
#include "common/config/words.h"

/* The range of the row, as it is written in the file. */
static void range_text(const struct option *o, char *min, char *max, size_t size)
{
	if (o->type == OPTION_DURATION) {
		duration_text(o->min, min, size);
		duration_text(o->max, max, size);
	} else if (o->type == OPTION_SIZE) {
		size_text(o->min, min, size);
		size_text(o->max, max, size);
	} else {
		snprintf(min, size, "%llu", (unsigned long long)o->min);
		snprintf(max, size, "%llu", (unsigned long long)o->max);
	}
}

/* With the range. */
static void amount_text(
	const struct option *o, const char *what, const char *like, char *text, size_t size)
{
	char min[32], max[32];

	range_text(o, min, max, sizeof min);
	snprintf(text, size, "a %s from %s to %s%s is wanted%s", what, min, max,
		o->type == OPTION_WORKERS ? " or \"auto\"" : "", like);
}

/* Of all other options there is one sentence. */
static const char *sentence_of(const struct option *o)
{
	switch (o->type) {
	case OPTION_BOOL:
		return "write true or false";
	case OPTION_DNS64:
		return "a prefix of 32, 40, 48, 56, 64 or 96 bits is wanted, like "
		       "\"64:ff9b::/96\", "
		       "or \"auto\"";
	case OPTION_ENDPOINT:
		return "an address that no other machine reaches, like \"127.0.0.1:9953\" or "
		       "\"[::1]:9953\", or the path of a Unix socket is wanted";
	case OPTION_HOSTNAME:
		return "a host name in quotes is wanted, like \"dns.quad9.net\": "
		       "letters, digits, '-', '_' and dots, no wildcard and no address";
	default:
		return "a text in quotes is wanted";
	}
}

static void text_text(const struct option *o, char *text, size_t size)
{
	char min[32], max[32];

	range_text(o, min, max, sizeof min);
	if (o->type == OPTION_PRINTABLE)
		snprintf(text, size,
			"a text of at most %s printable characters (ASCII) in quotes is wanted",
			max);
	else
		snprintf(text, size, "a text of %s to %s characters in quotes is wanted", min, max);
}

static void words_text(const struct words *w, char *text, size_t size)
{
	char list[100];

	words_list(w, list, sizeof list);
	snprintf(text, size, "%s is wanted", list);
}

void value_allowed(const struct option *o, char *text, size_t size)
{
	const struct words *words = words_of(o->type);

	if (words)
		words_text(words, text, size);
	else if (o->type == OPTION_NUMBER || o->type == OPTION_WORKERS)
		amount_text(o, "whole number", "", text, size);
	else if (o->type == OPTION_DURATION)
		amount_text(o, "duration",
			", like \"4s\" or \"250ms\" (ms, s, m, h, d, w), or a whole number of "
			"seconds",
			text, size);
	else if (o->type == OPTION_SIZE)
		amount_text(o, "size", ", like \"512k\" or \"16M\", or a whole number of octets",
			text, size);
	else if (o->type == OPTION_PRINTABLE || (o->type == OPTION_STRING && o->max > 0))
		text_text(o, text, size);
	else
		snprintf(text, size, "%s", sentence_of(o));
}
