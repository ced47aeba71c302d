/*
 * How one upstream stands, as values: copied on the worker's thread for whoever asks (figures.h), who
 * adds up what several workers see of it.  Ages and waits instead of times: clocks of threads are not
 * compared.
 */
#ifndef PROXY_UPSTREAM_LOOK_H
#define PROXY_UPSTREAM_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "proxy/upstream/race.h"
#include "proxy/upstream/upstream.h"

#define LOOK_NAME_MAX 32u

enum cookie_look { COOKIES_NONE = 0, COOKIES_OFF, COOKIES_OFFERED, COOKIES_SPOKEN };

/* One address on one way. */
struct address_look {
	struct addr addr;
	bool datagrams; /* the way over datagrams; else that over a stream */
	unsigned ready, connecting, retiring, suspect; /* sessions now */
	uint64_t inflight;
	uint64_t age_us; /* of the oldest session that is ready */
	uint64_t
		idle_us; /* the last answer of any was so long ago; UINT64_MAX: none has answered */
	/* Of the newest session that is ready; "" where there is none. */
	char protocol[LOOK_NAME_MAX], cipher[LOOK_NAME_MAX];
	bool authenticated, resumed, clear;
	enum cookie_look cookies; /* of that session */

	/* From what was noted of the address (history.h); the sum, or what the first worker knows. */
	uint64_t full, resumptions, failed, answers, padded;
	uint64_t handshake_us, srtt_us;
	uint32_t pad_block;
	int64_t not_after;
	uint64_t failed_us; /* so long ago; UINT64_MAX: never */
	struct transport_end failure;
};

struct upstream_look {
	enum upstream_standing standing; /* the best that any worker sees */
	bool doubtful;			 /* it takes queries and answers badly: others go first */
	char reason[HEALTH_TEXT_MAX];	 /* why it is down; "" if it is not */
	uint64_t srtt_us;		 /* smoothed response time; 0: no answer yet */
	uint64_t down_us;		 /* for so long; 0: not */
	uint64_t retry_us;  /* the next attempt is due in so long; UINT64_MAX: none is planned */
	uint64_t unused_us; /* the last query given to it was so long ago; UINT64_MAX: none ever */
	uint64_t learnt_answers; /* on a connection; 0: no limit known */
	uint64_t learnt_idle_us; /* 0: no limit known */
	uint64_t silent_us;	 /* datagrams are let alone for so long yet; 0: they are not */
	size_t count;
	struct address_look address[2 * RACE_ADDRESSES_MAX];
};

/* From the face (ways.h); on its thread. */
void look_at(const struct upstream *face, uint64_t now_us, struct upstream_look *ret);

/* What another worker sees of the same upstream. */
void look_add(struct upstream_look *sum, const struct upstream_look *part);

/* When the first of the certificates that its addresses have shown expires; 0: none is known. */
int64_t look_expiry(const struct upstream_look *l);

/* "up", "starting", "unknown", "lost", "down" */
const char *look_standing_text(enum upstream_standing s);

#endif
