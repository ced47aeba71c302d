/*
 * One question in flight, with those who wait for it.  It goes upstream in a form of its own: name
 * in lower case, nothing of the client's message but question, DO, CD, AD and the options that must
 * be copied; a message signed with TSIG or SIG(0) whole (RFC 5625 4.5).
 *
 * A lookup lives until its last waiter was answered or has left.  done() is called once for each
 * waiter that has not left, from the turn's deferred phase.
 */
#ifndef PROXY_RESOLVE_LOOKUP_H
#define PROXY_RESOLVE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/list.h"
#include "common/base/slab.h"
#include "common/base/stats.h"
#include "common/dns/edns.h"
#include "common/dns/message.h"
#include "proxy/resolve/route.h"
#include "proxy/upstream/request.h"

struct lookup;

struct lookup_waiter {
	struct list node;      /* in its lookup's list */
	struct lookup *lookup; /* NULL: not waiting */
	/* result: the request's, borrowed for the call.  The waiter is out of the list already. */
	void (*done)(struct lookup_waiter *w, const struct request *result);
};

struct lookups {
	struct slab slab;
	struct stats *stats;
	struct routes routes;
};

void lookups_init(struct lookups *l, size_t max, struct stats *stats, struct routes routes);
/* All waiters have left. */
void lookups_deinit(struct lookups *l);

/* Asks. m and e are read during the call only. 0, -ENOBUFS (bound), -ENOMEM. */
int lookup_start(struct lookups *l, const struct dns_message *m, const struct edns *e,
	struct lookup_waiter *w);

/*
 * The waiter gives up; *ret_reason (if not NULL) says how things stood, its text lives until the
 * next call.
 */
void lookup_leave(struct lookups *l, struct lookup_waiter *w, struct ede *ret_reason);

#endif
