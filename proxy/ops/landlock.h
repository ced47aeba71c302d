/*
 * Landlock (landlock(7)): from here on this thread, and all that it starts, can open files only
 * beneath the given paths.  By its three system calls; what a kernel does not know yet is left out.
 */
#ifndef PROXY_OPS_LANDLOCK_H
#define PROXY_OPS_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct landlock_path {
	/* Owned by whoever made it; a folder with all beneath it, or a file.  A missing one is left out. */
	char *path;
	bool write; /* files in it can be written, made, replaced and removed; sockets, too */
};

/* The version that the kernel speaks; negative errno: none. */
int landlock_version(void);

/*
 * For good; needs no_new_privs.  lone: no signal goes to another process, either, and no abstract
 * Unix socket of others is reached, where the kernel can do that.  0 or negative errno.
 */
int landlock_enter(const struct landlock_path *paths, size_t count, bool lone);

#endif
