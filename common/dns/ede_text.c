#include "common/dns/ede_text.h"

#include <string.h>

/* Octets of the character that this lead octet begins (RFC 3629 4), 0: it begins none. */
static size_t sequence_len(uint8_t lead)
{
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* No C1 controls, overlong forms, surrogates, nothing beyond U+10FFFF: the second octet tells. */
static int second_ok(uint8_t lead, uint8_t second)
{
	uint8_t low = lead == 0xc2 || lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

/* Octets of the harmless character at p, 0: there is none. */
static size_t character_len(const uint8_t *p, size_t left)
{
	size_t len;

	if (*p < 0x80)
		return *p >= ' ' && *p != 0x7f;
	len = sequence_len(*p);
	if (!len || len > left || !second_ok(p[0], p[1]))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

size_t ede_text_copy(uint8_t *dst, size_t room, const uint8_t *src, size_t len)
{
	size_t out = 0, i = 0;

	while (len > 0 && src[len - 1] == 0)
		len--;
	while (i < len && out < room) {
		size_t step = character_len(src + i, len - i);

		if (!step) {
			dst[out++] = '?';
			i++;
			continue;
		}
		if (step > room - out)
			break;
		memcpy(dst + out, src + i, step);
		out += step;
		i += step;
	}
	return out;
}
