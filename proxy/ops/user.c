#include "proxy/ops/user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_MAX 1024
/* Of a folder that is given away: there are two or three. */
#define FILES_MAX 64u

/* ------------------------------------------------------------------ finding */

/* False: not a number, or none of a user ((uid_t)-1 means "nobody at all" to the kernel). */
static bool parse_number(const char *text, uid_t *ret)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoull(text, &end, 10);
	if (*end || n >= UINT32_MAX)
		return false;
	*ret = (uid_t)n;
	return true;
}

static int find_groups(const char *name, struct user *u)
{
	u->group_count = GROUPS_MAX;
	u->groups = calloc(GROUPS_MAX, sizeof *u->groups);
	if (!u->groups)
		return -ENOMEM;
	if (getgrouplist(name, u->gid, u->groups, &u->group_count) < 0)
		u->group_count = GROUPS_MAX; /* there are more: these have to do */
	return 0;
}

/* A user that the system has no entry for. */
static int take_number(struct user *u, uid_t uid)
{
	u->uid = uid;
	u->gid = uid;
	u->group_count = 1;
	u->groups = calloc(1, sizeof *u->groups);
	if (!u->groups)
		return -ENOMEM;
	u->groups[0] = u->gid;
	return 0;
}

int user_find(const char *text, struct user *ret, char *error, size_t size)
{
	const struct passwd *p;
	uid_t number;
	bool is_number = parse_number(text, &number);
	int err;

	*ret = (struct user){ .group_count = 0 };
	snprintf(ret->name, sizeof ret->name, "%s", text);
	errno = 0;
	p = is_number ? getpwuid(number) : getpwnam(text);
	if (!p && !is_number) {
		snprintf(error, size, "user \"%.80s\": there is none%s%s", text,
			errno ? ": " : "; create it, or name another", errno ? strerror(errno) : "");
		return -ENOENT;
	}
	if (p) {
		ret->uid = p->pw_uid;
		ret->gid = p->pw_gid;
	}
	err = p ? find_groups(p->pw_name, ret) : take_number(ret, number);
	if (err < 0)
		snprintf(error, size, "out of memory");
	return err;
}

void user_deinit(struct user *u)
{
	free(u->groups);
	u->groups = NULL;
}

/* ------------------------------------------------------------------ folders */

static void make_parents(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof part)
		return;
	memcpy(part, path, len + 1);
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(part, 0755);
		*slash = '/';
	}
}

static bool is_roots_file(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == 0 && st.st_nlink == 1;
}

/* All in it; false as soon as `each` says so, or if there is more than a folder of ours has. */
static bool for_files(DIR *d, const struct user *u,
	bool (*each)(int folder, const char *name, const struct user *u))
{
	const struct dirent *e;
	unsigned count = 0;

	rewinddir(d);
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++count > FILES_MAX || !each(dirfd(d), e->d_name, u))
			return false;
	}
	return true;
}

static bool may_give(int folder, const char *name, const struct user *u)
{
	(void)u;
	return is_roots_file(folder, name);
}

/* Root's alone until now: nobody else could have put a link there, and none would be followed. */
static bool give(int folder, const char *name, const struct user *u)
{
	return fchownat(folder, name, u->uid, u->gid, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The folder of /etc or /var/lib, written by mistake, is not one to give away. */
static bool is_for_us(DIR *d)
{
	struct stat st;

	return fstat(dirfd(d), &st) == 0 && st.st_uid == 0 &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH)) && for_files(d, NULL, may_give);
}

bool user_may_be_given(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	bool may = d && is_for_us(d);

	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	return may;
}

static void give_folder(int fd, const struct user *u)
{
	DIR *d = fdopendir(fd);

	if (!d) {
		close(fd);
		return;
	}
	/* Where that fails it stays as it is, and whoever wants to write there says so. */
	if (is_for_us(d) && for_files(d, u, give))
		(void)!fchown(fd, u->uid, u->gid);
	closedir(d);
}

void user_give_folder(const struct user *u, const char *path, mode_t mode)
{
	int fd;

	make_parents(path);
	mkdir(path, mode);
	if (!u || u->uid == geteuid())
		return;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		give_folder(fd, u);
}

/* ------------------------------------------------------------------ becoming */

static int refuse(const struct user *u, const char *what, char *error, size_t size)
{
	int err = errno;

	snprintf(error, size,
		"cannot become user %.80s: %s: %s; only root can: start dnsfwd as root, or leave "
		"user out",
		u->name, what, strerror(err));
	return -err;
}

int user_become(const struct user *u, char *error, size_t size)
{
	uid_t real, effective, saved;

	if (getresuid(&real, &effective, &saved) == 0 && real == u->uid && effective == u->uid &&
		saved == u->uid)
		return 0;
	if (setgroups((size_t)u->group_count, u->groups) < 0)
		return refuse(u, "setgroups", error, size);
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return refuse(u, "setresgid", error, size);
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return refuse(u, "setresuid", error, size);
	return 0;
}
