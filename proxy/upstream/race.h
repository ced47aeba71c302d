/*
 * The addresses of one upstream and which of them the next attempt goes to (RFC 8305, design 5,
 * "Race"): families interleaved, IPv6 first, 250 ms apart; the one that won is first the next time;
 * one that ranks before the winner but lost is tried again later.  Times come in; nothing is opened
 * here.
 */
#ifndef PROXY_UPSTREAM_RACE_H
#define PROXY_UPSTREAM_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"

#define RACE_ADDRESSES_MAX 16u
/* Between attempts to different addresses (RFC 8305 8). */
#define RACE_DELAY_US 250000u
/* An attempt without SYN-ACK for so long is joined by a fresh one to the same address. */
#define RACE_JOIN_US 1000000u
/* Attempts under way: to one address, and to all. */
#define RACE_JOINED_MAX	  3u
#define RACE_ATTEMPTS_MAX 8u
#define RACE_NONE	  SIZE_MAX

struct race_address {
	struct addr addr;
	uint64_t tried_us; /* when the last attempt began; 0: never */
	unsigned open;	   /* attempts under way */
	bool in_round;	   /* tried since the round began */
};

struct race {
	bool single; /* one attempt to an address at a time: it repeats by itself what is lost */
	struct race_address list[RACE_ADDRESSES_MAX]; /* in order of rank */
	size_t count;
	size_t winner; /* index, or RACE_NONE */
	/* When the one that ranks first is to be tried again beside a lower winner; 0: not. */
	uint64_t retest_us;
	uint64_t retest_wait_us;
};

/*
 * Replaces the addresses; what is known of those that stay is kept.  At most RACE_ADDRESSES_MAX,
 * the rest is ignored.  in: in the order wanted within each family.
 */
void race_set(struct race *r, const struct addr *in, size_t count);

/*
 * Another network: what was found out about the addresses is void, and none has an attempt under way.
 * winner: which of them won there before, NULL: not known.
 */
void race_renew(struct race *r, const struct addr *winner);

/* The one that won; NULL: none has yet. */
static inline const struct addr *race_winner(const struct race *r)
{
	return r->winner == RACE_NONE ? NULL : &r->list[r->winner].addr;
}

/* Some address has never been tried. */
bool race_is_new(const struct race *r);

/* No address has been tried: a new round begins. */
void race_begin(struct race *r);

/*
 * The address of the next attempt, and in *ret_due_us when it may begin; quiet_us: since when
 * nothing was heard of any attempt under way (0: none is under way).  RACE_NONE: none now, however
 * long it lasts; with attempts under way their end decides.
 */
size_t race_next(const struct race *r, uint64_t quiet_us, uint64_t *ret_due_us);

/* Some address has not been tried in this round. */
bool race_round_open(const struct race *r);

void race_opened(struct race *r, size_t i, uint64_t now_us);
/* An attempt to this address is over, however it ended.  Unknown addresses are ignored. */
void race_closed(struct race *r, const struct addr *to);
/* Its handshake is good. */
void race_won(struct race *r, const struct addr *to, uint64_t now_us);

/* It ranks before the winner.  False for unknown addresses, and without a winner. */
bool race_is_better(const struct race *r, const struct addr *to);

/* The address to try again beside the winner, if that is due; RACE_NONE: none. */
size_t race_retest(const struct race *r, uint64_t now_us);
/* It was tried in vain: not again before twice the time, 10 minutes at most. */
void race_retest_failed(struct race *r, uint64_t now_us);

#endif
