#include "proxy/app_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "common/base/build.h"
#include "common/base/log.h"
#include "proxy/announce.h"
#include "proxy/loop.h"
#include "proxy/ops/dnstap.h"
#include "proxy/ops/notify.h"
#include "proxy/ops/sandbox.h"
#include "proxy/ops/state_dir.h"
#include "proxy/ops/watchdog.h"
#include "proxy/snapshot.h"
#include "proxy/trusts.h"
#include "proxy/worker.h"

/*
 * Tells the service manager that queries are taken, whether or not an upstream can be reached.  While
 * it can't take the message it is asked again: unheard, it would end us as failed.
 */
static void on_notify_ready(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval again = { .tv_usec = 100000 };
	struct app *a = arg;

	(void)fd;
	(void)what;
	if (notify_send("READY=1\nSTATUS=answering queries") == -EAGAIN)
		event_base_once(a->base, -1, EV_TIMEOUT, on_notify_ready, a, &again);
}

/*
 * What can't be done with the trust store is found before anything is told to be ready; it is read
 * while the first SYN travels.
 */
static bool load_trust(struct app *a)
{
	char error[512];

	if (trusts_load(a->now->trusts, error, sizeof error) == 0)
		return true;
	log_error("%s", error);
	return false;
}

static void announce_all(const struct app *a)
{
	announce(&(struct announce){ .config = a->now->config,
		.listeners = &a->listeners,
		.policies = &a->now->policies,
		.trusts = a->now->trusts,
		.worker_count = a->worker_count,
		.tcp_clients = app_tcp_clients(a) });
}

static int watch_workers(struct app *a)
{
	struct watchdog_setup setup = { a->base, &a->mailbox, a->workers, a->worker_count };

	return watchdog_new(&setup, &a->watchdog);
}

/* The loop of main's thread, until a signal or an error ends it. */
static enum exit_code serve(struct app *a)
{
	if (!load_trust(a))
		return EXIT_FILES;
	announce_all(a);
	edition_look_up(a->now, NULL);
	if (watch_workers(a) < 0)
		return EXIT_MEMORY;
	on_notify_ready(-1, 0, a);
	event_base_dispatch(a->base);
	return EXIT_OK;
}

/* Before a thread starts: what is given up is a thread's own, and goes to those that it starts. */
static bool give_up(const struct app *a)
{
	struct sandbox_setup setup = { a->now->config, a->listeners.shared };
	char error[512];

	if (sandbox_enter(&setup, error, sizeof error) == 0)
		return true;
	log_error("%s", error);
	return false;
}

enum exit_code app_run(struct app *a)
{
	enum exit_code code;

	if (!give_up(a))
		return EXIT_OTHER;
	state_dir_tell(a->now->config);
	if (dnstap_start(a->dnstap) < 0)
		return EXIT_MEMORY;
	if (WITH_SNAPSHOT && a->now->cache && *a->now->config->cache_snapshot)
		snapshot_read(a->now->cache, a->now->config->cache_snapshot, loop_boottime_s(NULL));
	for (size_t i = 0; i < a->worker_count; i++) {
		int err = worker_start(a->workers[i]);

		if (err < 0) {
			log_error("cannot start a thread: %s", strerror(-err));
			_exit(EXIT_OTHER);
		}
	}
	code = serve(a);
	a->served = code == EXIT_OK;
	app_block_signals();
	notify_send("STOPPING=1\nSTATUS=answering the last queries");
	app_drain_workers(a);
	return code;
}
