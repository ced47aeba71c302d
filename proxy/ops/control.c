#include "proxy/ops/control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "proxy/ops/control_internal.h"

/* Connections taken in one turn of the loop. */
#define ACCEPT_MAX 16u

/* ------------------------------------------------------------------ who comes */

static struct control_call *oldest_reading(const struct control *c, bool lookers_only)
{
	list_for_each (n, &c->calls) {
		struct control_call *call = container_of(n, struct control_call, node);

		if (call->state == CALL_READING && !(lookers_only && call->may_change))
			return call;
	}
	return NULL;
}

/*
 * Room for one more: whoever has said nothing yet for longest goes first, so that those who connect
 * and keep silent keep nobody out.
 */
static bool make_room(struct control *c, bool may_change)
{
	bool lookers_full = !may_change && c->lookers >= CONTROL_LOOKERS_MAX;
	struct control_call *silent;

	if (!lookers_full && c->count < CONTROL_CLIENTS_MAX)
		return true;
	c->refused++;
	silent = oldest_reading(c, !may_change);
	if (!silent)
		return false;
	control_call_free(silent);
	return true;
}

static void turn_away(int fd)
{
	static const char busy[] =
		"{\"error\":\"too many clients of the control socket; try again\"}\n";

	if (send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("control: a client was turned away: %s", strerror(errno));
	close(fd);
}

static void take(struct control *c, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	bool may_change;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
		close(fd);
		return;
	}
	may_change = peer.uid == 0 || peer.uid == geteuid();
	if (make_room(c, may_change))
		control_call_new(c, fd, peer.uid, may_change);
	else
		turn_away(fd);
}

/* Without descriptors the socket stays readable: it is let alone for a moment. */
static void on_connect(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval pause = { .tv_usec = 500000 };
	struct control *c = arg;
	int client;

	(void)what;
	for (unsigned i = 0; i < ACCEPT_MAX; i++) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client < 0)
			break;
		take(c, client);
	}
	if (client >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	log_debug("control: accept: %s", strerror(errno));
	event_del(c->readable);
	event_add(c->again, &pause);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;

	(void)fd;
	(void)what;
	event_add(c->readable, NULL);
}

/* ------------------------------------------------------------------ life */

static int start(struct control *c)
{
	c->readable = event_new(c->setup.base, c->path.fd, EV_READ | EV_PERSIST, on_connect, c);
	c->again = evtimer_new(c->setup.base, on_again, c);
	return c->readable && c->again && event_add(c->readable, NULL) == 0 ? 0 : -ENOMEM;
}

static int refused(const struct control_setup *setup, int err, const char *why, char *error,
	size_t size)
{
	if (!setup->is_default) {
		snprintf(error, size, "control socket %.120s: %.300s", setup->path, why);
		return err;
	}
	log_info("no control socket: %s: %s; dnsfwdctl can't be used (control = \"\" for none)",
		setup->path, why);
	return 0;
}

int control_new(const struct control_setup *setup, struct control **ret, char *error, size_t size)
{
	struct control *c;
	char why[400];
	int err;

	*ret = NULL;
	if (*setup->path == '\0')
		return 0;
	snprintf(error, size, "out of memory");
	c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->setup = *setup;
	list_init(&c->calls);
	err = control_path_open(
		&c->path, setup->path, setup->group, setup->is_default, why, sizeof why);
	if (err < 0) {
		free(c);
		return refused(setup, err, why, error, size);
	}
	err = start(c);
	if (err < 0)
		control_free(c);
	else
		*ret = c;
	return err;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	while (!list_empty(&c->calls))
		control_call_free(container_of(c->calls.next, struct control_call, node));
	if (c->readable)
		event_free(c->readable);
	if (c->again)
		event_free(c->again);
	control_path_close(&c->path, c->setup.path);
	free(c);
}
