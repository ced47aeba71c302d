/*
 * Lines and words of a text file that somebody else wrote: hosts, leases, block lists.  A line that can't
 * be read is counted, the first one remembered with its reason, and never ends the reading.
 */
#ifndef COMMON_LOCAL_TEXT_H
#define COMMON_LOCAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest word that can mean something: a name with every octet escaped. */
#define TEXT_WORD_MAX 1025u

/* A file being read, in one part or several; zeroed at first.  Parts are cut behind a newline. */
struct text {
	unsigned line;	    /* number of the line read last */
	size_t entries;	    /* names that were taken */
	unsigned bad;	    /* lines that could not be read, at least in part */
	unsigned bad_line;  /* the first of them ... */
	const char *reason; /* ... and what is wrong with it; static */
	size_t left_out;    /* bound hit or no memory: entries that had no room */
};

/* What is left of a line; words are parted by blanks. */
struct line {
	const char *at, *end;
};

/* The next line of a part, without newline and carriage return; *at moves on.  False at the end. */
bool text_line(struct text *t, const char **at, const char *end, struct line *ret);

/* The line read last is bad: say so once. */
void text_bad(struct text *t, const char *reason);

/*
 * The next word, NUL-terminated, of at most TEXT_WORD_MAX - 1 octets; false: there is none (NUL octets and
 * longer words end the line).
 */
bool line_word(struct line *l, char word[TEXT_WORD_MAX]);

/* Cuts the line where a comment begins. */
void line_cut(struct line *l, char mark);

#endif
