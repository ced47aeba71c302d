/*
 * Bytes written as hex in a test's table: blanks between octets are free, "00*84" repeats the octet
 * before the star.  A table that is wrong ends the program.
 */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void hex_fail(const char *hex, const char *why)
{
	fprintf(stderr, "hex: %s: \"%.60s\"\n", why, hex);
	abort();
}

/* Returns how many octets were written to ret. */
static inline size_t hex_bytes(const char *hex, void *ret, size_t cap)
{
	uint8_t *out = ret;
	size_t len = 0;
	const char *p = hex;

	while (*p) {
		char pair[3] = { 0 };
		char *end;
		unsigned long times = 1;

		if (isspace((unsigned char)*p)) {
			p++;
			continue;
		}
		if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1]))
			hex_fail(hex, "not two hex digits");
		memcpy(pair, p, 2);
		p += 2;
		if (*p == '*') {
			times = strtoul(p + 1, &end, 10);
			p = end;
		}
		if (times > cap - len)
			hex_fail(hex, "no room");
		memset(out + len, (int)strtoul(pair, NULL, 16), times);
		len += times;
	}
	return len;
}

/* An exact copy on the heap, so that a sanitizer sees a read behind its end.  Free it. */
static inline uint8_t *exact_copy(const void *data, size_t len)
{
	uint8_t *p = malloc(len ? len : 1);

	if (!p)
		hex_fail("", "no memory");
	if (len)
		memcpy(p, data, len);
	return p;
}

/* Fails the test, naming the row, where the bytes are not those of the hex. */
#define assert_hex(row, bytes, bytes_len, hex)                                                     \
	do {                                                                                       \
		static uint8_t want_[70000];                                                       \
		size_t want_len_ = hex_bytes(hex, want_, sizeof want_);                            \
		size_t len_ = (bytes_len);                                                         \
		if (len_ != want_len_ || memcmp(bytes, want_, len_) != 0) {                        \
			hex_print("got ", bytes, len_);                                            \
			hex_print("want", want_, want_len_);                                       \
			fail_msg("%s: bytes differ", row);                                         \
		}                                                                                  \
	} while (0)

static inline void hex_print(const char *label, const void *data, size_t len)
{
	const uint8_t *p = data;

	fprintf(stderr, "%s (%zu) ", label, len);
	for (size_t i = 0; i < len && i < 400; i++)
		fprintf(stderr, "%02x", p[i]);
	fprintf(stderr, "%s\n", len > 400 ? "..." : "");
}

#endif
