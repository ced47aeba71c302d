/* What the connections of one upstream and worker have in common: policy, tickets, trust anchors. */
#ifndef PROXY_UPSTREAM_TLS_ENDPOINT_H
#define PROXY_UPSTREAM_TLS_ENDPOINT_H

#include "common/base/addr.h"
#include "common/base/list.h"
#include "proxy/upstream/tickets.h"
#include "proxy/upstream/transport.h"

struct loop;
struct stats;
struct tls_engine;
struct tls_policy;
struct trust;

/* A connection that waits for the trust anchors; zeroed before first use. */
struct tls_waiter {
	struct list node;
	void (*loaded)(struct tls_waiter *w); /* once; it waits no more */
};

/* Borrowed by each connection, outlives them. */
struct tls_endpoint {
	struct loop *loop;
	struct stats *stats; /* of this upstream */
	const struct tls_policy *policy;
	const char *device; /* the interface that they must leave by; NULL: any */
	/*
	 * Called when a full handshake begins and the policy's trust anchors are not loaded;
	 * tls_endpoint_trust_loaded comes some time later.  Meanwhile what the server says is left
	 * unread.
	 */
	void (*want_trust)(void *arg, struct trust *t);
	void *want_arg;
	/* Private. */
	struct tickets tickets;
	/*
	 * CLOCK_BOOTTIME, when it was not whom we expect last, or another network was begun: handshakes
	 * from before then keep no tickets; 0: never.
	 */
	uint64_t void_us;
	struct list waiting; /* struct tls_waiter */
	bool assumed; /* some certificate was judged by an assumed date (verify_dates.h) */
};

/* After the first members are set. */
void tls_endpoint_init(struct tls_endpoint *e);
/* Its connections are gone. */
void tls_endpoint_deinit(struct tls_endpoint *e);

/* Another network: no ticket of this one is used there, nor one that its connections get later. */
void tls_endpoint_renew(struct tls_endpoint *e);

/* The clock is set: true, once, where something was judged by an assumed date, so that it is to be renewed. */
bool tls_endpoint_redate(struct tls_endpoint *e);

/* A ticket for this address, the caller's; NULL: a full handshake. */
struct ticket *tls_endpoint_ticket(struct tls_endpoint *e, const struct addr *to);

/* Lets w wait, where a full handshake is to come whose trust anchors are not loaded: true. */
bool tls_endpoint_wait(struct tls_endpoint *e, struct tls_waiter *w);
static inline bool tls_endpoint_waits(const struct tls_waiter *w)
{
	return list_linked(&w->node);
}
static inline void tls_endpoint_forget(struct tls_waiter *w)
{
	list_remove(&w->node);
}

/* The anchors are loaded, or could not be: the connections of this endpoint that wait go on. */
void tls_endpoint_trust_loaded(struct tls_endpoint *e);

/* A session is ready: counted, and *ret says what it is; a full handshake's verdict begins to age. */
void tls_endpoint_ready(
	struct tls_endpoint *e, struct tls_engine *engine, struct transport_info *ret);

/* Keeps the ticket that a ready session got, if one came.  For tls_engine.keep_ticket. */
void tls_endpoint_keep(void *endpoint, struct tls_engine *engine);

/*
 * A handshake failed: the tickets of this address are spent; where it is not whom we expect, all of
 * the upstream's are, and those that sessions get later by what was found before (threats A63, F14).
 */
void tls_endpoint_failed(
	struct tls_endpoint *e, const struct addr *to, const struct transport_end *why);

#endif
