#include "proxy/ops/http_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 32
/* No right for others: the folder may be one that all can enter. */
#define OTHERS 0117

union name {
	struct sockaddr sa;
	struct sockaddr_un un;
	struct addr addr;
};

static socklen_t fill_name(const struct endpoint *at, union name *ret)
{
	memset(ret, 0, sizeof *ret);
	if (!at->path) {
		ret->addr = at->addr;
		return addr_len(&at->addr);
	}
	ret->un.sun_family = AF_UNIX;
	snprintf(ret->un.sun_path, sizeof ret->un.sun_path, "%s", at->path);
	return sizeof ret->un;
}

/* Of a program that has ended. */
static void remove_stale(const union name *n, socklen_t len)
{
	struct stat st;
	int fd;

	if (lstat(n->un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, &n->sa, len) < 0 && errno == ECONNREFUSED)
		unlink(n->un.sun_path);
	close(fd);
}

static int bind_path(int fd, const union name *n, socklen_t len)
{
	mode_t before;
	int err;

	remove_stale(n, len);
	before = umask(OTHERS);
	err = bind(fd, &n->sa, len) < 0 ? -errno : 0;
	umask(before);
	return err;
}

static int bind_address(int fd, const union name *n, socklen_t len)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return -errno;
	return bind(fd, &n->sa, len) < 0 ? -errno : 0;
}

static int bind_and_listen(int fd, const struct endpoint *at)
{
	union name n;
	socklen_t len = fill_name(at, &n);
	int err = at->path ? bind_path(fd, &n, len) : bind_address(fd, &n, len);

	if (err == 0 && listen(fd, BACKLOG) < 0)
		err = -errno;
	return err;
}

/* What it is bound to. */
static void tell_address(int fd, const struct endpoint *at, struct addr *ret)
{
	socklen_t len = sizeof *ret;

	*ret = at->addr;
	if (!at->path)
		(void)getsockname(fd, &ret->sa, &len);
}

int http_socket_open(const struct endpoint *at, struct addr *ret_addr, char *error, size_t size)
{
	int family = at->path ? AF_UNIX : at->addr.sa.sa_family;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;
	char text[ADDR_TEXT_MAX];

	err = fd < 0 ? -errno : bind_and_listen(fd, at);
	if (err == 0) {
		tell_address(fd, at, ret_addr);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	snprintf(error, size, "option \"metrics\": cannot listen on %s: %s%s",
		at->path ? at->path : addr_text(&at->addr, text), strerror(-err),
		err == -EADDRINUSE ? "; another program is there, choose another place" : "");
	return err;
}

void http_socket_remove(const struct endpoint *at)
{
	if (at->path)
		unlink(at->path);
}
