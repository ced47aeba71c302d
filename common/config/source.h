/*
 * The text of a configuration as libconfig gets it: files that @include names stand in place,
 * comments are gone.  Which file and line each line came from is remembered.
 *
 * libconfig could include files itself, but ends the whole process when one cannot be read (a
 * folder, say), has no bound for nesting, cuts large numbers to 32 bits, and loses memory at a text
 * where none may stand.  So it never opens a file here, and gets nothing of that kind to see.
 */
#ifndef COMMON_CONFIG_SOURCE_H
#define COMMON_CONFIG_SOURCE_H

#include "common/base/bytes.h"
#include "common/config/errors.h"

struct source_segment;

/*
 * Groups in a list is all the depth that options need; libconfig's parser is kept far from its
 * limits.
 */
#define SOURCE_NESTING_MAX 8u

struct config_source {
	struct bytes text; /* NUL-terminated after source_read */
	unsigned line;	   /* of what is written next into text, from 1 */
	unsigned held;	   /* line ends that wait for the next character */
	unsigned settings;
	char brackets[SOURCE_NESTING_MAX]; /* those that are open, the innermost last */
	unsigned nesting;
	char last;    /* what was written last: a mark, '"' for a text, 'w' for a word */
	char **files; /* owned; places borrow these names */
	size_t file_count;
	struct source_segment *segments; /* by line; each counts up from where it starts */
	size_t segment_count;
	struct config_errors *errors; /* borrowed */
};

/*
 * Reads text (len octets, named `file` in messages) with all that it includes.  False: a complaint
 * was made. source_free is needed in both cases.
 */
bool source_read(struct config_source *s, const char *text, size_t len, const char *file,
	struct config_errors *errors);

/* Where a line of the text came from. */
struct config_place source_place(const struct config_source *s, unsigned line);

void source_free(struct config_source *s);

#endif
