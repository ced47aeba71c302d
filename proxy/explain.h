/*
 * A query of our own, put to a worker as a client's would be, and what became of it.  Made on main's thread, run on a
 * worker's, read on main's again: one at a time.
 */
#ifndef PROXY_EXPLAIN_H
#define PROXY_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/config/config.h"
#include "common/dns/message.h"
#include "proxy/mailbox.h"
#include "proxy/upstream/trace.h"

struct queries;

#define EXPLAIN_QUERY_MAX 320u

/* Where the reply came from, or was decided. */
enum explain_source {
	EXPLAIN_UPSTREAM = 0,
	EXPLAIN_FAILURE, /* no upstream answered, or none in time */
	EXPLAIN_RECORD,	 /* record, hosts or lease-file */
	EXPLAIN_SPECIAL, /* a special-use name */
	EXPLAIN_BLOCKED,
	EXPLAIN_LOCAL,	 /* otherwise without asking anybody */
	EXPLAIN_CACHE,
	EXPLAIN_STALE,	 /* the cache, after its time */
	EXPLAIN_CUT,	 /* a name above does not exist */
	EXPLAIN_DROPPED, /* no reply at all */
};

/* What the cache had before. */
struct explain_cache {
	bool used;  /* it may answer such a question at all */
	bool known; /* it had this answer; what follows is of it */
	bool stale;
	bool needs_ad; /* it was asked for by somebody who did not want AD: it is asked for anew */
	uint32_t age_s, ttl_s; /* ttl_s: as long as it lives; stale: lived */
	unsigned hits;
};

struct explain {
	struct mail mail; /* of whoever explains, as is arg */
	void *arg;
	void (*done)(struct explain *x); /* on the worker's thread, at the end: it passes it back */
	uint8_t query[EXPLAIN_QUERY_MAX];
	size_t query_len;
	uint8_t name[DNS_NAME_MAX];
	uint16_t type;

	/* The result. */
	enum explain_source source;
	size_t list;		   /* EXPLAIN_BLOCKED: in config->block */
	struct explain_cache cache;
	enum config_policy policy; /* of the group that it falls to */
	char zone[DNS_NAME_TEXT_MAX]; /* ""; `forward` */
	uint64_t took_us, begun_us;   /* begun_us: the clock of the events */
	uint8_t *reply;		   /* owned */
	size_t reply_len;	   /* 0: none */
	struct trace trace;

	/* Private. */
	struct list node;
	struct queries *queries;
	bool waits, replied;
};

/* With EDNS and AD, as "dig" asks.  NULL: out of memory. */
struct explain *explain_new(const uint8_t *name, size_t name_len, uint16_t type);
void explain_free(struct explain *x); /* NULL is fine */

/* On the worker's thread.  It stands in the list until done(), which may come before this returns. */
void explain_run(struct explain *x, struct queries *qs, struct list *running);

/* The queries are gone: those that still ran are discarded (mail.discard).  The lookups are there still. */
void explain_stop(struct list *running);

#endif
