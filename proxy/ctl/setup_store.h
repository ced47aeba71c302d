/*
 * Changing files of the system so that it can be undone to the last byte, links, owners, modes and times
 * included.  What was there is written to a folder of root's own first (SETUP_STATE; not the daemon's state
 * folder, whose owner could otherwise choose what root writes); each change is a rename.
 */
#ifndef PROXY_CTL_SETUP_STORE_H
#define PROXY_CTL_SETUP_STORE_H

#include "proxy/ctl/setup.h"

#define SETUP_STATE_TOP "/var/lib/dnsfwdctl"
#define SETUP_STATE	SETUP_STATE_TOP "/setup"

/* A setup was applied and not undone. */
bool setup_is_applied(const char *root);

/*
 * Keeps what was there, then makes all changes of the plan, or none.  False with a sentence.
 */
bool setup_apply(const char *root, const struct setup_plan *p, char *error, size_t size);

/*
 * Brings it all back.  Where something is not as it was left, nothing is done unless force.  tell(arg, path)
 * comes for each path.  False with a sentence.
 */
bool setup_undo(const char *root, bool force, void (*tell)(void *arg, const char *path), void *arg,
	char *error, size_t size);

#endif
