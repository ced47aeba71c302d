#include "proxy/ops/file_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE 262144u

/* A pipe or a terminal would keep us waiting. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

/* Whole lines go out, what is left moves to the front; returns its length. */
static size_t hand_out(char *buffer, size_t len, file_part *part, void *arg)
{
	const char *newline = memrchr(buffer, '\n', len);
	size_t whole = newline ? (size_t)(newline + 1 - buffer) : 0;

	if (whole == 0 && len == BUFFER_SIZE)
		whole = len;
	if (whole > 0)
		part(arg, buffer, whole);
	memmove(buffer, buffer + whole, len - whole);
	return len - whole;
}

static int read_all(int fd, char *buffer, file_part *part, void *arg)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, buffer + len, BUFFER_SIZE - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			len = hand_out(buffer, len + (size_t)n, part, arg);
	}
	if (len > 0)
		part(arg, buffer, len);
	return 0;
}

int file_parts_read(const char *path, file_part *part, void *arg)
{
	int fd = open_regular(path), err = -ENOMEM;
	char *buffer;

	if (fd < 0)
		return fd;
	buffer = malloc(BUFFER_SIZE);
	if (buffer)
		err = read_all(fd, buffer, part, arg);
	free(buffer);
	close(fd);
	return err;
}
