#include "proxy/app.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/log.h"
#include "proxy/client/passed.h"
#include "proxy/listeners.h"
#include "proxy/ops/notify.h"
#include "proxy/ops/report.h"
#include "proxy/upstream/credentials.h"
#include "proxy/worker.h"

#define SIGNALS 4
/* Of each worker: event loop, mailbox, upstream sessions (16 at most), log, spare. */
#define RESERVED_DESCRIPTORS 28u
#define TCP_CLIENTS_MIN	     4u

struct app {
	struct config *config;
	struct credentials *credentials;
	struct event_base *base;
	struct event *signals[SIGNALS];
	struct mailbox mailbox; /* where workers send reports */
	struct listeners listeners;
	struct worker **workers;
	size_t worker_count;
};

struct drain_mail {
	struct mail mail;
};

/* ------------------------------------------------------------------ sockets and workers */

static size_t count_workers(const struct config *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (c->workers > 0)
		return c->workers;
	return cores > 0 ? (size_t)cores : 1;
}

/*
 * TCP clients of one worker: what is configured, as far as the limit of open files allows once each
 * worker has its sockets, upstream sessions and some to spare (threats F22).
 */
static size_t tcp_clients_of(const struct app *a)
{
	size_t per_worker = RESERVED_DESCRIPTORS + listeners_each(&a->listeners),
	       wanted = a->config->tcp_clients;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur / a->worker_count >= wanted + per_worker)
		return wanted;
	if (r.rlim_cur / a->worker_count < TCP_CLIENTS_MIN + per_worker)
		return TCP_CLIENTS_MIN;
	return r.rlim_cur / a->worker_count - per_worker;
}

static struct worker *make_worker(struct app *a, size_t index)
{
	struct socket_pair mine[LISTENERS_MAX];
	struct worker_setup setup = { .config = a->config,
		.credentials = a->credentials,
		.listen = a->listeners.address,
		.sockets = mine,
		.socket_count = a->listeners.count,
		.counts_drops = index == 0 || !a->listeners.shared,
		.tcp_clients = tcp_clients_of(a) };
	struct worker *w;

	listeners_hand_over(&a->listeners, index, mine);
	w = worker_new(&setup);
	sockets_close(mine, a->listeners.count);
	return w;
}

static bool build_workers(struct app *a)
{
	a->workers = calloc(a->worker_count, sizeof(struct worker *));
	if (!a->workers)
		return false;
	for (size_t i = 0; i < a->worker_count; i++) {
		a->workers[i] = make_worker(a, i);
		if (!a->workers[i])
			return false;
	}
	return true;
}

static enum exit_code open_and_build(struct app *a, struct passed *passed, char *error, size_t size)
{
	int err;

	a->worker_count = count_workers(a->config);
	err = listeners_open(&a->listeners, a->config, passed, a->worker_count, error, size);
	if (err < 0)
		return err == -ENOMEM ? EXIT_MEMORY : EXIT_NETWORK;
	if (build_workers(a))
		return EXIT_OK;
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
	report_request(a->workers, a->worker_count, &a->mailbox);
}

static void on_reload(evutil_socket_t signal, short what, void *arg)
{
	(void)signal;
	(void)what;
	(void)arg;
	log_warning("SIGHUP: this version can't reload its configuration; restart it to apply a "
		    "change");
}

static bool watch_signals(struct app *a)
{
	static const struct {
		int number;
		event_callback_fn fn;
	} wanted[SIGNALS] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGUSR1, on_report },
		{ SIGHUP, on_reload } };

	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN); /* flushes the cache once there is one */
	for (size_t i = 0; i < SIGNALS; i++) {
		a->signals[i] = evsignal_new(a->base, wanted[i].number, wanted[i].fn, a);
		if (!a->signals[i] || event_add(a->signals[i], NULL) < 0)
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------ life */

static enum exit_code build(
	struct app *a, bool check_only, struct passed *passed, char *error, size_t size)
{
	a->credentials = credentials_load(a->config->forward[0].tls_cert_bundle, error, size);
	if (!a->credentials)
		return EXIT_FILES;
	if (check_only)
		return EXIT_OK;
	a->base = event_base_new();
	if (!a->base || mailbox_init(&a->mailbox, a->base, a) < 0 || !watch_signals(a)) {
		snprintf(error, size, "out of memory");
		return EXIT_MEMORY;
	}
	return open_and_build(a, passed, error, size);
}

struct app *app_new(
	struct config *config, bool check_only, enum exit_code *ret_code, char *error, size_t size)
{
	struct app *a = calloc(1, sizeof *a);
	struct passed passed = { .count = 0 };

	if (!check_only)
		passed_take(&passed); /* before anything else opens a descriptor */
	*ret_code = EXIT_MEMORY;
	snprintf(error, size, "out of memory");
	if (!a)
		return NULL;
	a->config = config_ref(config);
	a->mailbox.fd = -1;
	*ret_code = build(a, check_only, &passed, error, size);
	passed_close(&passed);
	if (*ret_code == EXIT_OK)
		return a;
	app_free(a);
	return NULL;
}

static void discard_drain(struct mail *m)
{
	free(container_of(m, struct drain_mail, mail));
}

static void deliver_drain(struct mail *m, void *receiver)
{
	worker_drain(receiver);
	discard_drain(m);
}

static void drain_all(struct app *a)
{
	for (size_t i = 0; i < a->worker_count; i++) {
		struct drain_mail *d = calloc(1, sizeof *d);

		if (!d)
			_exit(EXIT_MEMORY); /* no way left to end in good order */
		d->mail.deliver = deliver_drain;
		d->mail.discard = discard_drain;
		mailbox_post(worker_mailbox(a->workers[i]), &d->mail);
	}
}

static void log_start(const struct app *a)
{
	const struct config_upstream *u = &a->config->forward[0];
	char text[ADDR_TEXT_MAX];

	listeners_log(&a->listeners);
	if (tcp_clients_of(a) < a->config->tcp_clients)
		log_warning(
			"only %zu TCP clients at a time: the limit of open files does not allow "
			"tcp-clients = %u; raise it (LimitNOFILE=)",
			tcp_clients_of(a) * a->worker_count, a->config->tcp_clients);
	log_info("ready: forwarding to %s over TLS, authenticated as %s against %u trust anchors, "
		 "%zu worker%s",
		addr_text(&u->address[0], text), u->auth_name ? u->auth_name : "its address",
		credentials_anchors(a->credentials), a->worker_count,
		a->worker_count == 1 ? "" : "s");
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

enum exit_code app_run(struct app *a)
{
	for (size_t i = 0; i < a->worker_count; i++) {
		int err = worker_start(a->workers[i]);

		if (err < 0) {
			log_error("cannot start a thread: %s", strerror(-err));
			_exit(EXIT_OTHER);
		}
	}
	log_start(a);
	on_notify_ready(-1, 0, a);
	event_base_dispatch(a->base);
	notify_send("STOPPING=1\nSTATUS=answering the last queries");
	drain_all(a);
	return EXIT_OK;
}

void app_free(struct app *a)
{
	if (!a)
		return;
	for (size_t i = 0; a->workers && i < a->worker_count; i++)
		worker_free(a->workers[i]);
	free(a->workers);
	listeners_deinit(&a->listeners);
	for (size_t i = 0; i < SIGNALS; i++)
		if (a->signals[i])
			event_free(a->signals[i]);
	mailbox_deinit(&a->mailbox);
	if (a->base)
		event_base_free(a->base);
	credentials_free(a->credentials);
	config_unref(a->config);
	free(a);
}
