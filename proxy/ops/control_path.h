/*
 * The path of the control socket: made without following a link, in place of what a dead process has
 * left, never in place of anything else; removed at the end.
 */
#ifndef PROXY_OPS_CONTROL_PATH_H
#define PROXY_OPS_CONTROL_PATH_H

#include <stddef.h>
#include <sys/types.h>

struct control_path {
	int fd;	      /* listens, non-blocking; -1: none */
	dev_t device; /* of the socket, to know it again */
	ino_t inode;
};

/*
 * Mode 0660; group: who may ask for figures beside us, (gid_t)-1 for our own.  make_folder: the last
 * folder of the path is made where it is missing.  path is borrowed for the call.  0, or negative errno
 * with a clause: -EADDRINUSE: another process listens there.  A folder that anybody can write to is warned of.  From a process with one thread (umask).
 */
int control_path_open(struct control_path *p, const char *path, gid_t group, int make_folder,
	char *error, size_t size);

/* Closes it, and removes what stands there if it is still this one and we may. */
void control_path_close(struct control_path *p, const char *path);

#endif
