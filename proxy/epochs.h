/*
 * Epochs (design 5, Networks and epochs): from one to the next no connection, ticket or cookie is kept, so that
 * nobody who sees us in the café can link us to home, and nothing is waited for that the old network has
 * lost.  One begins when
 *
 *   - upstreams that some worker uses are reached by another interface, source or gateway (ops/netwatch), or
 *   - the machine has slept: a worker notices before it answers the first query (loop_expect_queries) and
 *     renews by itself; main notices on its own, and both agree by how long it has slept in all.
 *
 * A captive portal ends with an epoch, and before that as soon as the way to an upstream (the portal's is one) has moved or a
 * worker has noticed that the machine slept; it is held while something of the network has changed and nobody knows what.
 *
 * Main counts them, has the names of upstreams looked up anew, and posts to all workers.
 *
 * On main's thread, but for epochs_resumed.
 */
#ifndef PROXY_EPOCHS_H
#define PROXY_EPOCHS_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/ops/netwatch.h"

struct config;
struct epochs;
struct event_base;
struct mailbox;
struct names;
struct surroundings;
struct worker;

/* All borrowed, outlive it. */
struct epochs_setup {
	struct event_base *base;
	struct mailbox *mailbox; /* of main's thread */
	const struct config *config;
	struct worker *const *workers; /* filled in before epochs_start */
	size_t worker_count;
	struct surroundings *around; /* all but .clock is written */
};

/* NULL: out of memory. */
struct epochs *epochs_new(const struct epochs_setup *setup);
/* After the workers, whose threads call epochs_resumed, and after the mailbox. */
void epochs_free(struct epochs *e); /* NULL is fine */

/* Before the workers' threads start.  names may be told of changes before (epochs_look). */
void epochs_start(struct epochs *e, struct names *names);

/* A reload: these take the place of those of before, which are there until this returns. */
void epochs_set_config(struct epochs *e, const struct config *config, struct names *names);

/* Upstreams or their addresses have changed.  For names_setup: arg is the struct epochs. */
void epochs_look(void *arg);

/* Has the machine slept since we looked last?  Then an epoch begins. */
void epochs_look_for_sleep(struct epochs *e);

/* For worker_setup, from a worker's thread: it has noticed that the machine slept, and renewed its own. */
void epochs_resumed(void *arg);

/* As a line of statistics in the log. */
void epochs_log_status(const struct epochs *e);

#endif
