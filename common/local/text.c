#include "common/local/text.h"

#include <string.h>

bool text_line(struct text *t, const char **at, const char *end, struct line *ret)
{
	const char *newline;

	if (*at == end)
		return false;
	newline = memchr(*at, '\n', (size_t)(end - *at));
	ret->at = *at;
	ret->end = newline ? newline : end;
	*at = newline ? newline + 1 : end;
	if (ret->end > ret->at && ret->end[-1] == '\r')
		ret->end--;
	t->line++;
	return true;
}

void text_bad(struct text *t, const char *reason)
{
	static const unsigned many = 1u << 31;

	if (t->bad == 0) {
		t->bad_line = t->line;
		t->reason = reason;
	}
	if (t->bad < many)
		t->bad++;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool line_word(struct line *l, char word[TEXT_WORD_MAX])
{
	size_t len = 0;

	while (l->at < l->end && is_blank(*l->at))
		l->at++;
	while (l->at + len < l->end && !is_blank(l->at[len]))
		len++;
	if (len == 0 || len >= TEXT_WORD_MAX || memchr(l->at, '\0', len)) {
		l->at = l->end;
		return false;
	}
	memcpy(word, l->at, len);
	word[len] = '\0';
	l->at += len;
	return true;
}

void line_cut(struct line *l, char mark)
{
	const char *found = memchr(l->at, mark, (size_t)(l->end - l->at));

	if (found)
		l->end = found;
}
