/*
 * One upstream as one worker sees it: its addresses, its sessions, the attempts to open one, and
 * its health.  One that is spoken to over datagrams is two of them, a way each (ways.h).
 *
 * Health is passive (design 5): nothing is sent unless a client asks.  While queries wait, or a
 * client asked within 30 s, a lost session is opened again: at once after a good one, with backoff
 * while attempts fail, several attempts side by side against a black hole.
 */
#ifndef PROXY_UPSTREAM_UPSTREAM_H
#define PROXY_UPSTREAM_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/backoff.h"
#include "proxy/upstream/health.h"
#include "proxy/upstream/history.h"
#include "proxy/upstream/limits.h"
#include "proxy/upstream/race.h"
#include "proxy/upstream/session.h"
#include "proxy/upstream/silence.h"

#define UPSTREAM_ACTIVE_US (30ull * 1000000)
/* Without a session for so long although one is wanted: queries may go to the next upstream. */
#define UPSTREAM_PATIENCE_US 250000u
/* Sessions of any state side by side, those that retire included. */
#define UPSTREAM_SESSIONS_MAX 16u
/* Connections that answered nothing: at most so many in so long (threats A52). */
#define UPSTREAM_FRUITLESS_MAX 20u
#define UPSTREAM_FRUITLESS_US  (10ull * 1000000)

struct upstream;

struct upstream_owner {
	/* How many queries wait that this upstream could take. */
	size_t (*wanted)(void *arg);
	/* There is a session with room now. */
	void (*room)(void *arg);
	/* It has no session that can be relied on any more. */
	void (*lost)(void *arg, struct upstream *u);
	/* As session_owner's, from any of its sessions. */
	bool (*late)(void *arg, struct upstream *u, struct flight *f, enum session_late why);
	void (*returned)(void *arg, struct upstream *u, struct flight *f);
	void (*answered)(void *arg, struct upstream *u, struct flight *f);
};

struct upstream {
	/* Set by the owner before upstream_init. */
	struct session_setup session; /* owner and owner_arg are filled in by upstream_init */
	unsigned connections;	      /* sessions side by side beyond in-flight limits */
	const char *label;	      /* "quad9", "tls://9.9.9.9:853#dns.quad9.net", outlives it */
	const struct upstream_owner *owner;
	void *owner_arg;
	/*
	 * For one whose addresses must be looked up, else NULL: called when it has none or is about
	 * to connect, at most once a second; upstream_set_addresses comes some time later.
	 */
	void (*want_addresses)(void *arg, struct upstream *u);
	void *want_arg;
	/* A session is ready whose other end was authenticated; NULL: nobody wants to know. */
	void (*authenticated)(void *arg, struct upstream *u);
	void *authenticated_arg;
	/*
	 * For one over datagrams: the way over a stream to the same, the caller's too, filled in like
	 * this one; else NULL.
	 */
	struct upstream *stream;
	bool races; /* beside `stream`: whichever answers first is kept, else datagrams are preferred */

	uint64_t srtt_us;    /* smoothed response time; 0: no answer yet */
	uint64_t sampled_us; /* when it was last measured */

	/* The owner's, of that over datagrams where there are two ways: its number among others. */
	unsigned place;
	struct list leaving; /* where it is not used any more */
	uint64_t left_us;    /* since when */
	bool drained;	     /* no session was left when it was looked at last */

	/* Private. */
	struct upstream
		*datagrams;	/* the other way round: it is the stream of this one; else NULL */
	struct silence silence; /* of one over datagrams */
	bool raced, prefers_stream; /* the race is over; the stream has won it */
	struct race race;
	struct limits limits;
	struct health health;
	struct history history;
	struct list sessions; /* of every state but ENDED */
	struct session
		*tester;     /* an attempt to an address that lost before, beside good sessions */
	unsigned connecting; /* attempts but the tester */
	struct backoff backoff;
	struct timer retry;	/* the next round, while queries wait */
	struct timer pace;	/* the next attempt of this round */
	uint64_t last_use_us;	/* last query given to it; 0: none ever */
	uint64_t absent_us;	/* since when a session is missed; 0: not */
	uint64_t next_try_us;	/* no attempt before, while queries wait */
	uint64_t round_us;	/* when the last round of attempts began */
	uint64_t next_probe_us; /* and while none waits */
	uint64_t handshake_us;	/* how long the last one took */
	uint64_t wanted_us;	/* want_addresses was called last */
	unsigned local_rounds;	/* in a row, all of whose failures were our own */
	unsigned sessions_begun;
	bool closing;	   /* it leaves, or upstream_deinit: nothing is opened any more */
	bool cut;	   /* upstream_deinit: what its sessions lose is our own doing */
	bool warming;	   /* asked for at the start, before any query */
	bool reopen;	   /* the last session was of use: open the next one ahead */
	bool round_failed; /* some attempt has failed in this round, or since the last success */
	bool round_counts; /* some failure of this round was not our own */
	bool has_suspects;
	char unknown[HEALTH_TEXT_MAX]; /* why no address is known, with the label; "": not said */
	uint64_t fruitless[UPSTREAM_FRUITLESS_MAX]; /* ring of times; 0: unused */
	unsigned fruitless_next;
};

void upstream_init(struct upstream *u);
/* Aborts all sessions; their queries come back through returned() first. */
void upstream_deinit(struct upstream *u);

/*
 * Why no address of it is known, a clause that is copied: what upstream_standing says until one is.
 */
void upstream_set_unknown(struct upstream *u, const char *why);

/* Replaces its addresses.  Sessions to others live on. */
void upstream_set_addresses(struct upstream *u, const struct addr *addrs, size_t count);

/*
 * A ready session with room that has no flight of r yet, the oldest first; for the last sending of r
 * one that is proven, or nearly idle.  NULL: none.
 */
struct session *upstream_session(struct upstream *u, const struct request *r);

/* Sends on that session, one that upstream_session gave; f is free, f->request is set. */
void upstream_submit(struct upstream *u, struct session *s, struct flight *f);

/*
 * See that a session is being opened, as far as health and limits allow.  urgent: queries wait for
 * it that nobody else can take; else it is tried at leisure.
 */
void upstream_ensure(struct upstream *u, bool urgent);

/*
 * The program starts, the first query is about to come: a session is opened ahead of it, once.
 */
void upstream_warm(struct upstream *u);

/* One more session beside good ones, for a slow name, if there may be two. */
void upstream_ensure_second(struct upstream *u);

/* It is not needed now: no attempts, its sessions retire. */
void upstream_rest(struct upstream *u);

/*
 * It is not to be used any more: attempts end, sessions retire when what they were asked is answered, nothing is
 * opened.  Then upstream_deinit.
 */
void upstream_leave(struct upstream *u);

/* Datagrams do not get through: it is left alone for a time. */
void upstream_fall_silent(struct upstream *u, const char *why);

/*
 * Whether queries should wait for it although upstream_session has none: its sessions are only
 * full, or one has been missed for less than the patience (*ret_until_us then says when that ends,
 * else 0).
 */
bool upstream_is_awaited(struct upstream *u, uint64_t *ret_until_us);

/* Why the last session or attempt ended; static or the upstream's. */
const char *upstream_last_loss(const struct upstream *u);

/* Sessions that can be relied on. */
unsigned upstream_ready(const struct upstream *u);

/*
 * Why there is no session: a reason for an Extended DNS Error, and how it stands; unknown: no
 * address of it is known.
 */
enum upstream_standing {
	UPSTREAM_UP,
	UPSTREAM_STARTING,
	UPSTREAM_UNKNOWN,
	UPSTREAM_LOST, /* it was up, and does not answer a new connection yet */
	UPSTREAM_DOWN,
};
enum upstream_standing upstream_standing(const struct upstream *u, const char **ret_reason);

static inline uint64_t upstream_now_us(const struct upstream *u)
{
	return turn_now_us(u->session.turn);
}

#endif
