/*
 * The session tickets of one upstream and worker (RFC 8446 4.6.1, RFC 5077): each is used once, for
 * the address that gave it and the policy under which its first certificate was accepted.  A resumed
 * handshake shows no certificate, so the ticket carries the verdict; an hour after that verdict, or
 * once the certificate has expired, the chain of resumptions ends (design 5, standards 7.6).
 *
 * Knows no TLS library.  Times are CLOCK_BOOTTIME in microseconds: a ticket ages while we sleep.
 */
#ifndef PROXY_UPSTREAM_TICKETS_H
#define PROXY_UPSTREAM_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/base/addr.h"
#include "common/base/list.h"

/* Kept at most, for each address and in all; the oldest go first. */
#define TICKETS_EACH	  4u
#define TICKETS_MAX	  32u
#define TICKET_OCTETS_MAX 8192u
/* From the full handshake on. */
#define TICKET_CHAIN_US (3600ull * 1000000)

/* What the last full handshake has found. */
struct verdict {
	bool authenticated;
	time_t not_after;   /* of the certificate; wall clock, 0: not known */
	uint64_t judged_us; /* when */
	uint64_t policy;    /* tls_policy.id under which */
};

struct ticket {
	struct list node;
	struct addr addr;
	struct verdict verdict;
	uint64_t drops; /* of the store, when it was taken out */
	size_t len;
	uint8_t data[]; /* the library's session data: secret */
};

struct tickets {
	struct list list; /* the newest first */
	size_t count;
	uint64_t drops; /* calls of tickets_drop so far */
};

void tickets_init(struct tickets *ts);
void tickets_deinit(struct tickets *ts);

/* Keeps a copy.  Quietly not, when it is too long, too old, or there is no memory. */
void tickets_put(struct tickets *ts, const struct addr *addr, const struct verdict *verdict,
	const void *data, size_t len, uint64_t now_us);

/*
 * The newest ticket for the address that may still be used under the policy, out of the store: the
 * caller's, for ticket_free or tickets_return.  NULL: none.
 */
struct ticket *tickets_take(
	struct tickets *ts, const struct addr *addr, uint64_t policy, uint64_t now_us, time_t wall);

/* There is one for this address; ports don't count. */
bool tickets_any(const struct tickets *ts, const struct addr *addr);

/* Gives one back that nobody has seen.  It is freed if any were dropped meanwhile: what failed may concern it. */
void tickets_return(struct tickets *ts, struct ticket *t);

/* Wipes and frees; NULL is fine. */
void ticket_free(struct ticket *t);

/* After a failure: those of an address, or all (NULL). */
void tickets_drop(struct tickets *ts, const struct addr *addr);

#endif
