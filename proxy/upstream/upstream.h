/*
 * One upstream as one worker sees it: its sessions, the attempts to open one, and its health.
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
#include "proxy/upstream/session.h"

#define UPSTREAM_TEXT_MAX     400u
#define UPSTREAM_ACTIVE_US    (30ull * 1000000)
#define UPSTREAM_ATTEMPTS_MAX 3
/* Sessions of any state side by side, those that retire included. */
#define UPSTREAM_SESSIONS_MAX 16
/* Connections that answered nothing: at most so many in so long (threats A52). */
#define UPSTREAM_FRUITLESS_MAX 20
#define UPSTREAM_FRUITLESS_US  (10ull * 1000000)

struct upstream;

struct upstream_owner {
	/* Queries wait that this upstream could take. */
	bool (*wanted)(void *arg);
	/* There is a session with room now. */
	void (*room)(void *arg);
	/* As session_owner's, from any of its sessions. */
	void (*returned)(void *arg, struct request *r);
	void (*answered)(void *arg, struct request *r);
};

struct upstream {
	/* Set by the owner before upstream_init. */
	struct session_setup session; /* owner and owner_arg are filled in by upstream_init */
	struct addr addr;
	unsigned connections; /* sessions side by side beyond in-flight limits */
	const char *label;    /* "tls://9.9.9.9:853#dns.quad9.net", outlives it */
	const struct upstream_owner *owner;
	void *owner_arg;

	/* Private. */
	struct list sessions; /* of every state but ENDED */
	unsigned ready, connecting;
	struct backoff backoff;
	struct timer retry, join;
	uint64_t last_use_us;	/* last query submitted; 0: none ever */
	bool closing;		/* upstream_deinit: nothing is opened any more */
	bool reopen;		/* the last session was of use: open the next one ahead */
	bool was_ready;		/* some session was ready once: the next is no news */
	uint64_t down_since_us; /* until the first answer after it; 0: not down */
	uint64_t logged_us;	/* last line about this outage */
	uint64_t failures;	/* since then */
	uint64_t fruitless[UPSTREAM_FRUITLESS_MAX]; /* ring of times; 0: unused */
	unsigned fruitless_next;
	char last_failure[UPSTREAM_TEXT_MAX]; /* stage and reason; "" : none */
	struct transport_end last_end;	      /* to know a repeated one by */
};

void upstream_init(struct upstream *u);
/* Aborts all sessions; their queries come back through returned() first. */
void upstream_deinit(struct upstream *u);

/* A client asks: the upstream is in use. */
void upstream_touch(struct upstream *u);

/* A ready session with room, the oldest first; NULL: none. */
struct session *upstream_session(struct upstream *u);

/* Queries wait: see that a session is being opened, as far as health and limits allow. */
void upstream_ensure(struct upstream *u);

/* Why the last session or attempt ended; static or the upstream's. */
const char *upstream_last_loss(const struct upstream *u);

/* Why there is no session: a reason for an Extended DNS Error, and how it stands. */
enum upstream_standing { UPSTREAM_UP, UPSTREAM_STARTING, UPSTREAM_DOWN };
enum upstream_standing upstream_standing(const struct upstream *u, const char **ret_reason);

#endif
