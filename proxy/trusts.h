/*
 * The trust stores of all upstreams, as main keeps them: one for each bundle, loaded for workers that
 * are about to need it, swept when nobody does.
 */
#ifndef PROXY_TRUSTS_H
#define PROXY_TRUSTS_H

#include <stddef.h>

#include "common/config/config.h"

struct event_base;
struct mailbox;
struct trust;
struct trusts;
struct worker;

/* For every upstream of the configuration, borrowed for the call; reads nothing yet.  NULL: out of memory. */
struct trusts *trusts_new(const struct config *config);
/*
 * After trusts_load: a store that holds what one of before does is the same object from now on, so that an upstream
 * can go on with it.
 */
void trusts_keep(struct trusts *ts, const struct trusts *before);
void trusts_free(struct trusts *ts);

/* Of the i-th upstream; NULL: it needs none. */
struct trust *trusts_of(const struct trusts *ts, size_t upstream);

/*
 * Reads all of them, so that what is wrong with one is told at the start and not with the first query.
 * 0, or -1 with one sentence; what only opportunistic upstreams would use is a warning.
 */
int trusts_load(struct trusts *ts, char *error, size_t size);

/* Before any worker may know of it: from then on trusts_want can be called.  All borrowed.  0 or -ENOMEM. */
int trusts_serve(struct trusts *ts, struct event_base *base, struct mailbox *mailbox,
	struct worker *const *workers, size_t worker_count);
/* In use from now on: sweeps, from the loop of main's thread. */
void trusts_start(struct trusts *ts);

/* For worker_setup: on a worker's thread; worker_trust_loaded follows in mail. */
void trusts_want(void *arg, struct trust *t);

#endif
