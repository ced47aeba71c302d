/*
 * Files that may change, watched by inotify.  It is their folders that are watched, because files are
 * mostly replaced; of a link also the folder that it leads to.  A folder that is not there is looked for
 * again every few seconds.
 */
#ifndef PROXY_OPS_WATCH_H
#define PROXY_OPS_WATCH_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct watch;

/*
 * changed() is called from the loop for each of the files that may have changed, once for all changes of a
 * tenth of a second.  NULL: no memory, or no inotify.
 */
struct watch *watch_new(
	struct event_base *base, void (*changed)(void *arg, size_t file), void *arg);

/*
 * A file, by the number that changed() gets; path is borrowed.  in_place: it is written without being
 * closed, so each write counts.  0, -ENOMEM.
 */
int watch_add(struct watch *w, size_t file, const char *path, bool in_place);
void watch_free(struct watch *w);

#endif
