#include "tests/server/control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/server/buf.h"
#include "tests/server/command.h"
#include "tests/server/mem.h"
#include "tests/server/server.h"

struct client {
	struct list node; /* in control's clients */
	struct control *control;
	evutil_socket_t fd;
	struct event *read_event, *write_event;
	struct buf in, out;
};

struct control {
	struct server *server;
	char *path;
	evutil_socket_t fd;
	struct event *event;
	struct list clients;
};

static void client_free(struct client *cl)
{
	list_remove(&cl->node);
	event_free(cl->read_event);
	event_free(cl->write_event);
	evutil_closesocket(cl->fd);
	buf_free(&cl->in);
	buf_free(&cl->out);
	free(cl);
}

/* False: the client is gone, and freed. */
static bool flush(struct client *cl)
{
	while (buf_len(&cl->out)) {
		ssize_t n = send(cl->fd, buf_front(&cl->out), buf_len(&cl->out), MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			event_add(cl->write_event, NULL);
			return true;
		}
		if (n < 0) {
			client_free(cl);
			return false;
		}
		buf_consume(&cl->out, (size_t)n);
	}
	return true;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

static void run_lines(struct client *cl)
{
	char *line, *end;

	while ((line = (char *)buf_front(&cl->in)) &&
		(end = memchr(line, '\n', buf_len(&cl->in)))) {
		size_t len = (size_t)(end - line) + 1;

		*end = 0;
		command_run(cl->control->server, line, &cl->out);
		buf_consume(&cl->in, len);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *cl = arg;
	ssize_t n = recv(fd, buf_reserve(&cl->in, 65536), 65536, 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_free(cl);
		return;
	}
	buf_commit(&cl->in, (size_t)n);
	run_lines(cl);
	flush(cl);
}

static void on_client(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;
	struct client *cl;
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (peer < 0)
		return;
	cl = mem_new(sizeof(*cl));
	cl->control = c;
	cl->fd = peer;
	cl->read_event = event_new(c->server->base, peer, EV_READ | EV_PERSIST, on_readable, cl);
	cl->write_event = event_new(c->server->base, peer, EV_WRITE, on_writable, cl);
	list_append(&c->clients, &cl->node);
	event_add(cl->read_event, NULL);
}

static bool open_socket(struct control *c)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(c->path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(sun.sun_path, c->path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(c->path);
	return c->fd >= 0 && !bind(c->fd, (struct sockaddr *)&sun, sizeof(sun)) &&
	       !listen(c->fd, 16);
}

struct control *control_new(struct server *s, const char *path)
{
	struct control *c = mem_new(sizeof(*c));

	c->server = s;
	c->path = mem_text(path);
	c->fd = -1;
	list_init(&c->clients);
	if (!open_socket(c)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		control_free(c);
		return NULL;
	}
	c->event = event_new(s->base, c->fd, EV_READ | EV_PERSIST, on_client, c);
	event_add(c->event, NULL);
	return c;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	list_for_each(node, &c->clients) client_free(container_of(node, struct client, node));
	if (c->event) {
		event_free(c->event);
		unlink(c->path);
	}
	if (c->fd >= 0)
		evutil_closesocket(c->fd);
	free(c->path);
	free(c);
}

static bool run_script_line(struct server *s, const char *path, unsigned number, char *line)
{
	struct buf out = { 0 };
	bool ok;

	if (!line[strspn(line, " \t\r\n")] || line[strspn(line, " \t")] == '#')
		return true;
	command_run(s, line, &out);
	ok = buf_len(&out) < 8 || memcmp(buf_front(&out), "{\"error\"", 8) != 0;
	if (!ok)
		fprintf(stderr, "%s:%u: %.*s", path, number, (int)buf_len(&out), buf_front(&out));
	buf_free(&out);
	return ok;
}

bool control_script(struct server *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool ok = true;

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	for (unsigned n = 1; ok && getline(&line, &size, f) > 0; n++)
		ok = run_script_line(s, path, n, line);
	free(line);
	fclose(f);
	return ok;
}
