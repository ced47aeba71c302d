/* One file that @include names: found, checked and read. */
#ifndef COMMON_CONFIG_INCLUDE_H
#define COMMON_CONFIG_INCLUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define INCLUDE_DEPTH_MAX 8u

/* The files that are open at the moment, the innermost first. */
struct include_chain {
	const struct include_chain *outer; /* NULL: included from the main file */
	dev_t dev;
	ino_t ino;
	unsigned depth;
};

struct include_file {
	struct include_chain chain;
	char *name; /* owned: its path */
	char *text; /* owned, len octets */
	size_t len;
	char error[512]; /* what is wrong, when include_open said false */
};

/*
 * Reads the file of that name (len octets), which is looked up beside the file that includes it.
 * False: *f holds nothing but the error.
 */
bool include_open(struct include_file *f, const struct include_chain *outer, const char *includer,
	const char *name, size_t len);
void include_close(struct include_file *f);

#endif
