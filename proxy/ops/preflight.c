#include "proxy/ops/preflight.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/config/config.h"
#include "proxy/ops/state_dir.h"
#include "proxy/ops/user.h"

#define WHY_MAX 160u

/* What is wrong is in `why`. */
static bool refuse(char why[WHY_MAX], const char *what, int err)
{
	snprintf(why, WHY_MAX, "%s%s", what, strerror(err));
	if (err == EACCES)
		snprintf(why, WHY_MAX, "%s%s to uid %lu", what, strerror(err), (unsigned long)geteuid());
	return false;
}

static bool folder_will_do(const char *path, char why[WHY_MAX])
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	struct stat st;

	if (slash && snprintf(folder, sizeof folder, "%.*s", (int)(slash == path ? 1 : slash - path), path) >=
			     (int)sizeof folder)
		return refuse(why, "", ENAMETOOLONG);
	if (stat(folder, &st) < 0)
		return refuse(why, "its folder: ", errno);
	if (!S_ISDIR(st.st_mode))
		return refuse(why, "its folder: ", ENOTDIR);
	return access(folder, W_OK | X_OK) == 0 || refuse(why, "its folder: ", errno);
}

static bool socket_will_do(const char *path, char why[WHY_MAX])
{
	struct stat st;

	if (lstat(path, &st) < 0 || S_ISSOCK(st.st_mode))
		return folder_will_do(path, why);
	snprintf(why, WHY_MAX, "something that is no socket stands there");
	return false;
}

static bool file_will_do(const char *path, char why[WHY_MAX])
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? folder_will_do(path, why) : refuse(why, "", errno);
	if (S_ISDIR(st.st_mode))
		return refuse(why, "", EISDIR);
	if (S_ISLNK(st.st_mode)) {
		snprintf(why, WHY_MAX, "this is a symbolic link, which is not followed");
		return false;
	}
	return access(path, W_OK) == 0 || refuse(why, "", errno);
}

/* It is written beside and takes the place of the one before. */
static bool replaced_will_do(const char *path, char why[WHY_MAX])
{
	return file_will_do(path, why) && folder_will_do(path, why);
}

/* ------------------------------------------------------------------ as another user */

/* The errno of reading it as this user, which a child tries; 0: it can be read, or that can't be tried. */
static int read_as(const struct user *u, const char *path)
{
	char error[256];
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (user_become(u, error, sizeof error) < 0)
			_exit(0);
		_exit(access(path, R_OK) == 0 ? 0 : errno);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 0;
	return WEXITSTATUS(status);
}

/* Certificates are read when we are that user, and again with each reload. */
static void check_bundles(const struct config *c, const struct user *u,
	void (*warn)(void *arg, const char *text), void *arg)
{
	char text[700];
	const char *last = "";

	for (size_t i = 0; i < c->upstream_count; i++) {
		const char *path = c->forward[i].tls_cert_bundle;
		int err = path && *path && strcmp(path, last) != 0 ? read_as(u, path) : 0;

		if (err == 0)
			continue;
		last = path;
		snprintf(text, sizeof text,
			"option \"tls-cert-bundle\": value \"%.200s\": %s to user %.80s; dnsfwd does not start like "
			"that",
			path, strerror(err), u->name);
		warn(arg, text);
	}
}

static void check_as_user(const struct config *c, void (*warn)(void *arg, const char *text), void *arg)
{
	struct user u = { .group_count = 0 };
	char error[256];

	if (!*c->user || geteuid() != 0)
		return;
	if (user_find(c->user, &u, error, sizeof error) == 0)
		check_bundles(c, &u, warn, arg);
	user_deinit(&u);
}

/* ------------------------------------------------------------------ all of it */

void preflight(const struct config *c, void (*warn)(void *arg, const char *text), void *arg)
{
	static const char fails[] = "dnsfwd does not start like that";
	const struct {
		const char *name, *path;
		bool (*will_do)(const char *path, char why[WHY_MAX]);
		const char *otherwise;
	} rows[] = {
		{ "control", c->control_is_default ? "" : c->control, socket_will_do, fails },
		{ "metrics", *c->metrics == '/' ? c->metrics : "", socket_will_do, fails },
		{ "log-file", c->log_file, file_will_do, fails },
		{ "cache-snapshot", c->cache_snapshot, replaced_will_do, "the cache is not kept like that" },
	};
	char why[WHY_MAX], text[700];

	if (!state_dir_will_do(c, text, sizeof text))
		warn(arg, text);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!*rows[i].path || rows[i].will_do(rows[i].path, why))
			continue;
		snprintf(text, sizeof text, "option \"%s\": value \"%.200s\": %s; %s", rows[i].name, rows[i].path,
			why, rows[i].otherwise);
		warn(arg, text);
	}
	check_as_user(c, warn, arg);
}
