/*
 * Can state-dir be written?  That it can't is no error, as dnsfwd runs without it; but whoever wrote it wants
 * to know at once, and not when something was to be kept.  On main's thread.
 */
#ifndef PROXY_OPS_STATE_DIR_H
#define PROXY_OPS_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/*
 * Will a start with this configuration have it, as far as can be told from here?  Nothing is made.  False with
 * one sentence.  True also where another user is to write there and only root could say; and for the default
 * where we are not root, since a service manager may make it and start dnsfwd as somebody else.
 */
bool state_dir_will_do(const struct config *config, char *why, size_t size);

/* Of a dnsfwd that has become who it stays: says in the log if it can't write there. */
void state_dir_tell(const struct config *config);

#endif
