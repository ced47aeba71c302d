/*
 * What one client may take.  Queries in flight by client (an IPv4 address, an IPv6 /64), and queries a second
 * over UDP by network (IPv4 /24, IPv6 /56), where sources may be forged: a valid DNS cookie shows that this
 * one is not, and lifts all limits that are there because of it.  Clients on this machine have no limits:
 * they can't be forged from elsewhere, and all have one address.
 */
#ifndef PROXY_CLIENT_QUOTA_H
#define PROXY_CLIENT_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/base/random.h"
#include "common/base/slab.h"
#include "common/base/stats.h"

/* An answer that is older is not sent to a source that may be forged (threats A45). */
#define QUOTA_LATE_US 1900000u
/* With a rate limit, a reply to a source that may be forged is at most so many times its query (A48). */
#define QUOTA_AMPLIFY 10u

struct quota_client;
struct quota_bucket;

struct quota {
	uint8_t key[16];
	struct stats *stats; /* borrowed */
	unsigned per_client; /* in flight */
	unsigned rate;	     /* a second; 0: no limit */
	struct slab slab;
	struct quota_client **clients; /* owned; chains */
	size_t client_slots;
	struct quota_bucket *buckets; /* owned; NULL: no rate limit */
};

/* max_queries: all that can be in flight. 0, -ENOMEM. */
int quota_init(struct quota *l, unsigned max_queries, unsigned per_client, unsigned rate,
	struct random_source *random, struct stats *stats);
void quota_deinit(struct quota *l);

/* Memory for the rates of networks: what quota_change may need.  NULL: none. */
struct quota_bucket *quota_buckets_new(void);
/* Other limits, for those in flight too; takes the buckets (which may be NULL where no rate is limited). */
void quota_change(struct quota *l, unsigned max_queries, unsigned per_client, unsigned rate,
	struct quota_bucket *buckets);

/* Whether the source of a query may be forged. */
bool quota_doubts(const struct addr *peer, bool stream, bool has_cookie);

enum quota_verdict {
	QUOTA_PASS = 0,
	QUOTA_DROP,
	QUOTA_TRUNCATE, /* an empty reply with TC: whoever is there comes back over TCP */
};

/* A query of a doubtful source; counts it. */
enum quota_verdict quota_rate(struct quota *l, const struct addr *peer, uint64_t now_us);

/*
 * A query begins: *ret_client is what quota_end wants, NULL for clients without limit.  False: this client
 * has as many as it may.
 */
bool quota_begin(struct quota *l, const struct addr *peer, struct quota_client **ret_client);
void quota_end(struct quota *l, struct quota_client *client);

#endif
