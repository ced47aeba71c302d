/*
 * One question on its way upstream.  The struct belongs to whoever asks (a lookup), who keeps it
 * until `done` was called or pool_cancel was; pool and session only borrow it.
 */
#ifndef PROXY_UPSTREAM_REQUEST_H
#define PROXY_UPSTREAM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/base/turn.h"
#include "common/dns/ede.h"
#include "common/dns/message.h"
#include "common/dns/rewrite.h"

struct session;
struct pool;

enum request_state {
	REQUEST_IDLE = 0, /* nobody below knows it */
	REQUEST_WAITING,  /* in the pool's queue (node) */
	REQUEST_QUEUED, /* in a session's queue (node), no id yet: a deadline can still remove it */
	REQUEST_SENT,	/* in a session's id map and its list of those sent (node) */
	REQUEST_RETURNED, /* its session ended; the pool decides in the deferred phase (work) */
	REQUEST_DONE,	  /* done() is about to be called (work) */
};

struct request {
	/* The owner's, before pool_submit; stay valid until done or cancelled. */
	struct upstream_query query;
	void (*done)(struct request *r);

	/* The result, valid inside done(). */
	bool answered;
	bool trusted; /* the session was authenticated */
	struct dns_message
		answer;	    /* when answered: into the session's buffer, until the turn ends */
	struct ede failure; /* when not: static or the pool's text */

	/* What happened, for the query log; valid inside done() when answered. */
	const char *upstream, *protocol;
	size_t sent_len;  /* as sent, padding included */
	uint64_t sent_us; /* the last time */

	/* Private to pool and session. */
	enum request_state state;
	struct list node;
	struct turn_work work;
	struct pool *pool;
	struct session *session;
	uint16_t id;
	uint8_t sends;	     /* counted against the limit of 3 (RFC 9520 3.1) */
	uint8_t bad_answers; /* matched, but they did not parse */
	bool sent_before;    /* another send of it is a repetition */
};

#define REQUEST_SENDS_MAX 3

#endif
