#include "common/config/include.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config/config.h"

static bool fail(struct include_file *f, const char *reason)
{
	snprintf(f->error, sizeof f->error, "@include \"%.400s\": %s", f->name ? f->name : "",
		reason);
	return false;
}

static char *beside(const char *includer, const char *name, size_t len)
{
	const char *slash = strrchr(includer, '/');
	int folder = slash && name[0] != '/' ? (int)(slash + 1 - includer) : 0;
	char *path;

	return asprintf(&path, "%.*s%.*s", folder, includer, (int)len, name) < 0 ? NULL : path;
}

static bool is_open_already(const struct include_chain *c, const struct stat *st)
{
	for (; c; c = c->outer) {
		if (c->dev == st->st_dev && c->ino == st->st_ino)
			return true;
	}
	return false;
}

static bool check(struct include_file *f, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return fail(f, "it is not a file");
	if (st->st_size > (off_t)CONFIG_BUFFER_MAX)
		return fail(f, "it is larger than 1 MiB");
	if (is_open_already(f->chain.outer, st))
		return fail(f, "it includes itself");
	return true;
}

static bool read_all(struct include_file *f, int fd, size_t size)
{
	f->text = malloc(size + 1);
	if (!f->text)
		return fail(f, "out of memory");
	while (f->len < size) {
		ssize_t n = read(fd, f->text + f->len, size - f->len);

		if (n < 0)
			return fail(f, strerror(errno));
		if (n == 0)
			break;
		f->len += (size_t)n;
	}
	return true;
}

static bool open_and_read(struct include_file *f)
{
	/* A pipe of that name must not hang the start. */
	int fd = open(f->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	bool done;

	if (fd < 0)
		return fail(f, strerror(errno));
	done = fstat(fd, &st) == 0 ? check(f, &st) : fail(f, strerror(errno));
	done = done && read_all(f, fd, (size_t)st.st_size);
	f->chain.dev = st.st_dev;
	f->chain.ino = st.st_ino;
	close(fd);
	return done;
}

bool include_open(struct include_file *f, const struct include_chain *outer, const char *includer,
	const char *name, size_t len)
{
	*f = (struct include_file){ .chain = { .outer = outer } };
	f->chain.depth = outer ? outer->depth + 1 : 1;
	f->name = beside(includer, name, len);
	if (!f->name)
		return fail(f, "out of memory");
	if (f->chain.depth > INCLUDE_DEPTH_MAX)
		fail(f, "files include each other too deeply");
	else if (open_and_read(f))
		return true;
	include_close(f);
	return false;
}

void include_close(struct include_file *f)
{
	free(f->name);
	free(f->text);
	f->name = f->text = NULL;
}
