#include "tests/server/hex.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_parse(const char *text, uint8_t *ret, size_t size, size_t *ret_len)
{
	size_t n = 0;

	for (; *text; text += 2) {
		int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);

		if (low < 0 || n == size)
			return false;
		ret[n++] = (uint8_t)(high << 4 | low);
	}
	*ret_len = n;
	return true;
}
