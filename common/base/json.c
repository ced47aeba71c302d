#include "common/base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void json_init(struct json *j, size_t max)
{
	*j = (struct json){ .max = max };
}

void json_free(struct json *j)
{
	bytes_free(&j->text);
	j->comma = j->failed = false;
}

void json_clear(struct json *j)
{
	bytes_consume(&j->text, bytes_len(&j->text));
	j->comma = j->failed = false;
}

const char *json_get(const struct json *j, size_t *ret_len)
{
	*ret_len = bytes_len(&j->text);
	return j->failed ? NULL : (const char *)bytes_front(&j->text);
}

static void put(struct json *j, const char *text, size_t len)
{
	if (j->failed || len > j->max - bytes_len(&j->text) ||
		bytes_append(&j->text, text, len) < 0)
		j->failed = true;
}

/* ------------------------------------------------------------------ texts */

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Octets of the character in UTF-8 that begins here (RFC 3629 4); 0: none does. */
static size_t character(const unsigned char *p)
{
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return is_tail(p[1]) ? 2 : 0;
	if (p[0] >= 0xe0 && p[0] <= 0xef) {
		if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
			return 0; /* overlong, a surrogate */
		return is_tail(p[1]) && is_tail(p[2]) ? 3 : 0;
	}
	if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
			return 0; /* overlong, above U+10FFFF */
		return is_tail(p[1]) && is_tail(p[2]) && is_tail(p[3]) ? 4 : 0;
	}
	return 0;
}

/* DEL and C1 controls too: a terminal obeys them. */
static void put_control(struct json *j, unsigned code)
{
	char escape[8];

	put(j, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", code));
}

/* Returns the octets taken. */
static size_t put_character(struct json *j, const unsigned char *p)
{
	size_t len = character(p);

	if (len == 0) {
		put(j, "\\ufffd", 6);
		return 1;
	}
	if (*p == '"' || *p == '\\')
		put(j, "\\", 1);
	if (*p < 0x20 || *p == 0x7f)
		put_control(j, *p);
	else if (len == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		put_control(j, p[1]);
	else
		put(j, (const char *)p, len);
	return len;
}

static void put_text(struct json *j, const char *text)
{
	put(j, "\"", 1);
	for (const unsigned char *p = (const unsigned char *)text; *p;)
		p += put_character(j, p);
	put(j, "\"", 1);
}

/* ------------------------------------------------------------------ values */

/* What stands before every value. */
static void begin(struct json *j, const char *key)
{
	if (j->comma)
		put(j, ",", 1);
	j->comma = true;
	if (!key)
		return;
	put_text(j, key);
	put(j, ":", 1);
}

static void open_with(struct json *j, const char *key, const char *bracket)
{
	begin(j, key);
	put(j, bracket, 1);
	j->comma = false;
}

static void close_with(struct json *j, const char *bracket)
{
	put(j, bracket, 1);
	j->comma = true;
}

void json_object(struct json *j, const char *key)
{
	open_with(j, key, "{");
}

void json_end_object(struct json *j)
{
	close_with(j, "}");
}

void json_array(struct json *j, const char *key)
{
	open_with(j, key, "[");
}

void json_end_array(struct json *j)
{
	close_with(j, "]");
}

static void put_word(struct json *j, const char *key, const char *word)
{
	begin(j, key);
	put(j, word, strlen(word));
}

void json_text(struct json *j, const char *key, const char *text)
{
	if (!text) {
		json_null(j, key);
		return;
	}
	begin(j, key);
	put_text(j, text);
}

void json_number(struct json *j, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, number);
	put_word(j, key, text);
}

void json_signed(struct json *j, const char *key, int64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, number);
	put_word(j, key, text);
}

void json_decimal(struct json *j, const char *key, double number, unsigned digits)
{
	char text[64];

	if (!isfinite(number) || fabs(number) > 1e18) {
		json_null(j, key);
		return;
	}
	snprintf(text, sizeof text, "%.*f", (int)(digits > 6 ? 6 : digits), number);
	put_word(j, key, text);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_word(j, key, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	put_word(j, key, "null");
}
