/*
 * The files of local names and block lists: read at the start, watched (inotify), read again when they
 * change.  Main builds the new data and posts it to the workers, who go on with the old until then.
 * A line that can't be read is told with its number, the first of each file; no file keeps dnsfwd from
 * running.
 */
#ifndef PROXY_OPS_FILES_H
#define PROXY_OPS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct event_base;
struct files;
struct local_blocks;
struct local_names;
struct worker;

/*
 * Reads all that the configuration names, which is borrowed; quiet: tells only what is wrong.  before (borrowed for
 * the call, NULL: nothing): what the same options have said of files that have not changed since is taken from there,
 * and the key.  NULL: out of memory.
 */
struct files *files_new(const struct config *config, bool quiet, const struct files *before);

/*
 * Watches from now on, on the thread of the base, and posts to the workers.  Both are borrowed, the workers
 * until files_free.  0, -ENOMEM; where nothing can be watched it is told, and goes on without.
 */
int files_start(
	struct files *f, struct event_base *base, struct worker *const *workers, size_t count);
/* Watches no more: others are in use. */
void files_stop(struct files *f);
void files_free(struct files *f);

/* What was read last, borrowed; the key that all of it has. */
struct local_names *files_names(const struct files *f);
struct local_blocks *files_blocks(const struct files *f);
const uint8_t *files_key(const struct files *f);

#endif
