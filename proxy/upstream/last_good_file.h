/*
 * The file "addresses" in state-dir: the last good addresses of upstreams that are named, so that a
 * start needs no lookup (common/base/last_good.h).  Read at the start, written anew at each change;
 * small, and written without waiting for the disk: what a power cut takes is looked up again.
 */
#ifndef PROXY_UPSTREAM_LAST_GOOD_FILE_H
#define PROXY_UPSTREAM_LAST_GOOD_FILE_H

#include "common/base/last_good.h"

struct last_good_file {
	const char *folder; /* borrowed; "": nothing is read or kept */
	bool complained;    /* until it can be written again */
};

/* Returns how many names it gave; what is wrong with it is logged. */
size_t last_good_file_read(struct last_good_file *f, struct last_good ret[LAST_GOOD_NAMES_MAX]);

/* Whole or not at all, readable for us alone.  What keeps it from being written is logged once. */
void last_good_file_write(struct last_good_file *f, const struct last_good *entries, size_t count);

#endif
