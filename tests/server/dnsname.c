#include "tests/server/dnsname.h"

#include <stdio.h>
#include <string.h>

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

size_t dnsname_skip(const uint8_t *msg, size_t len, size_t at, bool pointers)
{
	size_t behind = 0, limit = at, total = 0;

	for (;;) {
		if (at >= len)
			return 0;
		if (msg[at] >= 0xc0) {
			size_t target;

			if (!pointers || at + 1 >= len)
				return 0;
			target = (size_t)(msg[at] & 0x3f) << 8 | msg[at + 1];
			if (!behind)
				behind = at + 2;
			if (target < 12 || target >= limit)
				return 0;
			at = limit = target;
			continue;
		}
		if (msg[at] > 63 || (total += 1u + msg[at]) > DNSNAME_MAX)
			return 0;
		if (!msg[at])
			return behind ? behind : at + 1;
		at += 1u + msg[at];
	}
}

uint32_t dnsname_hash(const uint8_t *name, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ lower(name[i])) * 16777619u;
	return h;
}

bool dnsname_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	if (a_len != b_len)
		return false;
	for (size_t i = 0; i < a_len; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

static char *octet_text(char *out, uint8_t c)
{
	if (c == '.' || c == '\\' || c == '"')
		return out + sprintf(out, "\\%c", c);
	if (c > 0x20 && c < 0x7f)
		return out + sprintf(out, "%c", c);
	return out + sprintf(out, "\\%03u", c);
}

void dnsname_text(const uint8_t *name, char text[DNSNAME_TEXT_MAX])
{
	char *out = text;

	if (!*name)
		*out++ = '.';
	while (*name) {
		if (out != text)
			*out++ = '.';
		for (unsigned i = 1; i <= *name; i++)
			out = octet_text(out, name[i]);
		name += 1 + *name;
	}
	*out = 0;
}

size_t dnsname_parse(const char *text, uint8_t ret_name[DNSNAME_MAX])
{
	size_t len = 0;

	if (!strcmp(text, "."))
		text = "";
	while (*text) {
		size_t n = strcspn(text, ".");

		if (!n || n > 63 || len + n + 2 > DNSNAME_MAX)
			return 0;
		ret_name[len] = (uint8_t)n;
		memcpy(ret_name + len + 1, text, n);
		len += n + 1;
		text += n + (text[n] == '.');
	}
	ret_name[len] = 0;
	return len + 1;
}
