/*
 * Reload: the configuration is read again, and used whole or not at all.  Everything is checked and made beside what is
 * in use; then each worker changes over between two turns, and what was before goes when all have.  Unchanged
 * sockets, sessions, tickets and the cache stay (groups.h).  What needs a restart, or more than the program may do any
 * more, is refused whole, with each reason in the log.
 *
 * On main's thread.
 */
#ifndef PROXY_RELOAD_H
#define PROXY_RELOAD_H

#include <stddef.h>

#include "proxy/edition.h"

struct config_file;
struct listeners;
struct reload;

/* All borrowed, outlive it. */
struct reload_setup {
	struct edition **now; /* what is in use; replaced */
	const struct edition_place *at;
	const struct listeners *listeners;
	const struct config_file *file;
	void (*changed)(void *arg); /* *now is another one: called before what was before goes */
	void *changed_arg;
};

/* For all that can be wrong with most configurations. */
#define RELOAD_ERROR_MAX 8192u

/* NULL: out of memory. */
struct reload *reload_new(const struct reload_setup *setup);
/* After the workers; NULL is fine. */
void reload_free(struct reload *r);

/*
 * Reads the file again.  0: it is in use for all queries that come from now on.  -EINVAL: it is not, all is as it was;
 * the log has each problem, and so has error, a line each, as far as RELOAD_ERROR_MAX goes (the last line says how many
 * there is no room for).  The service manager is told when it begins and when it is over.
 */
int reload_now(struct reload *r, char *error, size_t size);

/* The same for whom the log is enough; where workers are still busy with those before, a little later. */
void reload_soon(struct reload *r);

/*
 * The same file as it was read last, whatever it says now, with the zones that config_file has by now.  As reload_now,
 * but nobody hears of it: it is no reload to those who look from outside.
 */
int reload_zones(struct reload *r, char *error, size_t size);

/* How many were taken and refused since the start. */
struct reload_figures {
	unsigned taken, refused;
};
struct reload_figures reload_figures(const struct reload *r);

#endif
