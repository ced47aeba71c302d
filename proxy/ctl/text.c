#include "proxy/ctl/text.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------ members */

struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	return json_object_is_type(o, json_type_object) &&
			       json_object_object_get_ex(o, key, &value)
		       ? value
		       : NULL;
}

const char *member_text(struct json_object *o, const char *key)
{
	struct json_object *value = member(o, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

uint64_t member_number(struct json_object *o, const char *key)
{
	return json_object_get_uint64(member(o, key));
}

double member_decimal(struct json_object *o, const char *key)
{
	return json_object_get_double(member(o, key));
}

bool member_true(struct json_object *o, const char *key)
{
	struct json_object *value = member(o, key);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

bool member_is(struct json_object *o, const char *key)
{
	return member(o, key);
}

const char *or_nothing(const char *text)
{
	return text ? text : "";
}

size_t list_length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

/* ------------------------------------------------------------------ units */

const char *text_duration(double s, char text[TEXT_MAX])
{
	uint64_t whole = s > 0 ? (uint64_t)s : 0;

	if (s <= 0)
		snprintf(text, TEXT_MAX, "0 s");
	else if (s < 0.001)
		snprintf(text, TEXT_MAX, "%.0f us", s * 1e6);
	else if (s < 1)
		snprintf(text, TEXT_MAX, "%.1f ms", s * 1e3);
	else if (whole < 60)
		snprintf(text, TEXT_MAX, "%.1f s", s);
	else if (whole < 3600)
		snprintf(text, TEXT_MAX, "%" PRIu64 " min %" PRIu64 " s", whole / 60, whole % 60);
	else if (whole < 86400)
		snprintf(text, TEXT_MAX, "%" PRIu64 " h %" PRIu64 " min", whole / 3600,
			whole / 60 % 60);
	else
		snprintf(text, TEXT_MAX, "%" PRIu64 " d %" PRIu64 " h", whole / 86400,
			whole / 3600 % 24);
	return text;
}

const char *text_octets(uint64_t octets, char text[TEXT_MAX])
{
	static const char *const units[] = { "octets", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)octets;
	unsigned unit = 0;

	for (; value >= 1024 && unit < 4; unit++)
		value /= 1024;
	snprintf(text, TEXT_MAX, "%.*f %s", unit > 0 ? 1 : 0, value, units[unit]);
	return text;
}

const char *text_count(uint64_t number, char text[TEXT_MAX])
{
	char plain[24];
	size_t len = (size_t)snprintf(plain, sizeof plain, "%" PRIu64, number), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = plain[i];
	}
	text[at] = '\0';
	return text;
}

/* ------------------------------------------------------------------ the terminal */

/* UTF-8 comes whole from json-c; of it, C0, DEL and C1 are obeyed by terminals. */
size_t put_clean(const char *text)
{
	size_t columns = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		columns += (*p & 0xc0) != 0x80;
		putchar(*p < 0x20 || *p == 0x7f || c1 ? '?' : *p);
		p += c1;
	}
	return columns;
}

void put_column(const char *text, size_t width)
{
	size_t columns = put_clean(text);

	do
		putchar(' ');
	while (++columns < width);
}

const char *ink(enum ink i)
{
	static const char *const codes[] = { [INK_NONE] = "\033[0m",
		[INK_BOLD] = "\033[1m",
		[INK_DIM] = "\033[2m",
		[INK_GOOD] = "\033[32m",
		[INK_WARN] = "\033[33m",
		[INK_BAD] = "\033[1;31m" };
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no) ? codes[i] : "";
}
