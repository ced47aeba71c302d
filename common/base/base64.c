#include "common/base/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool digit_value(char c, unsigned *ret)
{
	const char *found = c ? strchr(digits, c) : NULL;

	if (found)
		*ret = (unsigned)(found - digits);
	return found != NULL;
}

static size_t padding(const char *text, size_t len)
{
	size_t n = 0;

	while (n < 2 && n < len && text[len - 1 - n] == '=')
		n++;
	return n;
}

bool base64_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *ret_len)
{
	size_t count = len - padding(text, len), octets = count * 6 / 8;
	unsigned bits = 0, held = 0, value;

	if (len % 4 != 0 || octets > size)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!digit_value(text[i], &value))
			return false;
		bits = bits << 6 | value;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		*out++ = (uint8_t)(bits >> held);
		bits &= (1u << held) - 1;
	}
	if (bits != 0)
		return false;
	*ret_len = octets;
	return true;
}

const char *base64_encode(const uint8_t *data, size_t len, char *text)
{
	char *out = text;

	for (size_t i = 0; i < len; i += 3) {
		size_t rest = len - i;
		unsigned bits = (unsigned)data[i] << 16 |
				(rest > 1 ? (unsigned)data[i + 1] << 8 : 0) |
				(rest > 2 ? (unsigned)data[i + 2] : 0);

		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = rest > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = rest > 2 ? digits[bits & 63] : '=';
	}
	*out = '\0';
	return text;
}
