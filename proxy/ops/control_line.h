/*
 * The request line of the control socket: words with single spaces between, printable ASCII, ended by
 * LF (CR LF is taken) or by the end of the stream.  "flush --zone example.com"
 */
#ifndef PROXY_OPS_CONTROL_LINE_H
#define PROXY_OPS_CONTROL_LINE_H

#include <stddef.h>

/* Octets, without its end. */
#define CONTROL_LINE_MAX  4096u
#define CONTROL_WORDS_MAX 32u

struct control_line {
	char text[CONTROL_LINE_MAX + 1];     /* the words, each ended by NUL */
	const char *word[CONTROL_WORDS_MAX]; /* in text */
	size_t count;			     /* at least 1 */
};

/* NULL, or why it is none: a static text. */
const char *control_line_parse(const char *data, size_t len, struct control_line *ret);

#endif
