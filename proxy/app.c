#include "proxy/app.h"

#include <errno.h>
#include <event2/event.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/build.h"
#include "common/base/log.h"
#include "common/cache/cache.h"
#include "proxy/added_zones.h"
#include "proxy/announce.h"
#include "proxy/capacity.h"
#include "proxy/client/passed.h"
#include "proxy/config_file.h"
#include "proxy/edition.h"
#include "proxy/epochs.h"
#include "proxy/listeners.h"
#include "proxy/loop.h"
#include "proxy/ops/clockwatch.h"
#include "proxy/ops/control.h"
#include "proxy/ops/dnstap.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/log_target.h"
#include "proxy/ops/metrics.h"
#include "proxy/ops/notify.h"
#include "proxy/ops/report.h"
#include "proxy/ops/sandbox.h"
#include "proxy/ops/state_dir.h"
#include "proxy/ops/surroundings.h"
#include "proxy/ops/watchdog.h"
#include "proxy/portal_keeper.h"
#include "proxy/reload.h"
#include "proxy/self.h"
#include "proxy/snapshot.h"
#include "proxy/trusts.h"
#include "proxy/upstream/bootstrap_channel.h"
#include "proxy/version.h"
#include "proxy/wallclock.h"
#include "proxy/worker.h"

#define SIGNALS 5

struct app {
	struct edition *now; /* what is in use */
	struct reload *reload;
	struct config_file file;
	struct added_zones *zones;
	struct portal portal; /* of all workers */
	struct portal_keeper *portals;
	struct event_base *base;
	struct event *signals[SIGNALS];
	bool served;		   /* what is in the cache is worth keeping */
	gid_t group;		   /* of the user that we become; (gid_t)-1: our own */
	struct watchdog *watchdog; /* NULL: nobody asks whether we go on */
	struct mailbox mailbox;	   /* where workers send reports */
	struct listeners listeners;
	struct self_socket *bound; /* as others reach them */
	size_t bound_count;
	struct worker **workers;
	size_t worker_count;
	struct notice *drains; /* to each worker: the end */
	struct edition_place place;
	struct gatherer *gatherer;
	struct metrics *metrics; /* NULL: none */
	struct dnstap *dnstap;	 /* likewise */
	struct surroundings around;
	struct epochs *epochs;
	struct wallclock *wallclock;
	struct clockwatch *clockwatch; /* NULL: the kernel does not tell */
	struct control *control; /* NULL: none */
	struct control_context control_context;
};

/* ------------------------------------------------------------------ sockets and workers */

static size_t tcp_clients_of(const struct app *a)
{
	return capacity_tcp_clients(a->now->config, a->worker_count, listeners_each(&a->listeners));
}

static struct worker *make_worker(struct app *a, size_t index)
{
	struct socket_pair mine[LISTENERS_MAX];
	struct worker_setup setup = { .listen = a->listeners.address,
		.sockets = mine,
		.socket_count = a->listeners.count,
		.sockets_are_ours = !a->listeners.shared,
		.counts_drops = index == 0 || !a->listeners.shared,
		.tap = dnstap_tap(a->dnstap, index),
		.tcp_clients = tcp_clients_of(a),
		.resumed = epochs_resumed,
		.resumed_arg = a->epochs };
	struct worker *w;

	edition_fill(a->now, &setup);
	setup.upstreams.portal = &a->portal;
	listeners_hand_over(&a->listeners, index, mine);
	w = worker_new(&setup);
	sockets_close(mine, a->listeners.count);
	return w;
}

/* [::] of a passed socket may be reached over IPv4 too. */
static void note_bound(struct app *a, const struct listen_address *l)
{
	struct self_socket s = { l->addr, l->udp, l->tcp };

	a->bound[a->bound_count++] = s;
	if (!l->dual_stack)
		return;
	s.addr = (struct addr){ .in4 = { .sin_family = AF_INET } };
	addr_set_port(&s.addr, addr_port(&l->addr));
	a->bound[a->bound_count++] = s;
}

static bool allocate(struct app *a)
{
	a->workers = calloc(a->worker_count, sizeof(struct worker *));
	a->drains = calloc(a->worker_count, sizeof *a->drains);
	a->bound = calloc(2 * a->listeners.count, sizeof *a->bound);
	for (size_t i = 0; a->bound && i < a->listeners.count; i++)
		note_bound(a, &a->listeners.address[i]);
	return a->workers && a->drains && a->bound;
}

static void fill_place(struct app *a)
{
	a->place = (struct edition_place){ .base = a->base,
		.mailbox = &a->mailbox,
		.bound = a->bound,
		.bound_count = a->bound_count,
		.workers = a->workers,
		.worker_count = a->worker_count,
		.addresses_changed = epochs_look,
		.changed_arg = a->epochs };
	if (getrandom(a->place.secret, sizeof a->place.secret, 0) != sizeof a->place.secret)
		abort(); /* up to 256 octets come whole (getrandom(2)) */
}

/* ------------------------------------------------------------------ clock and network */

static bool build_surroundings(struct app *a)
{
	a->epochs = epochs_new(&(struct epochs_setup){ .base = a->base,
		.mailbox = &a->mailbox,
		.config = a->now->config,
		.workers = a->workers,
		.worker_count = a->worker_count,
		.around = &a->around });
	a->wallclock = wallclock_new(&(struct wallclock_setup){ .mailbox = &a->mailbox,
		.state_dir = a->now->config->state_dir,
		.around = &a->around,
		.workers = a->workers,
		.worker_count = a->worker_count,
		.built = (time_t)dnsfwd_built });
	return a->epochs && a->wallclock;
}

static void on_clock(void *arg)
{
	struct app *a = arg;

	epochs_look_for_sleep(a->epochs);
	wallclock_look(a->wallclock);
}

/* How they are, before anybody connects. */
static void watch_surroundings(struct app *a)
{
	epochs_start(a->epochs, a->now->names);
	a->clockwatch = clockwatch_new(a->base, on_clock, a);
	if (!a->clockwatch)
		log_warning("steps of the clock can't be watched: timerfd: %m; connections that fail for "
			    "a wrong date are tried again as any others");
}

/* ------------------------------------------------------------------ the parts */

/* Those who look at it from outside see the new one. */
static void on_reloaded(void *arg)
{
	struct app *a = arg;

	epochs_set_config(a->epochs, a->now->config, a->now->names);
	gatherer_set_config(a->gatherer, a->now->config, a->now->cache);
	a->control_context.config = a->now->config;
	a->control_context.cache = a->now->cache;
}

static bool build_reload(struct app *a)
{
	struct reload_setup setup = { .changed = on_reloaded,
		.changed_arg = a,
		.now = &a->now,
		.at = &a->place,
		.listeners = &a->listeners,
		.file = &a->file };

	a->reload = reload_new(&setup);
	if (a->reload)
		a->zones = added_zones_new(a->base, &a->file, a->reload);
	a->portals = portal_keeper_new(&(struct portal_keeper_setup){ .base = a->base,
		.file = &a->file,
		.reload = a->reload,
		.portal = &a->portal });
	return a->zones && a->portals;
}

static bool build_workers(struct app *a)
{
	for (size_t i = 0; i < a->worker_count; i++) {
		a->workers[i] = make_worker(a, i);
		if (!a->workers[i])
			return false;
	}
	return true;
}

static enum exit_code build_control(struct app *a, char *error, size_t size)
{
	struct control_setup setup = { .base = a->base,
		.path = a->now->config->control,
		.is_default = a->now->config->control_is_default,
		.group = a->group,
		.context = &a->control_context };

	a->gatherer = gatherer_new(&(struct gatherer_setup){ .base = a->base,
		.mailbox = &a->mailbox,
		.workers = a->workers,
		.worker_count = a->worker_count,
		.cache = a->now->cache,
		.config = a->now->config });
	if (!a->gatherer)
		return EXIT_MEMORY;
	a->control_context = (struct control_context){ .app = a,
		.gatherer = a->gatherer,
		.cache = a->now->cache,
		.config = a->now->config,
		.around = &a->around,
		.zones = a->zones,
		.portals = a->portals,
		.base = a->base,
		.reload = app_reload };
	return control_new(&setup, &a->control, error, size) < 0 ? EXIT_FILES : EXIT_OK;
}

static enum exit_code build_metrics(struct app *a, char *error, size_t size)
{
	struct metrics_setup setup = { .base = a->base,
		.where = a->now->config->metrics,
		.group = a->group,
		.gatherer = a->gatherer,
		.around = &a->around,
		.versions = { .dnsfwd = dnsfwd_version,
			.gnutls = gnutls_check_version(NULL),
			.libevent = event_get_version(),
			.cares = bootstrap_channel_library() } };
	int err = metrics_new(&setup, &a->metrics, error, size);

	if (err == -ENOTSUP)
		return EXIT_CONFIG;
	return err < 0 ? EXIT_NETWORK : EXIT_OK;
}

static enum exit_code build_ops(struct app *a, char *error, size_t size)
{
	enum exit_code code = build_control(a, error, size);

	return code == EXIT_OK ? build_metrics(a, error, size) : code;
}

static enum exit_code build_dnstap(struct app *a, char *error, size_t size)
{
	struct dnstap_setup setup = { .path = a->now->config->dnstap,
		.client_addresses = a->now->config->dnstap_client_addresses,
		.version = dnsfwd_version,
		.workers = a->worker_count };
	int err = dnstap_new(&setup, &a->dnstap, error, size);

	if (err == -ENOMEM)
		return EXIT_MEMORY;
	return err < 0 ? EXIT_CONFIG : EXIT_OK;
}

static enum exit_code open_and_build(struct app *a, struct passed *passed, char *error, size_t size)
{
	enum exit_code code;
	int err;

	a->worker_count = capacity_workers(a->now->config);
	err = listeners_open(&a->listeners, a->now->config, passed, a->worker_count, error, size);
	if (err < 0)
		return err == -ENOMEM ? EXIT_MEMORY : EXIT_NETWORK;
	if (!allocate(a) || !build_surroundings(a))
		return EXIT_MEMORY;
	fill_place(a);
	code = edition_serve(a->now, &a->place, NULL, error, size);
	if (code == EXIT_OK)
		code = build_dnstap(a, error, size);
	if (code != EXIT_OK)
		return code;
	if (build_workers(a) && edition_start(a->now, &a->place) == 0 && build_reload(a)) {
		watch_surroundings(a);
		return build_ops(a, error, size);
	}
	snprintf(error, size, "out of memory");
	return EXIT_MEMORY;
}

/* ------------------------------------------------------------------ signals */

static void on_stop(evutil_socket_t signal, short what, void *arg)
{
	struct app *a = arg;

	(void)what;
	log_info("stopping on %s", signal == SIGTERM ? "SIGTERM" : "SIGINT");
	event_base_loopbreak(a->base);
}

static void on_report(evutil_socket_t signal, short what, void *arg)
{
	struct app *a = arg;

	(void)signal;
	(void)what;
	epochs_log_status(a->epochs);
	report_request(a->gatherer);
}

static void on_flush(evutil_socket_t signal, short what, void *arg)
{
	struct app *a = arg;

	(void)signal;
	(void)what;
	if (a->now->cache)
		log_info("SIGUSR2: the cache is empty, %zu answers were in it",
			cache_flush(a->now->cache, &(struct cache_filter){ 0 }));
	else
		log_info("SIGUSR2: there is no cache");
}

int app_reload(struct app *a, char *error, size_t size)
{
	return reload_now(a->reload, error, size);
}

static void on_reload(evutil_socket_t signal, short what, void *arg)
{
	struct app *a = arg;

	(void)signal;
	(void)what;
	reload_soon(a->reload);
}

static bool watch_signals(struct app *a)
{
	static const struct {
		int number;
		event_callback_fn fn;
	} wanted[SIGNALS] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGUSR1, on_report },
		{ SIGUSR2, on_flush }, { SIGHUP, on_reload } };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < SIGNALS; i++) {
		a->signals[i] = evsignal_new(a->base, wanted[i].number, wanted[i].fn, a);
		if (!a->signals[i] || event_add(a->signals[i], NULL) < 0)
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ life */

static int open_log(const struct config *config, char *error, size_t size)
{
	struct log_target t;
	int err = log_target_open(&t, config, error, size);

	if (err == 0)
		log_target_use(&t);
	return err;
}

static enum exit_code build(struct app *a, struct config *config, bool check_only,
	struct passed *passed, char *error, size_t size)
{
	enum exit_code code;

	if (!check_only && open_log(config, error, size) < 0)
		return EXIT_FILES;
	if (sandbox_prepare(config, check_only, &a->group, error, size) < 0)
		return EXIT_CONFIG;
	a->now = edition_new(config, NULL, check_only, &code, error, size);
	if (!a->now || check_only)
		return code;
	a->base = event_base_new();
	if (!a->base || mailbox_init(&a->mailbox, a->base, a) < 0 || !watch_signals(a)) {
		snprintf(error, size, "out of memory");
		return EXIT_MEMORY;
	}
	return open_and_build(a, passed, error, size);
}

struct app *app_new(struct config *config, const struct config_file *file, bool check_only,
	enum exit_code *ret_code, char *error, size_t size)
{
	struct app *a = calloc(1, sizeof *a);
	struct passed passed = { .count = 0 };

	if (!check_only)
		passed_take(&passed); /* before anything else opens a descriptor */
	*ret_code = EXIT_MEMORY;
	snprintf(error, size, "out of memory");
	if (!a)
		return NULL;
	a->file = *file;
	portal_init(&a->portal, loop_boottime_s, NULL);
	a->around.portal = &a->portal;
	a->mailbox.fd = -1;
	*ret_code = build(a, config, check_only, &passed, error, size);
	passed_close(&passed);
	if (*ret_code == EXIT_OK)
		return a;
	app_free(a);
	return NULL;
}

static void deliver_drain(struct mail *m, void *receiver)
{
	notice_taken(m);
	worker_drain(receiver);
}

static void drain_all(struct app *a)
{
	for (size_t i = 0; i < a->worker_count; i++) {
		notice_init(&a->drains[i], deliver_drain);
		mailbox_notify(worker_mailbox(a->workers[i]), &a->drains[i]);
	}
}

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

/* We are ending already: a second signal must not cut that short, with the default's exit status. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
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
		.tcp_clients = tcp_clients_of(a) });
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
	block_signals();
	notify_send("STOPPING=1\nSTATUS=answering the last queries");
	drain_all(a);
	return code;
}

/* The workers have gone: nothing changes any more. */
static void keep_cache(const struct app *a)
{
	const struct edition *e = a->now;

	if (WITH_SNAPSHOT && e && e->cache && a->served && *e->config->cache_snapshot)
		snapshot_write(e->cache, e->config, loop_boottime_s(NULL));
}

void app_free(struct app *a)
{
	if (!a)
		return;
	control_free(a->control);
	portal_keeper_free(a->portals);
	metrics_free(a->metrics);
	for (size_t i = 0; a->workers && i < a->worker_count; i++)
		worker_free(a->workers[i]);
	mailbox_deinit(&a->mailbox); /* nobody posts any more */
	dnstap_free(a->dnstap);
	keep_cache(a);
	added_zones_free(a->zones);
	reload_free(a->reload);
	edition_free(a->now);
	portal_deinit(&a->portal);
	epochs_free(a->epochs);
	clockwatch_free(a->clockwatch);
	wallclock_free(a->wallclock);
	free(a->workers);
	free(a->drains);
	free(a->bound);
	listeners_deinit(&a->listeners);
	for (size_t i = 0; i < SIGNALS; i++)
		if (a->signals[i])
			event_free(a->signals[i]);
	gatherer_free(a->gatherer);
	watchdog_free(a->watchdog);
	if (a->base)
		event_base_free(a->base);
	sandbox_leave();
	free(a);
}
