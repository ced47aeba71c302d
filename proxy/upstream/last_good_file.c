#include "proxy/upstream/last_good_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"

static const char name[] = "addresses", fresh_name[] = "addresses.new";

/* False with errno: too long for a path. */
static bool join(const char *folder, const char *file, char ret[PATH_MAX])
{
	if (snprintf(ret, PATH_MAX, "%s/%s", folder, file) < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

static void complain(struct last_good_file *f, const char *what)
{
	if (!f->complained)
		log_warning(
			"addresses of upstreams cannot be %s %s: %m; let the user that dnsfwd runs "
			"as own that folder, or set state-dir = \"\"",
			what, f->folder);
	f->complained = true;
}

/* The length, at most LAST_GOOD_TEXT_MAX; negative with errno. */
static ssize_t read_text(const char *path, char text[LAST_GOOD_TEXT_MAX])
{
	/* Whatever has taken its place, a pipe or a link: nobody waits for it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t len, n = 0;

	if (fd < 0)
		return -1;
	for (len = 0; len < (ssize_t)LAST_GOOD_TEXT_MAX; len += n) {
		n = read(fd, text + len, LAST_GOOD_TEXT_MAX - (size_t)len);
		if (n <= 0)
			break;
	}
	close(fd);
	return n < 0 ? -1 : len;
}

static size_t read_with(
	struct last_good_file *f, char *text, struct last_good ret[LAST_GOOD_NAMES_MAX])
{
	char path[PATH_MAX];
	ssize_t len = join(f->folder, name, path) ? read_text(path, text) : -1;
	unsigned damaged;
	size_t count;

	if (len < 0) {
		if (errno != ENOENT)
			complain(f, "read from");
		return 0;
	}
	count = last_good_parse(text, (size_t)len, ret, &damaged);
	if (damaged > 0)
		log_warning("%s:%u: damaged; what can't be read is looked up again", path, damaged);
	return count;
}

size_t last_good_file_read(struct last_good_file *f, struct last_good ret[LAST_GOOD_NAMES_MAX])
{
	char *text = *f->folder ? malloc(LAST_GOOD_TEXT_MAX) : NULL;
	size_t count = text ? read_with(f, text, ret) : 0;

	free(text);
	return count;
}

/* 0, or -1 with errno. */
static int write_text(const char *path, const char *text, size_t len)
{
	ssize_t n;
	int fd;

	/* One that was left behind, or put there. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	n = write(fd, text, len);
	if (n >= 0 && (size_t)n < len)
		errno = ENOSPC;
	if (close(fd) < 0 || n < 0 || (size_t)n < len)
		return -1;
	return 0;
}

void last_good_file_write(struct last_good_file *f, const struct last_good *entries, size_t count)
{
	char path[PATH_MAX], fresh[PATH_MAX],
		*text = *f->folder ? malloc(LAST_GOOD_TEXT_MAX) : NULL;
	size_t len;

	if (!text)
		return;
	len = last_good_format(entries, count, text);
	if (join(f->folder, name, path) && join(f->folder, fresh_name, fresh) &&
		write_text(fresh, text, len) == 0 && rename(fresh, path) == 0)
		f->complained = false;
	else
		complain(f, "kept in");
	free(text);
}
