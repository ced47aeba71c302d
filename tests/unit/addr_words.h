/*
 * Addresses of upstreams in tests, spelt as a row of short words: "6.1 4.1 4.2" are
 * [2001:db8::1]:853, 192.0.2.1:853 and 192.0.2.2:853.
 */
#ifndef TESTS_UNIT_ADDR_WORDS_H
#define TESTS_UNIT_ADDR_WORDS_H

#include "common/base/addr.h"
#include "tests/unit/cm.h"

#include <stdio.h>
#include <string.h>

#define ADDR_WORDS_MAX 64u

/* The first word of text; returns where the next begins, NULL: there is none. */
static inline const char *addr_from_word(const char *text, struct addr *ret)
{
	char spelt[ADDR_TEXT_MAX];
	unsigned number;
	int len = 0;
	char family;

	if (sscanf(text, " %c.%u%n", &family, &number, &len) < 2)
		return NULL;
	snprintf(spelt, sizeof spelt, family == '6' ? "2001:db8::%u" : "192.0.2.%u", number);
	assert_true(addr_parse_ip(spelt, ret));
	addr_set_port(ret, 853);
	return text + len;
}

static inline size_t addrs_from_words(const char *text, struct addr ret[ADDR_WORDS_MAX])
{
	size_t count = 0;

	while ((text = addr_from_word(text, &ret[count])))
		assert_true(++count < ADDR_WORDS_MAX);
	return count;
}

static inline struct addr one_addr(const char *word)
{
	struct addr a;

	assert_non_null(addr_from_word(word, &a));
	return a;
}

/* The word for an address. */
static inline const char *addr_word(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	const char *number =
		strrchr(addr_ip_text(a, text), a->sa.sa_family == AF_INET6 ? ':' : '.');

	assert_non_null(number);
	memmove(text + 2, number + 1, strlen(number));
	text[0] = a->sa.sa_family == AF_INET6 ? '6' : '4';
	text[1] = '.';
	return text;
}

#endif
