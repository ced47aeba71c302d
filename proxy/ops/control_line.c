#include "proxy/ops/control_line.h"

#include <string.h>

static const char *check(const char *data, size_t len)
{
	if (len == 0)
		return "an empty request";
	if (len > CONTROL_LINE_MAX)
		return "the request is too long";
	for (size_t i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] > 0x7e)
			return "a request is printable ASCII";
	return NULL;
}

/* text is terminated; single spaces become ends. */
static const char *split(struct control_line *l, size_t len)
{
	char *at = l->text;

	for (size_t i = 0; i <= len; i++) {
		if (l->text[i] != ' ' && l->text[i] != '\0')
			continue;
		if (at == &l->text[i])
			return "words have one space between them";
		if (l->count == CONTROL_WORDS_MAX)
			return "too many words";
		l->text[i] = '\0';
		l->word[l->count++] = at;
		at = &l->text[i] + 1;
	}
	return NULL;
}

const char *control_line_parse(const char *data, size_t len, struct control_line *ret)
{
	const char *why;

	ret->count = 0;
	if (len > 0 && data[len - 1] == '\r')
		len--;
	why = check(data, len);
	if (why)
		return why;
	memcpy(ret->text, data, len);
	ret->text[len] = '\0';
	return split(ret, len);
}
