/*
 * What the app is made of, for app*.c alone: app.c puts it together and takes it apart, app_workers.c makes the
 * workers, app_ops.c those who look at it from outside, app_run.c runs it, app_signals.c says what signals do.
 */
#ifndef PROXY_APP_INTERNAL_H
#define PROXY_APP_INTERNAL_H

#include "proxy/app.h"
#include "proxy/config_file.h"
#include "proxy/edition.h"
#include "proxy/listeners.h"
#include "proxy/mailbox.h"
#include "proxy/ops/control.h"
#include "proxy/ops/surroundings.h"
#include "proxy/resolve/portal.h"

#define APP_SIGNALS 5

struct app {
	struct edition *now; /* what is in use */
	struct reload *reload;
	struct config_file file;
	struct added_zones *zones;
	struct portal portal; /* of all workers */
	struct portal_keeper *portals;
	struct event_base *base;
	struct event *signals[APP_SIGNALS];
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
	struct control *control;       /* NULL: none */
	struct control_context control_context;
};

/* ------------------------------------------------------------------ app_workers.c */

/* As many as descriptors allow, of each worker. */
size_t app_tcp_clients(const struct app *a);
/* Room for the workers, and what they are bound to.  The listeners are open.  False: out of memory. */
bool app_allocate_workers(struct app *a);
/* The edition has all that they need, and dnstap is there.  False: out of memory. */
bool app_build_workers(struct app *a);
/* Tells them to take no more queries and to end. */
void app_drain_workers(struct app *a);

/* ------------------------------------------------------------------ app_ops.c */

/* EXIT_OK, or why not, with one sentence. */
enum exit_code app_build_dnstap(struct app *a, char *error, size_t size);
enum exit_code app_build_ops(struct app *a, char *error, size_t size);

/* ------------------------------------------------------------------ app_signals.c */

/* From now on, for as long as the base runs.  False: out of memory. */
bool app_watch_signals(struct app *a);
void app_unwatch_signals(struct app *a);
/* We are ending already: a second signal must not cut that short, with the default's exit status. */
void app_block_signals(void);

#endif
