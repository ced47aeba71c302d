#include "proxy/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/cache/snapshot.h"

/* Whatever stands there, more than this is not ours. */
#define FILE_MAX ((off_t)1 << 37)

static uint64_t since_1970_s(void)
{
	return (uint64_t)clock_wall_s();
}

/* Regular and nobody else's to write: others could answer for any name. */
static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_uid == geteuid() || st->st_uid == 0) &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH)) && st->st_size <= FILE_MAX;
}

/* All of it, owned by the caller, or NULL with errno. */
static uint8_t *read_all(int fd, size_t len)
{
	uint8_t *data = malloc(len ? len : 1);
	size_t at = 0;

	while (data && at < len) {
		ssize_t n = read(fd, data + at, len - at);

		if (n > 0) {
			at += (size_t)n;
		} else {
			errno = n == 0 ? EIO : errno;
			free(data);
			return NULL;
		}
	}
	return data;
}

static void take(struct cache *c, const char *path, const uint8_t *data, size_t len, uint32_t now_s)
{
	size_t count;
	const char *why = snapshot_take(c, data, len, now_s, since_1970_s(), &count);

	if (why)
		log_warning("cache-snapshot %s: %s; the cache starts empty", path, why);
	else
		log_info("cache-snapshot %s: %zu answers read", path, count);
}

static void read_open(struct cache *c, const char *path, int fd, uint32_t now_s)
{
	struct stat st;
	uint8_t *data;

	if (fstat(fd, &st) < 0 || !is_ours(&st)) {
		log_warning("cache-snapshot %s: not a file that only its owner can write, who is "
			    "to be us or root; the cache starts empty",
			path);
		return;
	}
	data = read_all(fd, (size_t)st.st_size);
	if (data)
		take(c, path, data, (size_t)st.st_size, now_s);
	else
		log_warning("cache-snapshot %s: %m; the cache starts empty", path);
	free(data);
}

/* That it can't be written would be told at the end only, when all is lost. */
static void look_at_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";

	if (slash)
		snprintf(folder, sizeof folder, "%.*s", (int)(slash == path ? 1 : slash - path), path);
	if (access(folder, W_OK | X_OK) < 0)
		log_warning("cache-snapshot %s: its folder: %m; the cache is not kept like that", path);
}

void snapshot_read(struct cache *c, const char *path, uint32_t now_s)
{
	int fd;

	look_at_folder(path);
	/* A pipe in its place: nobody waits for it. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0) {
		read_open(c, path, fd, now_s);
		close(fd);
	} else if (errno != ENOENT) {
		log_warning("cache-snapshot %s: %m; the cache starts empty", path);
	}
}

/* 0, or -1 with errno. */
static int write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int write_fresh(const char *fresh, const struct bytes *b)
{
	int fd, err;

	/* One that was left behind, or put there. */
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	err = write_all(fd, bytes_front(b), bytes_len(b));
	if (close(fd) < 0)
		err = -1;
	return err;
}

/* 0, or -1 with errno. */
static int write_over(struct cache *c, const char *path, uint32_t now_s, struct bytes *b)
{
	char fresh[PATH_MAX];

	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (snapshot_make(c, now_s, since_1970_s(), b) < 0) {
		errno = ENOMEM;
		return -1;
	}
	return write_fresh(fresh, b) == 0 ? rename(fresh, path) : -1;
}

void snapshot_write(struct cache *c, const char *path, uint32_t now_s)
{
	struct bytes b = { 0 };

	cache_flush(c, &(struct cache_filter){ .untrusted = true });
	if (write_over(c, path, now_s, &b) < 0)
		log_warning("cache-snapshot %s: %m; it was not written", path);
	bytes_free(&b);
}
