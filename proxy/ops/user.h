/*
 * Whom the process becomes once it is started (option `user`).  On main's thread, before any other
 * thread starts.
 */
#ifndef PROXY_OPS_USER_H
#define PROXY_OPS_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define USER_NAME_MAX 256u

struct user {
	char name[USER_NAME_MAX]; /* as written */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* owned; of its own, gid among them */
	int group_count;
};

/*
 * By name or number.  A number that the system does not know is a user without name, whose group has
 * the same number.  0, or negative errno with one sentence; user_deinit is right in either case.
 */
int user_find(const char *text, struct user *ret, char *error, size_t size);
void user_deinit(struct user *u);

/*
 * A folder that this user is to write in: made where it is missing, with all above it, and given to
 * them, with the files in it, where it is root's and holds nothing but files of root's.  Does what it
 * can; whoever uses the folder complains.  NULL: for whom we are.
 */
void user_give_folder(const struct user *u, const char *path, mode_t mode);

/* Would user_give_folder give this one, which is there, to somebody else? */
bool user_may_be_given(const char *path);

/*
 * For good.  Capabilities stay permitted and are not effective any more: the caller says next which
 * of them remain (proxy/ops/capabilities.h).  Nothing is done where that is who we are.  0, or
 * negative errno with one sentence.
 */
int user_become(const struct user *u, char *error, size_t size);

#endif
