/*
 * What a started dnsfwd gives up (design 9, Privileges): it becomes the user of `user`, and with
 * `sandbox` keeps one capability at most, can get no new ones, makes the system calls of
 * sandbox_calls.h only, opens the files of sandbox_paths.h only, and leaves no core.  What a kernel
 * lacks or a container does not permit is told and gone without.
 *
 * Of the process: once, on main's thread, when all sockets are open and no other thread runs.
 */
#ifndef PROXY_OPS_SANDBOX_H
#define PROXY_OPS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct config;

struct sandbox_setup {
	const struct config *config; /* borrowed for the call */
	bool passed_sockets;	     /* nothing has to be bound by us, now or later */
};

/*
 * First of all: is `user` somebody that we can be?  Then the folders that we write in are made for
 * them, where that is ours to do: state-dir, and that of the default control socket.  ret_group is
 * the group of the user, (gid_t)-1 where there is none.  check_only: nothing is made.  0, or negative
 * errno with one sentence.
 */
int sandbox_prepare(
	const struct config *config, bool check_only, gid_t *ret_group, char *error, size_t size);

/*
 * For good; one line of the log says what is in force.  0, or negative errno with one sentence: only
 * where the user is concerned, who is asked for in so many words.
 */
int sandbox_enter(const struct sandbox_setup *setup, char *error, size_t size);

/*
 * From main's thread, at any time: can this file, there or not yet, be read, or with `write` be made
 * and replaced?  As far as the sandbox goes: what its owner says is another matter.
 */
bool sandbox_allows_path(const char *path, bool write);

/*
 * Is all that a new configuration names within what the present one was given?  False with
 * "needs a restart: ..."; then nothing of it may be used.
 */
bool sandbox_allows(const struct config *config, char *error, size_t size);

/* What sandbox_enter has kept, when nothing is asked any more. */
void sandbox_leave(void);

#endif
