#include "proxy/ops/last_time.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"

#define HEAD "dnsfwd-clock 1 "
/* 2242: what is later was never now. */
#define LATEST (INT64_C(1) << 33)

size_t last_time_format(time_t when, char text[LAST_TIME_TEXT_MAX])
{
	return (size_t)snprintf(text, LAST_TIME_TEXT_MAX, HEAD "%lld\n", (long long)when);
}

time_t last_time_parse(const char *text, size_t len)
{
	size_t head = strlen(HEAD);
	long long when = 0;

	if (len < head + 2 || len >= LAST_TIME_TEXT_MAX || memcmp(text, HEAD, head) != 0 ||
		text[len - 1] != '\n')
		return 0;
	for (size_t i = head; i < len - 1; i++) {
		if (text[i] < '0' || text[i] > '9' || when > LATEST)
			return 0;
		when = 10 * when + (text[i] - '0');
	}
	return when < LATEST && (time_t)when == when ? (time_t)when : 0; /* time_t may have 32 bits */
}

static bool join(const char *folder, const char *file, char ret[PATH_MAX])
{
	if (snprintf(ret, PATH_MAX, "%s/%s", folder, file) < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

time_t last_time_read(const char *folder)
{
	char path[PATH_MAX], text[LAST_TIME_TEXT_MAX];
	ssize_t len = -1;
	time_t when;
	int fd;

	if (!*folder || !join(folder, "clock", path))
		return 0;
	/* Whatever has taken its place, a pipe or a link: nobody waits for it. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof text);
	close(fd);
	when = len > 0 ? last_time_parse(text, (size_t)len) : 0;
	if (when == 0)
		log_warning("%s: damaged; it is written anew", path);
	return when;
}

static bool write_text(const char *path, const char *text, size_t len)
{
	ssize_t n;
	int fd;

	unlink(path); /* one that was left behind, or put there */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	n = write(fd, text, len);
	if (n >= 0 && (size_t)n < len)
		errno = ENOSPC;
	return close(fd) == 0 && n == (ssize_t)len;
}

bool last_time_write(const char *folder, time_t when)
{
	char path[PATH_MAX], fresh[PATH_MAX], text[LAST_TIME_TEXT_MAX];
	size_t len = last_time_format(when, text);

	return join(folder, "clock", path) && join(folder, "clock.new", fresh) &&
	       write_text(fresh, text, len) && rename(fresh, path) == 0;
}
