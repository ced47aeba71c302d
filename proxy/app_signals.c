#include "proxy/app_internal.h"

#include <event2/event.h>
#include <signal.h>

#include "common/base/log.h"
#include "common/cache/cache.h"
#include "proxy/epochs.h"
#include "proxy/ops/report.h"
#include "proxy/reload.h"

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

static void on_reload(evutil_socket_t signal, short what, void *arg)
{
	struct app *a = arg;

	(void)signal;
	(void)what;
	reload_soon(a->reload);
}

bool app_watch_signals(struct app *a)
{
	static const struct {
		int number;
		event_callback_fn fn;
	} wanted[APP_SIGNALS] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGUSR1, on_report },
		{ SIGUSR2, on_flush }, { SIGHUP, on_reload } };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < APP_SIGNALS; i++) {
		a->signals[i] = evsignal_new(a->base, wanted[i].number, wanted[i].fn, a);
		if (!a->signals[i] || event_add(a->signals[i], NULL) < 0)
			return false;
	}
	return true;
}

void app_unwatch_signals(struct app *a)
{
	for (size_t i = 0; i < APP_SIGNALS; i++)
		if (a->signals[i])
			event_free(a->signals[i]);
}

void app_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}
