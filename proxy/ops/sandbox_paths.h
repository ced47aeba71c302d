/*
 * What a configuration needs of the file system while it is served: its own folder, those of the
 * files that it names (whole, because a file that is replaced is another one), the state, and what
 * the libraries read.  No system call here limits anything; see landlock.h.
 */
#ifndef PROXY_OPS_SANDBOX_PATHS_H
#define PROXY_OPS_SANDBOX_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/ops/landlock.h"

struct config;

struct sandbox_paths {
	struct landlock_path *path; /* owned, absolute and free of links; sorted by nothing */
	size_t count;
};

/* 0 or -ENOMEM; sandbox_paths_deinit is right in either case. */
int sandbox_paths_init(struct sandbox_paths *p, const struct config *config);
/* One more, as written: relative to the working folder, through links, or not there yet. */
int sandbox_paths_add(struct sandbox_paths *p, const char *path, bool write);
void sandbox_paths_deinit(struct sandbox_paths *p);

/* Is the file, there or not yet, beneath one of them? */
bool sandbox_paths_allow(const struct sandbox_paths *p, const char *file, bool write);

/*
 * Calls back for each path that this configuration names, until that returns false: then false.
 * The folder, where the path is one to write in.
 */
bool sandbox_paths_each(const struct config *config,
	bool (*each)(void *arg, const char *path, bool write), void *arg);

#endif
