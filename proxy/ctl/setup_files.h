/* Putting a file, a link or nothing where something else was, in one step. */
#ifndef PROXY_CTL_SETUP_FILES_H
#define PROXY_CTL_SETUP_FILES_H

#include <sys/stat.h>

#include "proxy/ctl/setup.h"

/* What stands, stood or is to stand at a path. */
struct setup_state {
	enum setup_kind kind;
	struct stat st; /* KIND_FILE: mode, owner, times */
	char *text;	/* KIND_FILE; owned */
	size_t len;
	char target[PATH_MAX]; /* KIND_LINK */
};

/* 0 or a negative errno; -EFBIG for what is too large. */
int setup_state_read(const char *path, struct setup_state *ret);
void setup_state_free(struct setup_state *s);

/*
 * Makes it so.  with_times: owner and times as in st, too; else a file keeps those of what it replaces.  A file
 * that something is mounted on is written where it stands.  0 or a negative errno.
 */
int setup_state_put(const char *path, const struct setup_state *s, bool with_times);

/* Same kind, content, target. */
bool setup_state_same(const struct setup_state *a, const struct setup_state *b);

#endif
