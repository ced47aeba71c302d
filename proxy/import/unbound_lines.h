/*
 * The lines of unbound's configuration with those of the files that it includes: keys, their values, and the
 * clause that they stand in.
 */
#ifndef PROXY_IMPORT_UNBOUND_LINES_H
#define PROXY_IMPORT_UNBOUND_LINES_H

#include "proxy/import/draft.h"

#define UNBOUND_VALUES_MAX 8u

struct unbound_line {
	const char *clause;	/* "server", "forward-zone"; "" before the first */
	unsigned clause_number; /* of all clauses, from 1 */
	unsigned line;
	const char *key;
	const char *value[UNBOUND_VALUES_MAX + 1]; /* NULL behind the last */
	unsigned count;
};

/* take(arg, line) comes for each key; files that can't be read are noted. */
void unbound_lines(struct draft *d, const char *text,
	void (*take)(void *arg, const struct unbound_line *line), void *arg);

#endif
