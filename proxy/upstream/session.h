/*
 * One connection to an upstream with its queries in flight: takes ids, matches answers, gives back
 * what stays unanswered.  It decides nothing about where a query goes next: that is the pool's.
 *
 *   state       event                           next        what happens
 *   CONNECTING  transport ready                 READY       owner's ready()
 *   CONNECTING  transport ended                 ENDED       owner's ended()
 *   READY       session_retire, too many        RETIRING    owner's unready(); what was not sent
 *               abandoned ids, one hour old,                returns, the rest may be answered
 *               keepalive 0, idle limit
 *   RETIRING    last query answered or given up ENDED       goodbye, owner's ended()
 *   READY/RET.  transport ended, or nobody is   ENDED       unready(), queries return, ended()
 *               there (session_watch)
 *
 * A session is *suspect* while session_watch doubts its path: it takes nothing new, what it has not
 * sent returns, the rest may still be answered, and an answer clears it.
 *
 * The owner (upstream) creates it and is told of its end exactly once; the session frees itself at
 * the end of that turn.  Answers reach request->done through the turn's deferred phase.
 */
#ifndef PROXY_UPSTREAM_SESSION_H
#define PROXY_UPSTREAM_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/base/idmap.h"
#include "common/base/random.h"
#include "common/base/stats.h"
#include "common/base/tap.h"
#include "common/base/turn.h"
#include "common/dns/cookie_client.h"
#include "common/dns/rewrite.h"
#include "proxy/upstream/request.h"
#include "proxy/upstream/transport.h"

/* Ids given up and not yet answered: as many retire a session (design 3, Rules of life). */
#define SESSION_ABANDONED_MAX 1024u
/* RFC 9325 3.3.4, design 5: trust is renewed at least hourly. */
#define SESSION_LIFE_US (3600ull * 1000000)

enum session_state { SESSION_CONNECTING = 0, SESSION_READY, SESSION_RETIRING, SESSION_ENDED };

/* Why another sending is asked for. */
enum session_late {
	LATE_PATH,	/* the session is suspect */
	LATE_NAME,	/* only this answer is missing: others come */
	LATE_SWALLOWED, /* so were all in a silence that is over, and into which it was sent */
	LATE_DATAGRAMS, /* it was repeated over datagrams, or waited for, as long as is of use */
};

struct session_owner {
	void (*ready)(void *arg, struct session *s);
	/* It takes no more queries: once for each session that was ready, before ended. */
	void (*unready)(void *arg, struct session *s);
	/*
	 * It takes nothing new for now: `returned` follows for each query that was not sent, `late`
	 * for the others.
	 */
	void (*suspect)(void *arg, struct session *s, const char *doubt);
	/* No longer suspect. */
	void (*recovered)(void *arg, struct session *s);
	/*
	 * The query should be sent elsewhere too; true: that was taken up, or can't be.  The flight
	 * stays.  Must not submit to or forget anything of this session.
	 */
	bool (*late)(void *arg, struct session *s, struct flight *f, enum session_late why);
	/*
	 * A query that was not answered comes back: the flight is out of every list of the session;
	 * f->charged and request->sends say what the loss has cost.  f->oversized: it was not lost,
	 * but does not fit into a datagram.
	 */
	void (*returned)(void *arg, struct session *s, struct flight *f);
	/* A matched answer, in f->request->answer; the flight is out of every list. */
	void (*answered)(void *arg, struct session *s, struct flight *f);
	/* The last word; end is NULL when the session retired by itself. */
	void (*ended)(void *arg, struct session *s, const struct transport_end *end);
};

struct log_limit;
struct cookie_store;
struct history_entry;

struct session_setup {
	struct turn *turn;
	struct random_source *random;
	struct stats *stats;
	struct transport_opener opener;
	struct upstream_form form; /* the subnet's family is filled in for each session */
	const char *label;	   /* the upstream's, for the log */
	struct log_limit *limit;   /* of lines about it; outlives the sessions; NULL: none */
	/* DNS cookies are sent and checked. */
	bool cookies;
	/*
	 * Where the cookies of a transport that tells its local address are kept (plain sockets); borrowed,
	 * outlives the sessions.  NULL: each session has its own and forgets them at its end (TLS, DTLS).
	 */
	struct cookie_store *cookie_store;
	bool no_subnet; /* a zone: nobody there adds bits of our address */
	unsigned max_inflight;
	const struct session_owner *owner;
	void *owner_arg;
	struct tap *tap;  /* NULL: none */
	uint8_t *scratch; /* DNS_MESSAGE_MAX octets, shared by the worker: a query is built here */
};

struct session {
	enum session_state state;
	struct list node; /* in the owner's list, from session_open to ended() */
	bool suspect;	  /* READY or RETIRING, but its path is in doubt */
	bool doubted;	  /* suspect for no more than a sign that it may be forgotten (datagrams) */
	struct addr addr; /* where it was opened to */
	/* The owner's, from ready() on: as many queries at most, in all; 0: no limit. */
	uint64_t quota;
	struct history_entry *
		seen; /* the owner's, from ready() on: what is noted of this address; NULL: nothing */
	/* The owner's: closed unused after so long by this server; 0: not known. */
	uint64_t idle_learnt_us;

	uint64_t asked, answers;      /* queries sent and answers matched since it was opened */
	uint64_t opened_us, ready_us; /* ready_us 0: never was */
	uint64_t established_us;      /* SYN-ACK; 0: none yet */
	uint64_t answered_us;	      /* last answer, or when it became ready */
	uint64_t forgotten_us; /* datagrams: in doubt since it was idle for so long; 0: not */
	size_t unanswered;     /* given back at its end */

	/* The rest is private. */
	const struct session_setup *setup; /* borrowed from the owner, outlives the session */
	struct transport *transport;
	struct upstream_form form;
	struct idmap ids;
	struct list queued, sent; /* of flights; sent: the oldest first */
	size_t queued_count, sent_count;
	uint64_t waiting_since_us; /* queries are out and none was answered since; 0: none is */
	uint64_t waited_us;	   /* before that, since the last answer */
	uint64_t revived_us;	   /* when an answer ended a silence; 0: there was none */
	uint64_t suspect_us;	   /* since when */
	const char *alerted;	   /* doubted while nothing was out: why, else NULL */
	bool alerts_false;	   /* such a doubt was wrong once: only silence counts now */
	uint64_t rtt_us;	   /* datagrams: of queries sent once, smoothed; 0: none yet */
	uint64_t paused_us;	   /* datagrams: after so long a query went out; 0: all is well */
	struct timer repeat;	   /* datagrams: session_repeat */
	bool given_up;		   /* suspect for too long: to be ended */
	uint64_t idle_limit_us;	   /* RFC 7828 value last heard; 0: none */
	struct timer timer;	   /* connect limit, life, idle limit */
	struct timer watch;	   /* while queries are out: is anything answered? */
	struct turn_work seal, goodbye, grave;
	/* Of cookies (session_cookie). */
	struct cookie_jar own_jar;
	struct cookie_jar *jar; /* own_jar, or lent by the store; NULL: no cookies */
	unsigned cookie_told;	/* bit of each enum cookie_news that the log has */
	bool jar_is_lent;
};

/* Starts to connect. NULL where not even that was possible (*ret_end says why). */
struct session *session_open(
	const struct session_setup *setup, const struct addr *to, struct transport_end *ret_end);

/* Room for another query now. */
bool session_has_room(const struct session *s);

/* All that its quota allows was asked: it takes nothing new, whatever is answered. */
static inline bool session_is_spent(const struct session *s)
{
	return s->quota > 0 && s->asked + s->queued_count >= s->quota;
}

/* Ready, and what it is asked will be answered as far as one knows. */
static inline bool session_is_relied_on(const struct session *s)
{
	return s->state == SESSION_READY && !s->suspect && !session_is_spent(s);
}

/*
 * Borrows f and its request, and promises: answered, returned, or session_forget was called. Only
 * when session_has_room; f is free, f->request is set.
 */
void session_submit(struct session *s, struct flight *f);

/* The owner of the request gave this flight up: its id is abandoned until the late answer. */
void session_forget(struct flight *f);

static inline bool session_is_stream(const struct session *s)
{
	return s->transport->info.stream;
}

/* Over datagrams: the same query with the same id once more.  0 or negative errno. */
int session_send_again(struct session *s, struct flight *f);

/* The query whose answer has begun to come (partial: framed octets), or NULL. */
struct flight *session_half_answered(const struct session *s, const uint8_t *partial, size_t len);

/*
 * The server closed it in good order after a while, unanswered: its idle limit, which the queries
 * that were out have crossed on the way (RFC 7766 6.2.4).
 */
bool session_was_idle(const struct session *s, const struct transport_end *end);

/* A copy of what was sent to it, or has come, for whoever watches. */
void session_tap(
	struct session *s, enum tap_event event, const uint8_t *msg, size_t len, uint64_t took_us);

/* Not counted against the limit of sends, once. */
void flight_uncharge(struct flight *f);

/* What was not sent yet goes back to the owner. */
void session_return_queued(struct session *s);

/* No new work; what was not sent returns; ends when idle. */
void session_retire(struct session *s);

/*
 * Ends at once; the owner hears `unready` and `returned` for its queries, which don't pay for it, not
 * `ended`.  Freed at the end of the turn.
 */
void session_abort(struct session *s);

static inline size_t session_inflight(const struct session *s)
{
	return s->queued_count + s->sent_count;
}

#endif
