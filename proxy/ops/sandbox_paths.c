#include "proxy/ops/sandbox_paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/config/config.h"

/*
 * The system's trust, the configuration of the libraries, what they look at to find out where they
 * run, and code that they load late.  Whatever of it a system has.
 */
static const char *const of_libraries[] = {
	"/etc/ssl",
	"/etc/pki",
	"/etc/ca-certificates",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/usr/share/pki",
	"/usr/share/p11-kit",
	"/etc/gnutls",
	"/etc/crypto-policies",
	"/usr/share/crypto-policies",
	"/usr/lib",
	"/usr/lib64",
	"/lib",
	"/lib64",
	"/etc/resolv.conf",
	"/etc/nsswitch.conf",
	"/etc/host.conf",
	"/etc/hosts",
	"/etc/services",
	"/etc/localtime",
	"/dev/null", /* what c-ares reads in place of resolv.conf */
	"/dev/urandom",
	"/var/lib/dpkg", /* which GnuTLS there is (dtls_library.c) */
	"/proc/self",
	"/proc/stat",
	"/proc/meminfo",
	"/proc/sys/net",
	"/sys/devices/system/cpu",
	"/sys/class/net",
};

/* ------------------------------------------------------------------ paths */

/* What there is of it, without links: the path itself, else the nearest folder above that exists. */
static bool resolve(const char *path, char ret[PATH_MAX])
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof part)
		return false;
	memcpy(part, path, len + 1);
	while (!realpath(part, ret)) {
		char *slash = strrchr(part, '/');

		if (!slash || slash == part)
			return realpath(slash ? "/" : ".", ret);
		*slash = '\0';
	}
	return true;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int add(struct sandbox_paths *p, const char *path, bool write)
{
	struct landlock_path *list;
	char *copy;

	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->path[i].path, path) == 0 && (p->path[i].write || !write))
			return 0;
	list = reallocarray(p->path, p->count + 1, sizeof *list);
	if (!list)
		return -ENOMEM;
	p->path = list;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	list[p->count++] = (struct landlock_path){ copy, write };
	return 0;
}

/* The folder of a file; the root folder is too much, there the file itself has to do. */
static void folder_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash && slash != path)
		*slash = '\0';
}

static int add_real(struct sandbox_paths *p, const char *path, bool write)
{
	char real[PATH_MAX];

	if (!resolve(path, real))
		return 0;
	if (!is_folder(real))
		folder_of(real);
	return strcmp(real, "/") == 0 ? 0 : add(p, real, write);
}

/* Where the name stands, and where it leads to: either can be replaced. */
int sandbox_paths_add(struct sandbox_paths *p, const char *path, bool write)
{
	char folder[PATH_MAX];
	int err = add_real(p, path, write);

	if (err < 0 || strlen(path) >= sizeof folder || is_folder(path))
		return err;
	memcpy(folder, path, strlen(path) + 1);
	if (strchr(folder, '/'))
		folder_of(folder);
	else
		memcpy(folder, ".", 2);
	return add_real(p, folder, write);
}

/* ------------------------------------------------------------------ what a configuration names */

struct visit {
	bool (*each)(void *arg, const char *path, bool write);
	void *arg;
};

static bool one(const struct visit *v, const char *path, bool write)
{
	return !path || !*path || v->each(v->arg, path, write);
}

static bool texts(const struct visit *v, const struct config_texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!one(v, t->text[i], false))
			return false;
	return true;
}

static bool bundles(const struct visit *v, const struct config *c)
{
	for (size_t i = 0; i < c->upstream_count; i++)
		if (!one(v, c->forward[i].tls_cert_bundle, false))
			return false;
	return one(v, c->tls_cert_bundle, false);
}

bool sandbox_paths_each(
	const struct config *c, bool (*each)(void *arg, const char *path, bool write), void *arg)
{
	struct visit v = { each, arg };

	return texts(&v, &c->files) && texts(&v, &c->hosts) && texts(&v, &c->block) &&
	       one(&v, c->lease_file, false) && one(&v, c->cookie_secret_file, false) &&
	       bundles(&v, c) && one(&v, c->state_dir, true) && one(&v, c->cache_snapshot, true) &&
	       one(&v, c->log_file, true) && one(&v, c->control, true) &&
	       one(&v, *c->metrics == '/' ? c->metrics : NULL, true);
}

struct collect {
	struct sandbox_paths *paths;
	int err;
};

static bool collect(void *arg, const char *path, bool write)
{
	struct collect *c = arg;

	c->err = sandbox_paths_add(c->paths, path, write);
	return c->err == 0;
}

int sandbox_paths_init(struct sandbox_paths *p, const struct config *config)
{
	struct collect c = { .paths = p };

	*p = (struct sandbox_paths){ .count = 0 };
	sandbox_paths_each(config, collect, &c);
	for (size_t i = 0; i < sizeof of_libraries / sizeof *of_libraries && c.err == 0; i++) {
		char real[PATH_MAX];

		if (realpath(of_libraries[i], real))
			c.err = add(p, real, false);
	}
	return c.err;
}

void sandbox_paths_deinit(struct sandbox_paths *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->path[i].path);
	free(p->path);
	*p = (struct sandbox_paths){ .count = 0 };
}

/* ------------------------------------------------------------------ asking */

static bool is_beneath(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool sandbox_paths_allow(const struct sandbox_paths *p, const char *file, bool write)
{
	char real[PATH_MAX];

	if (!resolve(file, real))
		return false;
	for (size_t i = 0; i < p->count; i++)
		if (is_beneath(real, p->path[i].path) && (p->path[i].write || !write))
			return true;
	return false;
}
