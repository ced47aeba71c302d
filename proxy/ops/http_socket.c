#include "proxy/ops/http_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG	   32
#define CLAUSE_MAX 200

static int listen_on(int fd, const struct addr *addr)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
		bind(fd, &addr->sa, addr_len(addr)) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

static int open_tcp(struct http_socket *s, char *why, size_t size)
{
	socklen_t len = sizeof s->addr;
	int fd = socket(s->at.addr.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = fd < 0 ? -errno : listen_on(fd, &s->at.addr);

	if (err == 0 && getsockname(fd, &s->addr.sa, &len) < 0)
		err = -errno;
	if (err == 0) {
		s->bound.fd = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	snprintf(why, size, "%s%s", strerror(-err),
		err == -EADDRINUSE ? "; another program is there, choose another place" : "");
	return err;
}

int http_socket_open(
	struct http_socket *s, const struct endpoint *at, gid_t group, char *error, size_t size)
{
	char why[CLAUSE_MAX] = "", text[ADDR_TEXT_MAX];
	int err;

	*s = (struct http_socket){ .at = *at, .bound = { .fd = -1 } };
	err = at->path ? control_path_open(&s->bound, at->path, group, 0, why, sizeof why)
		       : open_tcp(s, why, sizeof why);
	if (err < 0)
		snprintf(error, size, "option \"metrics\": cannot listen on %s: %s",
			at->path ? at->path : addr_text(&at->addr, text), why);
	return err;
}

void http_socket_close(struct http_socket *s)
{
	if (s->at.path)
		control_path_close(&s->bound, s->at.path);
	else if (s->bound.fd >= 0)
		close(s->bound.fd);
	s->bound.fd = -1;
}
