/*
 * DNS64 for the queries of one worker: the prefix, and the search for it where it is not given (option
 * dns64).  That search is a question about ipv4only.arpa, asked when the first AAAA question comes and again
 * when the answer has aged; until it is answered nothing is made.
 */
#ifndef PROXY_RESOLVE_DNS64_H
#define PROXY_RESOLVE_DNS64_H

#include "common/base/turn.h"
#include "common/local/dns64.h"
#include "proxy/resolve/lookup.h"

struct dns64 {
	struct turn *turn;	 /* borrowed */
	struct lookups *lookups; /* borrowed */
	bool on, discover;
	bool known;
	struct prefix prefix; /* where known */
	uint64_t next_us;     /* not to be searched for before */
	struct lookup_waiter waiter;
};

/* option: "", "auto" or a prefix, checked. */
void dns64_init(struct dns64 *d, const char *option, struct turn *turn, struct lookups *lookups);
/* Before the lookups go. */
void dns64_deinit(struct dns64 *d);

/*
 * Perhaps another network, with another NAT64 or none: what a search has found is searched for anew.  moved: it is another
 * one for certain, and until something is found there nothing is made.
 */
void dns64_renew(struct dns64 *d, bool moved);

/* A query has come that may want it: looks after the prefix. */
void dns64_note(struct dns64 *d, const struct dns_question *q);

/*
 * Whether a query's answer may be one to be made of its A records (RFC 6147 5.1): see dns64_wanted.  flags and
 * dnssec_ok are the client's: one that validates by itself wants the truth (5.5).
 */
bool dns64_may(const struct dns64 *d, const struct dns_question *q, uint16_t flags, bool dnssec_ok);

/* The same question about A, made ready; what it borrows, *ret_message included, stays until lookup_start. */
void dns64_prepare(const struct dns64 *d, const struct dns_question *q, uint16_t flags,
	struct dns_message *ret_message, struct lookup_ask *ret_ask);

#endif
