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
#include "common/dns/cookie_client.h"
#include "common/dns/ede.h"
#include "common/dns/message.h"
#include "common/dns/rewrite.h"

struct session;
struct pool;
struct trace;
struct upstream;

#define REQUEST_SENDS_MAX 3
/*
 * Sendings under way side by side: as many over streams, and two over datagrams, which are counted
 * by themselves (RFC 9520 3.1: three for each transport).
 */
#define REQUEST_DATAGRAM_FLIGHTS_MAX 2
#define REQUEST_FLIGHTS_MAX	     (REQUEST_SENDS_MAX + REQUEST_DATAGRAM_FLIGHTS_MAX)
/* Losses to servers that close what had answered cost no send, but not without end. */
#define REQUEST_RETURNS_MAX 12u

/*
 * One sending of a request on one session.  A request may have several under way: an answer that
 * is late on one path is asked for on another, and whichever comes first counts.
 */
struct flight {
	struct list node;	 /* in its session's queued or sent list */
	struct request *request; /* NULL: free */
	struct session *session; /* NULL: its session has given it back */
	uint64_t sent_us;	 /* valid once sent */
	uint64_t repeat_us;	 /* datagrams: when it is due to be sent again */
	uint16_t id;		 /* valid once sent */
	uint8_t sendings;	 /* here; more than one over datagrams only */
	bool sent;		 /* has an id; else it waits in the session's queue */
	bool charged;		 /* counted in request->sends; never over datagrams */
	bool spent;		 /* its answer came, or half of it, and was of no use */
	bool late;		 /* another sending was asked for because of it */
	/* What it carried, valid once sent; whether its answer (in request->answer) asked for another one. */
	struct cookie_sent cookie;
	bool cookie_refused;
	bool oversized; /* it does not fit into a datagram there, and was not sent */
};

enum request_state {
	REQUEST_IDLE = 0, /* nobody below knows it */
	REQUEST_ACTIVE,	  /* waits in the pool's queue, has flights, or both; or the pool decides */
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
	size_t sent_len; /* as sent the last time, padding included */

	/* Whoever explains what becomes of it (trace.h); NULL: nobody.  The owner's, before pool_submit. */
	struct trace *trace;

	/* Private to pool and session. */
	enum request_state state;
	struct list node;      /* in the pool's queue */
	struct list all;       /* in the pool's list of all */
	struct turn_work work; /* the pool decides, or done() */
	struct pool *pool;
	struct flight flights[REQUEST_FLIGHTS_MAX];
	uint8_t sends;	      /* over streams, counted against the limit (RFC 9520 3.1) */
	uint8_t datagrams;    /* sendings over datagrams, likewise */
	bool needs_stream;    /* datagrams are of no use to it */
	bool hedged;	      /* sent once more because its name was slow */
	uint8_t spent;	      /* flights whose answer was of no use, of one upstream */
	uint8_t bad_answers;  /* matched, but they did not parse */
	uint8_t bad_cookies;  /* BADCOOKIE, from the upstream it was given to last */
	uint8_t returns;      /* losses that were not counted */
	bool sent_before;     /* another send of it is a repetition */
	bool is_probe;	      /* the pool's own: never asked anywhere else */
	uint32_t late_on;     /* bit i: a path of upstream i came into doubt under it */
	uint32_t datagrams_late_on; /* the same, over datagrams */
	uint32_t avoid;	      /* bit i: upstream i of the pool has had its say */
	struct upstream *own; /* the last it was given to; NULL: none yet */
	uint8_t *kept;	      /* owned copy of a SERVFAIL or REFUSED, while others are asked */
	size_t kept_len;
	const char *kept_from;
	bool kept_trusted;
};

/* It waits in its pool's queue. */
static inline bool request_waits(const struct request *r)
{
	return list_linked(&r->node);
}

#endif
