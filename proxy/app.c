#include "proxy/app_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/build.h"
#include "common/base/log.h"
#include "proxy/added_zones.h"
#include "proxy/capacity.h"
#include "proxy/client/passed.h"
#include "proxy/epochs.h"
#include "proxy/loop.h"
#include "proxy/ops/clockwatch.h"
#include "proxy/ops/dnstap.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/log_target.h"
#include "proxy/ops/metrics.h"
#include "proxy/ops/sandbox.h"
#include "proxy/ops/watchdog.h"
#include "proxy/portal_keeper.h"
#include "proxy/reload.h"
#include "proxy/snapshot.h"
#include "proxy/version.h"
#include "proxy/wallclock.h"
#include "proxy/worker.h"

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
		log_warning("steps of the clock can't be watched: timerfd: %m; connections that "
			    "fail for "
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
	a->portals = portal_keeper_new(&(struct portal_keeper_setup){
		.base = a->base, .file = &a->file, .reload = a->reload, .portal = &a->portal });
	return a->zones && a->portals;
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

static enum exit_code open_and_build(struct app *a, struct passed *passed, char *error, size_t size)
{
	enum exit_code code;
	int err;

	a->worker_count = capacity_workers(a->now->config);
	err = listeners_open(&a->listeners, a->now->config, passed, a->worker_count, error, size);
	if (err < 0)
		return err == -ENOMEM ? EXIT_MEMORY : EXIT_NETWORK;
	if (!app_allocate_workers(a) || !build_surroundings(a))
		return EXIT_MEMORY;
	fill_place(a);
	code = edition_serve(a->now, &a->place, NULL, error, size);
	if (code == EXIT_OK)
		code = app_build_dnstap(a, error, size);
	if (code != EXIT_OK)
		return code;
	if (app_build_workers(a) && edition_start(a->now, &a->place) == 0 && build_reload(a)) {
		watch_surroundings(a);
		return app_build_ops(a, error, size);
	}
	snprintf(error, size, "out of memory");
	return EXIT_MEMORY;
}

int app_reload(struct app *a, char *error, size_t size)
{
	return reload_now(a->reload, error, size);
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
	if (!a->now)
		return code;
	if (check_only) {
		a->worker_count = 1;
		return app_build_dnstap(a, error, size); /* its path */
	}
	a->base = event_base_new();
	if (!a->base || mailbox_init(&a->mailbox, a->base, a) < 0 || !app_watch_signals(a)) {
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

/* The workers have gone: nothing changes any more. */
static void keep_cache(const struct app *a)
{
	const struct edition *e = a->now;

	if (WITH_SNAPSHOT && e && e->cache && a->served && *e->config->cache_snapshot)
		snapshot_write(e->cache, e->config->cache_snapshot, loop_boottime_s(NULL));
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
	app_unwatch_signals(a);
	gatherer_free(a->gatherer);
	watchdog_free(a->watchdog);
	if (a->base)
		event_base_free(a->base);
	sandbox_leave();
	free(a);
}
