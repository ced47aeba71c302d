/* dnsfwd-testserver: a small resolver on TLS, TCP and UDP that misbehaves on request.  See
 * README.md. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/server/buf.h"
#include "tests/server/control.h"
#include "tests/server/listen.h"
#include "tests/server/options.h"
#include "tests/server/server.h"

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

static void raise_descriptor_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l))
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

static void announce(const struct server *s)
{
	struct buf line = { 0 };

	listen_json(s, &line);
	fwrite(buf_front(&line), 1, buf_len(&line), stdout);
	fflush(stdout);
	buf_free(&line);
}

static void loop(struct server *s)
{
	struct event *term = evsignal_new(s->base, SIGTERM, on_signal, s->base);
	struct event *interrupt = evsignal_new(s->base, SIGINT, on_signal, s->base);

	event_add(term, NULL);
	event_add(interrupt, NULL);
	announce(s);
	event_base_dispatch(s->base);
	event_free(term);
	event_free(interrupt);
}

static bool run(struct server *s)
{
	const struct options *o = s->options;
	struct control *control = NULL;

	if (o->script && !control_script(s, o->script))
		return false;
	if (o->control && !(control = control_new(s, o->control)))
		return false;
	loop(s);
	control_free(control);
	return true;
}

int main(int argc, char **argv)
{
	struct options options;
	struct server *s;
	bool ok;

	if (!options_parse(argc, argv, &options))
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	s = server_new(&options);
	if (!s)
		return EXIT_FAILURE;
	ok = run(s);
	server_free(s);
	libevent_global_shutdown();
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
