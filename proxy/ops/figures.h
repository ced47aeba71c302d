/*
 * The figures of the whole program, gathered on main's loop: each worker is asked by mail, the answers
 * are added up, and whoever asked gets one struct that does not change.  All on main's thread.
 *
 * A worker that does not answer in time is left out (heard < workers): nobody waits for it for ever.
 */
#ifndef PROXY_OPS_FIGURES_H
#define PROXY_OPS_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cache/cache.h"
#include "proxy/worker.h"

struct event_base;
struct mailbox;

/* Requests under way; more are refused. */
#define FIGURES_REQUESTS_MAX 32u
/* For so long workers are waited for. */
#define FIGURES_PATIENCE_US 1000000u

struct figures {
	const struct config *config; /* that the figures are of */
	size_t workers, heard;	     /* asked; of these, that have answered */
	uint64_t up_us;		     /* since the gatherer was made */
	struct worker_report sum;    /* upstreams: one for each of config->forward */
	bool has_cache;
	struct cache_figures cache;
	uint64_t refused; /* bound hit: requests for figures */
};

/* What f points to is valid during the call. */
typedef void figures_done(void *arg, const struct figures *f);

struct gatherer_setup {
	struct event_base *base;
	struct mailbox
		*mailbox; /* main's, to which workers answer; ended before the gatherer is freed */
	struct worker *const *workers;
	size_t worker_count;
	struct cache *cache; /* NULL: none */
	struct config *config;
};

struct gatherer;
struct figures_request;

/* All of the setup is borrowed; it takes a reference of the configuration.  NULL: out of memory. */
struct gatherer *gatherer_new(const struct gatherer_setup *setup);
/* After the workers have gone and the mailbox is ended; requests under way are dropped unanswered. */
void gatherer_free(struct gatherer *g); /* NULL is fine */

/* The configuration, and the cache (NULL: none), that the workers have from now on. */
void gatherer_set_config(struct gatherer *g, struct config *config, struct cache *cache);

/*
 * Asks all workers.  done is called once, later, from the loop, unless the request is cancelled.
 * NULL: FIGURES_REQUESTS_MAX are under way, or there is no memory.
 */
struct figures_request *gatherer_ask(struct gatherer *g, figures_done *done, void *arg);

/* done will not be called.  Before it was. */
void figures_cancel(struct figures_request *r);

/* As they are now; borrowed. */
struct mailbox *gatherer_mailbox(const struct gatherer *g);
struct config *gatherer_config(const struct gatherer *g);
/* i < the number of workers */
struct worker *gatherer_worker(const struct gatherer *g, size_t i);

#endif
