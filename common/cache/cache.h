/*
 * The answer cache: whole answers, each under the question that it answers and nothing else (threats
 * A04).  Shared by all workers: split into shards by hash, each with a mutex and memory of its own.
 *
 * An answer is kept in the form in which a hit needs it: without OPT, records as they stand behind
 * the question, the places of their TTLs noted.  So a hit is: find, copy, give it the client's head,
 * the TTL and the client's OPT.  Nothing is allocated but in cache_new (and in cache_store for the
 * rare answer whose records must be moved): a shard's memory is one piece of blocks, and what is
 * kept takes as many as it needs, so the budget is hard, whatever sizes come (threats A46).
 *
 * Replacement is S3-FIFO: a newcomer stands in a small queue (a tenth of the memory) and comes into
 * the main queue only if it is asked for again there, or soon after it left (its hash is remembered
 * for a while); the main queue gives those that were asked for another round.  A flood of names that
 * are asked once passes through the small queue alone.
 *
 * Times are seconds of a clock that also runs while the machine sleeps (CLOCK_BOOTTIME); any
 * 32-bit count that moves forward will do.
 */
#ifndef COMMON_CACHE_CACHE_H
#define COMMON_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cache/key.h"
#include "common/dns/message.h"
#include "common/dns/rewrite.h"

/* Least memory that a cache can have. */
#define CACHE_SIZE_MIN (64u * 1024u)
/* TTL of an answer that has outlived its own (RFC 8767 4), and rest after an attempt to renew it. */
#define CACHE_STALE_TTL_S   30u
#define CACHE_STALE_RETRY_S 30u

struct cache;

struct cache_settings {
	size_t size; /* octets, all included; CACHE_SIZE_MIN at least */
	uint32_t min_ttl_s, max_ttl_s;
	uint32_t stale_s; /* how long an answer may be given after its TTL has passed; 0: never */
	uint8_t secret[16];
};

/* Figures of all shards; sums since the start, except where said. */
struct cache_figures {
	uint64_t entries, octets;	    /* now; octets of the blocks in use */
	uint64_t stored, evicted, admitted; /* admitted: came into the main queue */
	uint64_t too_large;		    /* bound hit: an answer above an eighth of a shard */
};

/* NULL: out of memory. */
struct cache *cache_new(const struct cache_settings *settings);
void cache_free(struct cache *c); /* NULL is fine */

/* The secret of cache_settings, for cache_key_make. */
const uint8_t *cache_secret(const struct cache *c);

void cache_get_figures(struct cache *c, struct cache_figures *ret);

/* ------------------------------------------------------------------ hits */

struct cache_entry;
struct cache_shard;

enum cache_found {
	CACHE_NONE = 0, /* ask upstream */
	CACHE_FRESH,
	CACHE_STALE, /* ask upstream; if that fails or takes long, there is this */
};

/* What was found; its shard stays locked until cache_release. */
struct cache_hit {
	struct cache_shard *shard;
	struct cache_entry *entry;
	uint32_t ttl_s; /* of every record of the reply */
	bool stale;
	bool resting;	 /* stale, and renewing it was tried lately: give it at once */
	bool ad_asked;	 /* it was asked for with AD or DO */
	bool almost_old; /* asked for often enough and about to expire: a case for prefetch */
	bool cut;	 /* it is the answer for a name above the one asked for (cache_find_cut) */
};

/*
 * wants_ad: the client asks for AD (AD or DO); an answer that was asked for without it is none for
 * such a client.  Only with CACHE_NONE nothing is locked.
 */
enum cache_found cache_find(struct cache *c, const struct cache_key *k, bool wants_ad, uint32_t now,
	struct cache_hit *ret);

/*
 * Where cache_find found nothing: the nearest name above is known not to exist, safely, so that this
 * one does not either (RFC 8020; which answers may say so, and how they are found: cut.h).  True:
 * *ret is as from cache_find, and cache_write makes of it an NXDOMAIN with the authority section
 * that came for the name above; never stale, never a case for prefetch.  Adds to *probes how many
 * names were looked up: none where nothing in the cache could say so.
 */
bool cache_find_cut(struct cache *c, const struct cache_key *k, bool wants_ad, uint32_t now,
	struct cache_hit *ret, uint64_t *probes);

/*
 * A query of this key is to come: memory is fetched ahead while others are dealt with, in two steps
 * with something between them.  Hints only; nothing is locked.
 */
void cache_expect(const struct cache *c, const struct cache_key *k);
void cache_expect_soon(const struct cache *c, const struct cache_key *k);

/* The question that it answers; its name, in lower case, is written to the array. */
void cache_question(
	const struct cache_hit *h, uint8_t name[DNS_NAME_MAX], struct dns_question *ret);
/* Room that cache_write may need. */
size_t cache_reply_max(const struct cache_hit *h, const struct client_form *f);
/*
 * The reply in the client's form, as rewrite_answer would have made it, but AA clear (RFC 1034
 * 4.3.2), every TTL the same, AD off when stale.  Its length; 0: cap is too small, or the records of
 * a cut can't be moved behind this question.
 */
size_t cache_write(
	const struct cache_hit *h, const struct client_form *f, uint8_t *out, size_t cap);
/* For people. */
struct cache_facts {
	uint32_t ttl_s; /* as long as it was to live when it came */
	uint32_t age_s;
	unsigned hits; /* at least, up to 255 are counted */
};
void cache_get_facts(const struct cache_hit *h, uint32_t now, struct cache_facts *ret);

/* Whoever refreshes it now: no other hit is told that it is almost old. */
void cache_note_refresh(const struct cache_hit *h);
void cache_release(struct cache_hit *h);

/* ------------------------------------------------------------------ answers */

/* An answer that parsed MESSAGE_OK and was matched to the question of its key. */
struct cache_answer {
	const struct dns_message *message;
	bool trusted;  /* the session was authenticated: AD means something */
	bool ad_asked; /* the query had AD or DO */
};

/* What was made of it. */
enum cache_stored {
	CACHE_NOT_STORED = 0,
	CACHE_STORED,
	CACHE_KEPT_OLD, /* the upstream failed, and what was known is still of use */
	CACHE_REMOVED,	/* what was known is outdated, and this can't be kept */
};

enum cache_stored cache_store(
	struct cache *c, const struct cache_key *k, const struct cache_answer *a, uint32_t now);

/* Renewing it came to nothing, or takes long: it is given at once for the next rest_s seconds. */
void cache_rest(struct cache *c, const struct cache_key *k, uint32_t now, uint32_t rest_s);

/* ------------------------------------------------------------------ flushing */

/*
 * Which answers; a zeroed filter fits all.  With a name also those for names above it that deny
 * what is below them (cut.h), so that it is asked for again.
 */
struct cache_filter {
	const uint8_t *name; /* wire form, any letter case; NULL: any name */
	bool below;	     /* and every name under it */
	bool has_policy;
	uint64_t policy;
	bool untrusted; /* only what came over no authenticated session */
};

/* Removes them; returns how many.  Walks through everything. */
size_t cache_flush(struct cache *c, const struct cache_filter *f);

/* ------------------------------------------------------------------ keeping over a restart */

/* One answer as it leaves; valid during the call. */
struct cache_item {
	struct cache_key key; /* its hash is of this start */
	const uint8_t *message;
	size_t len;
	uint32_t ttl_s; /* as long as it was to live when it came */
	int32_t left_s; /* of that; negative: stale for so long */
	bool trusted, ad_asked;
};

/* Calls for every answer but failures, with the shard locked; oldest first. */
void cache_walk(struct cache *c, uint32_t now,
	void (*visit)(void *arg, const struct cache_item *item), void *arg);

/* What cache_walk gives, into another cache with the same secret. */
void cache_copy(struct cache *to, struct cache *from, uint32_t now);

/* Takes back what cache_walk gave: as cache_store does, aged to left_s. */
enum cache_stored cache_restore(struct cache *c, const struct cache_key *k,
	const struct cache_answer *a, int32_t left_s, uint32_t now);

#endif
