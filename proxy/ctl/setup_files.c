#include "proxy/ctl/setup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODE_NEW 0644

/* ------------------------------------------------------------------ reading */

static int read_file(int fd, struct setup_state *ret)
{
	size_t room = SETUP_FILE_MAX + 1;

	ret->text = malloc(room);
	if (!ret->text)
		return -ENOMEM;
	while (ret->len < room) {
		ssize_t n = read(fd, ret->text + ret->len, room - ret->len);

		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		ret->len += (size_t)n;
	}
	return -EFBIG;
}

static int read_link(const char *path, struct setup_state *ret)
{
	ssize_t n = readlink(path, ret->target, sizeof ret->target - 1);

	if (n < 0)
		return -errno;
	ret->target[n] = '\0';
	return 0;
}

static int read_regular(const char *path, struct setup_state *ret)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), result;

	if (fd < 0)
		return -errno;
	result = read_file(fd, ret);
	close(fd);
	return result;
}

int setup_state_read(const char *path, struct setup_state *ret)
{
	int result = 0;

	*ret = (struct setup_state){ .kind = KIND_ABSENT };
	if (lstat(path, &ret->st) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	ret->kind = S_ISLNK(ret->st.st_mode)   ? KIND_LINK
		    : S_ISREG(ret->st.st_mode) ? KIND_FILE
					       : KIND_OTHER;
	if (ret->kind == KIND_LINK)
		result = read_link(path, ret);
	else if (ret->kind == KIND_FILE)
		result = read_regular(path, ret);
	if (result < 0)
		setup_state_free(ret);
	return result;
}

void setup_state_free(struct setup_state *s)
{
	free(s->text);
	s->text = NULL;
	s->len = 0;
}

bool setup_state_same(const struct setup_state *a, const struct setup_state *b)
{
	return a->kind == b->kind && (a->kind != KIND_LINK || strcmp(a->target, b->target) == 0) &&
	       (a->kind != KIND_FILE ||
		       (a->len == b->len && memcmp(a->text, b->text, a->len) == 0));
}

/* ------------------------------------------------------------------ writing */

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Owner first: changing it takes mode bits away. */
static int dress(int fd, const struct stat *st, bool with_times)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 && errno != EPERM)
		return -errno;
	if (fchmod(fd, st->st_mode & 07777) < 0)
		return -errno;
	if (with_times && futimens(fd, times) < 0)
		return -errno;
	return 0;
}

static int fill(int fd, const struct setup_state *s, const struct stat *as, bool with_times)
{
	int result = write_all(fd, s->text, s->len);

	if (result == 0)
		result = dress(fd, as, with_times);
	if (result == 0 && fsync(fd) < 0)
		result = -errno;
	return result;
}

/* So that the new name outlives a loss of power. */
static void sync_folder(const char *path)
{
	char folder[PATH_MAX];
	int fd;

	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	fd = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static int put_in_place(
	const char *path, const struct setup_state *s, const struct stat *as, bool with_times)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC), result;

	if (fd < 0)
		return -errno;
	result = fill(fd, s, as, with_times);
	close(fd);
	return result;
}

static int put_file(const char *path, const struct setup_state *s, bool with_times)
{
	char temporary[PATH_MAX];
	struct stat as = { .st_mode = MODE_NEW };
	int fd, result;

	if (with_times)
		as = s->st;
	else if (lstat(path, &as) < 0 || !S_ISREG(as.st_mode))
		as = (struct stat){ .st_mode = MODE_NEW, .st_uid = geteuid(), .st_gid = getegid() };
	if (snprintf(temporary, sizeof temporary, "%s.dnsfwd-XXXXXX", path) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = fill(fd, s, &as, with_times);
	close(fd);
	if (result == 0 && rename(temporary, path) < 0)
		result = -errno;
	if (result < 0)
		unlink(temporary);
	return result == -EBUSY ? put_in_place(path, s, &as, with_times) : result;
}

static int put_link(const char *path, const char *target)
{
	char temporary[PATH_MAX];

	if (snprintf(temporary, sizeof temporary, "%s.dnsfwd-link", path) >= PATH_MAX)
		return -ENAMETOOLONG;
	unlink(temporary);
	if (symlink(target, temporary) < 0)
		return -errno;
	if (rename(temporary, path) == 0)
		return 0;
	unlink(temporary);
	return -errno;
}

int setup_state_put(const char *path, const struct setup_state *s, bool with_times)
{
	int result;

	switch (s->kind) {
	case KIND_FILE:
		result = put_file(path, s, with_times);
		break;
	case KIND_LINK:
		result = put_link(path, s->target);
		break;
	default:
		result = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	}
	if (result == 0)
		sync_folder(path);
	return result;
}
