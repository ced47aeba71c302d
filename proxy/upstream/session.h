/*
 * One connection to an upstream with its queries in flight: takes ids, matches answers, gives back
 * what stays unanswered.  It decides nothing about where a query goes next: that is the pool's.
 *
 *   state       event                           next        what happens
 *   CONNECTING  transport ready                 READY       owner's ready()
 *   CONNECTING  transport ended                 ENDED       owner's ended()
 *   READY       session_retire, too many        RETIRING    owner's unready(); what was not sent
 *               abandoned ids, one hour old,                returns, the rest may be answered
 *               keepalive 0, server's idle limit
 *   RETIRING    last query answered or given up ENDED       goodbye, owner's ended()
 *   READY/RET.  transport ended, or mute        ENDED       unready(), queries return, ended()
 *
 * The owner (upstream) creates it and is told of its end exactly once; the session frees itself at
 * the end of that turn.  Answers reach request->done through the turn's deferred phase.
 */
#ifndef PROXY_UPSTREAM_SESSION_H
#define PROXY_UPSTREAM_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/idmap.h"
#include "common/base/random.h"
#include "common/base/stats.h"
#include "common/base/turn.h"
#include "common/dns/rewrite.h"
#include "proxy/upstream/request.h"
#include "proxy/upstream/transport.h"

/* Ids given up and not yet answered: as many retire a session (design 3, Rules of life). */
#define SESSION_ABANDONED_MAX 1024u
/* RFC 9325 3.3.4, design 5: trust is renewed at least hourly. */
#define SESSION_LIFE_US (3600ull * 1000000)

enum session_state { SESSION_CONNECTING = 0, SESSION_READY, SESSION_RETIRING, SESSION_ENDED };

struct session_owner {
	void (*ready)(void *arg, struct session *s);
	/* It takes no more queries: once for each session that was ready, before ended. */
	void (*unready)(void *arg, struct session *s);
	/*
	 * A query that was not answered comes back, state REQUEST_RETURNED and out of every list of
	 * the session; r->sends says what the loss has cost it.
	 */
	void (*returned)(void *arg, struct session *s, struct request *r);
	/* A matched answer, state REQUEST_SENT before, out of every list now. */
	void (*answered)(void *arg, struct session *s, struct request *r);
	/* The last word; end is NULL when the session retired by itself. */
	void (*ended)(void *arg, struct session *s, const struct transport_end *end);
};

struct session_setup {
	struct turn *turn;
	struct random_source *random;
	struct stats *stats;
	struct transport_opener opener;
	struct upstream_form form;
	unsigned max_inflight;
	const struct session_owner *owner;
	void *owner_arg;
	uint8_t *scratch; /* DNS_MESSAGE_MAX octets, shared by the worker: a query is built here */
};

struct session {
	enum session_state state;
	struct list node; /* in the owner's list, from session_open to ended() */
	/* The rest is private. */
	const struct session_setup *setup; /* borrowed from the owner, outlives the session */
	struct transport *transport;
	struct idmap ids;
	struct list queued, sent;
	size_t queued_count, sent_count;
	uint64_t opened_us, ready_us;
	uint64_t asked, answers; /* queries sent and answers matched since it was opened */
	uint64_t established_us; /* SYN-ACK; 0: none yet */
	uint64_t answered_us;	 /* last matched answer, or when it became ready */
	bool mute; /* a query died of old age and nothing was answered since it was sent */
	uint64_t idle_limit_us; /* RFC 7828 value last heard; 0: none */
	struct timer timer;	/* connect limit, life, idle limit */
	struct timer watch;	/* while queries are out: is anything answered? */
	struct turn_work seal, goodbye, grave;
};

/* Starts to connect. NULL where not even that was possible (*ret_end says why). */
struct session *session_open(
	const struct session_setup *setup, const struct addr *to, struct transport_end *ret_end);

/* Room for another query now. */
bool session_has_room(const struct session *s);

/*
 * Borrows r and promises: answered, returned, or session_forget was called. Only when
 * session_has_room.
 */
void session_submit(struct session *s, struct request *r);

/* The owner of r gave up (state QUEUED or SENT): its id is abandoned until the late answer. */
void session_forget(struct session *s, struct request *r);

/* No new work; what was not sent returns; ends when idle. */
void session_retire(struct session *s);

/*
 * Ends at once; the owner hears `unready` and `returned` for its queries, not `ended`.  Freed at
 * the end of the turn.
 */
void session_abort(struct session *s);

static inline size_t session_inflight(const struct session *s)
{
	return s->queued_count + s->sent_count;
}

#endif
