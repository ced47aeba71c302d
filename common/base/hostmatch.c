#include "common/base/hostmatch.h"

#include <arpa/inet.h>
#include <string.h>

#define HOSTNAME_MAX 253u
#define LABEL_MAX    63u

/* Not tolower(): that asks the locale. */
static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_name_char(char c)
{
	return (fold(c) >= 'a' && fold(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static size_t without_final_dot(const char *name, size_t len)
{
	return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

static bool labels_valid(const char *name, size_t len)
{
	size_t label = 0;

	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!is_name_char(name[i]) || ++label > LABEL_MAX) {
			return false;
		}
	}
	return label > 0;
}

/* "192.0.2.1" keeps to the alphabet, but a certificate names it as iPAddress, never as dNSName. */
static bool is_ipv4(const char *name, size_t len)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr in;

	if (len >= sizeof text)
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &in) == 1;
}

bool hostname_valid(const char *name)
{
	size_t len = without_final_dot(name, strlen(name));

	return len <= HOSTNAME_MAX && labels_valid(name, len) && !is_ipv4(name, len);
}

static bool equal_folded(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (fold(a[i]) != fold(b[i]))
			return false;
	}
	return true;
}

/* Everything from the first dot on; NULL when there is none, or nothing behind it. */
static const char *parent(const char *name, size_t len)
{
	const char *dot = memchr(name, '.', len);

	return dot && dot + 1 < name + len ? dot : NULL;
}

bool hostmatch(const char *presented, size_t len, const char *expected)
{
	size_t expected_len = without_final_dot(expected, strlen(expected));

	if (!hostname_valid(expected) || len == 0)
		return false;
	len = without_final_dot(presented, len);
	if (len > 2 && presented[0] == '*' && presented[1] == '.') {
		const char *rest = parent(expected, expected_len);

		if (!rest)
			return false;
		expected_len -= (size_t)(rest - expected);
		expected = rest;
		presented++;
		len--;
	}
	return len == expected_len && equal_folded(presented, expected, len);
}
