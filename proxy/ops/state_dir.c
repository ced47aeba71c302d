#include "proxy/ops/state_dir.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/ops/user.h"

#define WHAT_NEXT                                                                                  \
	"; dnsfwd runs without it, but knows nothing of before after a restart; let the user that it " \
	"runs as own that folder, or set state-dir = \"\""

static bool is_member(const struct user *u, gid_t group)
{
	for (int i = 0; i < u->group_count; i++)
		if (u->groups[i] == group)
			return true;
	return u->gid == group;
}

/* Without the capabilities that root has now. */
static bool mode_lets_in(const struct stat *st, const struct user *u)
{
	mode_t all = S_IWUSR | S_IXUSR;

	if (st->st_uid == u->uid)
		return (st->st_mode & all) == all;
	if (is_member(u, st->st_gid))
		return (st->st_mode & all >> 3) == all >> 3;
	return (st->st_mode & all >> 6) == all >> 6;
}

/* 0, or why not: negative errno.  u: who is to write there. */
static int look_at_folder(const char *path, const struct stat *st, const struct user *u)
{
	if (!S_ISDIR(st->st_mode))
		return -ENOTDIR;
	if (access(path, W_OK | X_OK) < 0)
		return -errno;
	if (geteuid() != 0 || mode_lets_in(st, u))
		return 0;
	return u->uid != 0 && user_may_be_given(path) ? 0 : -EACCES;
}

/* It will be made, by us: is there anything that it can be made in? */
static int look_at_parents(const char *path)
{
	char part[PATH_MAX];
	struct stat st;
	char *slash;

	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
		return -ENAMETOOLONG;
	while ((slash = strrchr(part, '/')) && slash > part) {
		*slash = '\0';
		if (stat(part, &st) == 0)
			break;
		if (errno != ENOENT)
			return -errno;
	}
	if (!slash || slash == part)
		snprintf(part, sizeof part, "%s", slash ? "/" : ".");
	if (stat(part, &st) == 0 && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return access(part, W_OK | X_OK) < 0 ? -errno : 0;
}

static int look(const char *path, const struct user *u)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return look_at_folder(path, &st, u);
	return errno == ENOENT ? look_at_parents(path) : -errno;
}

bool state_dir_will_do(const struct config *c, char *why, size_t size)
{
	struct user u = { .uid = geteuid(), .gid = getegid() };
	int err = 0;

	if (!*c->state_dir || (c->state_dir_is_default && geteuid() != 0))
		return true;
	if (*c->user && user_find(c->user, &u, why, size) < 0)
		return true; /* that is an error of its own */
	if (u.uid == geteuid() || geteuid() == 0)
		err = look(c->state_dir, &u);
	user_deinit(&u);
	if (err < 0)
		snprintf(why, size, "option \"state-dir\": value \"%.200s\": %s" WHAT_NEXT, c->state_dir,
			strerror(-err));
	return err == 0;
}

void state_dir_tell(const struct config *c)
{
	struct stat st;

	if (!*c->state_dir)
		return;
	errno = 0;
	if (stat(c->state_dir, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	if (errno == 0 && access(c->state_dir, W_OK | X_OK) == 0)
		return;
	if (c->state_dir_is_default)
		log_info("state-dir %s can't be written: %m: nothing is kept over a restart", c->state_dir);
	else
		log_warning("state-dir %.200s can't be written: %m" WHAT_NEXT, c->state_dir);
}
