#include "common/base/last_good.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/hostmatch.h"

#define TIME_DIGITS_MAX 12u

static const char version[] = "dnsfwd addresses 1";

/* What is left of a line; words are parted by one space each. */
struct words {
	const char *at;
	size_t left;
};

/* The next word, NUL-terminated; false: none, or longer than the buffer. */
static bool next_word(struct words *w, char *ret, size_t size)
{
	const char *space = memchr(w->at, ' ', w->left);
	size_t len = space ? (size_t)(space - w->at) : w->left;

	if (len == 0 || len >= size || memchr(w->at, '\0', len))
		return false;
	memcpy(ret, w->at, len);
	ret[len] = '\0';
	w->at += len;
	w->left -= len;
	/* A space promises one word more: at the end of a line it would be damage. */
	if (w->left > 1) {
		w->at++;
		w->left--;
	}
	return true;
}

static bool parse_time(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (strlen(text) > TIME_DIGITS_MAX)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*ret = value;
	return true;
}

static bool parse_addresses(struct words *w, struct last_good *e)
{
	char word[ADDR_TEXT_MAX];

	while (w->left > 0) {
		struct addr *a = &e->addrs[e->count];

		if (e->count == LAST_GOOD_ADDRESSES_MAX || !next_word(w, word, sizeof word) ||
			!addr_parse_ip(word, a) || !addr_is_destination(a))
			return false;
		e->count++;
	}
	return e->count > 0;
}

static bool parse_line(const char *line, size_t len, struct last_good *ret)
{
	struct words w = { line, len };
	char time[TIME_DIGITS_MAX + 2];

	*ret = (struct last_good){ 0 };
	return next_word(&w, ret->name, sizeof ret->name) && hostname_valid(ret->name) &&
	       next_word(&w, time, sizeof time) && parse_time(time, &ret->time_s) &&
	       parse_addresses(&w, ret);
}

static bool is_known(const struct last_good *entries, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(entries[i].name, name) == 0)
			return true;
	}
	return false;
}

/* One line, and what it gives; false: damaged. */
static bool take_line(
	const char *line, size_t len, unsigned number, struct last_good *ret, size_t *count)
{
	struct last_good entry;

	if (number == 1)
		return len == sizeof version - 1 && memcmp(line, version, len) == 0;
	if (*count == LAST_GOOD_NAMES_MAX || !parse_line(line, len, &entry) ||
		is_known(ret, *count, entry.name))
		return false;
	ret[(*count)++] = entry;
	return true;
}

size_t last_good_parse(const char *text, size_t len, struct last_good ret[LAST_GOOD_NAMES_MAX],
	unsigned *ret_damaged)
{
	const char *end = text + len, *newline;
	size_t count = 0;

	*ret_damaged = 0;
	for (unsigned number = 1; text < end; number++, text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		/* Where the file was cut, an address may be another one now. */
		if (newline && take_line(text, (size_t)(newline - text), number, ret, &count))
			continue;
		if (*ret_damaged == 0)
			*ret_damaged = number;
		if (!newline || number == 1)
			break;
	}
	return count;
}

static size_t format_entry(const struct last_good *e, char *text, size_t size)
{
	char ip[ADDR_TEXT_MAX];
	size_t len =
		(size_t)snprintf(text, size, "%s %llu", e->name, (unsigned long long)e->time_s);

	for (size_t i = 0; i < e->count; i++)
		len += (size_t)snprintf(
			text + len, size - len, " %s", addr_ip_text(&e->addrs[i], ip));
	return len + (size_t)snprintf(text + len, size - len, "\n");
}

size_t last_good_format(
	const struct last_good *entries, size_t count, char text[LAST_GOOD_TEXT_MAX])
{
	size_t len = (size_t)snprintf(text, LAST_GOOD_TEXT_MAX, "%s\n", version);

	/* A line takes 1,700 octets at most, so 64 of them fit. */
	for (size_t i = 0; i < count && i < LAST_GOOD_NAMES_MAX; i++) {
		if (entries[i].count > 0)
			len += format_entry(&entries[i], text + len, LAST_GOOD_TEXT_MAX - len);
	}
	return len;
}
