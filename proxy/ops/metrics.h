/*
 * Figures over HTTP (option metrics): / is a page to look at, drawn from /status.json; /metrics is for
 * Prometheus, /healthz for whoever watches.  Workers are asked when somebody asks, and for the last
 * hour of the page every HOUR_STEP_S seconds.  All on main's thread.
 *
 * A program built with HTTP=0 has metrics_none.c in its place.
 */
#ifndef PROXY_OPS_METRICS_H
#define PROXY_OPS_METRICS_H

#include <stddef.h>
#include <sys/types.h>

#include "proxy/ops/metrics_text.h"

struct event_base;
struct gatherer;
struct metrics;
struct surroundings;

/* Requests that wait for figures; as many clients are let in (http.h). */
#define METRICS_WAITING_MAX 32u

struct metrics_setup {
	struct event_base *base;
	const char *where;		   /* option metrics; copied */
	gid_t group;			   /* that may use a Unix socket; (gid_t)-1: our own */
	struct gatherer *gatherer;	   /* borrowed */
	const struct surroundings *around; /* borrowed */
	struct metrics_versions versions;
};

/*
 * Listens.  0 with *ret, which is NULL where nothing is wanted; negative errno with one sentence.
 * Before other threads are started (umask).
 */
int metrics_new(const struct metrics_setup *setup, struct metrics **ret, char *error, size_t size);
/* Before the gatherer goes. */
void metrics_free(struct metrics *m); /* NULL is fine */

#endif
