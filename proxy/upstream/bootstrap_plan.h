/*
 * What is known of one name of an upstream, and when it is looked up: decisions only.  Time and
 * random numbers come in, nothing is sent from here.
 *
 * Without anybody who wants the name nothing is looked up.  Wanted and not known: at once, after a
 * failure 0.5 s later, doubling to 2 s (20 % either way): who waits has 4 s.  Wanted and known: once
 * the TTL has passed; or a minute after the last lookup when it is wanted again and again: then
 * connecting fails, and what is known may be a captive portal's answer, or yesterday's.  Both
 * families are asked side by side and neither waits for the other (RFC 8305 3). Whatever goes
 * wrong, what is known stays.
 */
#ifndef PROXY_UPSTREAM_BOOTSTRAP_PLAN_H
#define PROXY_UPSTREAM_BOOTSTRAP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"

#define BOOTSTRAP_FAMILY_MAX	8u /* addresses kept */
#define BOOTSTRAP_ADDRESSES_MAX (2 * BOOTSTRAP_FAMILY_MAX)
#define BOOTSTRAP_WAIT_FIRST_US 500000u
#define BOOTSTRAP_WAIT_MAX_US	2000000u
#define BOOTSTRAP_TTL_MIN_S	60u
#define BOOTSTRAP_TTL_MAX_S	86400u
/* Of addresses on file: older ones are looked up at the start, wanted or not. */
#define BOOTSTRAP_OLD_S (30u * 86400u)

/* Wanted for so long, with gaps no longer than that: somebody tries to connect, and cannot. */
#define BOOTSTRAP_RESTLESS_US	  10000000u
#define BOOTSTRAP_RESTLESS_GAP_US 15000000u

#define BOOTSTRAP_NEVER UINT64_MAX

/* The order in which they are asked and preferred (RFC 8305 3). */
enum bootstrap_family { BOOTSTRAP_IPV6 = 0, BOOTSTRAP_IPV4, BOOTSTRAP_FAMILIES };

enum bootstrap_verdict {
	BOOTSTRAP_FAILED = 0, /* nobody answered, or not with an answer */
	BOOTSTRAP_NONE,	      /* the name has no usable address of this family */
	BOOTSTRAP_FOUND,
};

/* The end of a lookup in one family. */
struct bootstrap_result {
	enum bootstrap_verdict verdict;
	struct addr addrs[BOOTSTRAP_FAMILY_MAX]; /* without port */
	size_t count;				 /* 0 unless FOUND */
	size_t unused;				 /* usable ones beyond: bound hit */
	uint32_t ttl_s;				 /* the least of the answer */
	const char *reason;			 /* unless FOUND; static */
};

struct bootstrap_plan {
	struct addr addrs[BOOTSTRAP_FAMILIES][BOOTSTRAP_FAMILY_MAX];
	size_t count[BOOTSTRAP_FAMILIES];
	uint64_t refresh_us;  /* what is known is good until then */
	uint64_t found_us;    /* the last lookup that was of use; 0: none */
	uint64_t wanted_us;   /* last want */
	uint64_t restless_us; /* the first of those that came close to each other */
	uint64_t retry_us;    /* not looked up before */
	uint32_t wait_us;     /* the last wait, before variation; 0: the last lookup was of use */
	bool looking;
	/* Of the lookup under way. */
	bool ended[BOOTSTRAP_FAMILIES];
	bool none[BOOTSTRAP_FAMILIES];
	bool found;
	uint32_t ttl_s;
};

static inline bool bootstrap_plan_known(const struct bootstrap_plan *p)
{
	return p->count[BOOTSTRAP_IPV6] + p->count[BOOTSTRAP_IPV4] > 0;
}

/* Addresses from the file: known, and to be refreshed when somebody wants them from then on. */
void bootstrap_plan_load(
	struct bootstrap_plan *p, const struct addr *addrs, size_t count, uint64_t refresh_us);

/* Somebody wants it: when the lookup is to begin (now at the soonest), or BOOTSTRAP_NEVER. */
uint64_t bootstrap_plan_want(struct bootstrap_plan *p, uint64_t now_us);

void bootstrap_plan_begin(struct bootstrap_plan *p);

/*
 * One family has ended.  When the other has, too, the lookup is over (looking is false) and, where
 * neither found anything, the next has to wait.  True: what is known has changed.
 */
bool bootstrap_plan_end(struct bootstrap_plan *p, enum bootstrap_family family,
	const struct bootstrap_result *r, uint64_t now_us, uint32_t random);

/*
 * Another network (design 5): what is known stays in use, and is looked up as soon as somebody wants it; no wait
 * holds any more.  Not while a lookup is under way.
 */
void bootstrap_plan_renew(struct bootstrap_plan *p);

/* All that is known, the families taking turns, IPv6 first; returns how many. */
size_t bootstrap_plan_addresses(
	const struct bootstrap_plan *p, struct addr ret[BOOTSTRAP_ADDRESSES_MAX]);

/* Takes one more address of an answer into *r: the unusable and the repeated are left out. */
void bootstrap_result_add(struct bootstrap_result *r, const struct addr *a);

#endif
