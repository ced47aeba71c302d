/*
 * What was seen of each address of an upstream on one way, for people: nothing is decided by it.  One per upstream
 * and worker; entries are made when they are needed, and one that no session uses makes room for another.
 */
#ifndef PROXY_UPSTREAM_HISTORY_H
#define PROXY_UPSTREAM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "proxy/upstream/transport.h"

#define HISTORY_MAX 16u

struct history_entry {
	struct addr addr;
	unsigned users;	 /* sessions that point here */
	uint64_t used_us; /* when something was noted last, but for answers */

	uint64_t full, resumed;	  /* handshakes; connections in clear count as full */
	uint64_t failed;	  /* attempts that came to nothing, and sessions lost */
	uint64_t handshake_us;	  /* how long the last took, connecting included; 0: none was good */
	int64_t not_after;	  /* of the certificate: seconds since 1970; 0: not known */
	uint64_t answers, padded; /* padded: of these, with a padding option */
	uint32_t pad_block; /* the largest number that divides the length of all of them; 0: none came */
	uint64_t srtt_us;   /* smoothed response time; 0: no answer yet */
	uint64_t failed_us; /* when, the last time; 0: never */
	struct transport_end failure; /* the last; without what stood unfinished */
};

struct history {
	struct history_entry *entry[HISTORY_MAX]; /* owned */
	size_t count;
};

void history_deinit(struct history *h);

/* A session is ready: the entry that it may point to until history_left.  NULL: no room, no memory. */
struct history_entry *history_connected(struct history *h, const struct addr *to,
	const struct transport_info *info, uint64_t took_us, uint64_t now_us);
void history_left(struct history_entry *e); /* NULL is fine */

void history_failed(
	struct history *h, const struct addr *to, const struct transport_end *end, uint64_t now_us);

/* Of a session that points to it. */
void history_answered(struct history_entry *e, uint64_t took_us, bool padded, size_t len);

/* NULL: nothing is known of this address. */
const struct history_entry *history_find(const struct history *h, const struct addr *addr);

#endif
