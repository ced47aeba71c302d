/*
 * What is answered here instead of upstream: local records, special-use names, blocked names, ANY over UDP
 * (RFC 8482), and reverse names of DNS64, what may not come from outside (private-address).  One per worker; the data behind it is
 * shared and swapped whole.
 *
 * The order: records go before special-use names, these before block lists.
 */
#ifndef PROXY_RESOLVE_LOCAL_H
#define PROXY_RESOLVE_LOCAL_H

#include "common/base/stats.h"
#include "common/config/config.h"
#include "common/local/answer.h"
#include "common/local/special.h"
#include "proxy/resolve/local_data.h"
#include "proxy/resolve/route.h"

struct dns64;

struct local {
	const struct config *config; /* borrowed */
	struct stats *stats;	     /* borrowed */
	uint8_t key[SUFFIX_KEY];
	struct routes routes; /* which zones there are; empty until it is set */
	struct special special;
	struct nameset private_except;
	struct local_names *names;	    /* a reference; NULL: none */
	struct local_blocks *blocks;	    /* a reference; NULL: none */
	const struct dns64 *dns64;	    /* borrowed; NULL: none */
	uint8_t dns64_name[DNS_NAME_MAX];   /* that a reply's alias leads to */
	uint64_t blocked[CONFIG_BLOCK_MAX]; /* replies, by list */
	struct local_reply reply;
};

/* The key is that of all data it will be given.  0, -ENOMEM. */
int local_init(struct local *l, const struct config *config, struct stats *stats,
	const uint8_t key[SUFFIX_KEY]);
void local_deinit(struct local *l);

/* What the configuration says of it, made ready by another thread; the configuration is borrowed.  NULL: no memory. */
struct local_change;
struct local_change *local_prepare(const struct config *config, const uint8_t key[SUFFIX_KEY]);
void local_change_free(struct local_change *c);
/* From now on by this; what was before is left in it.  Counters of lists go on where the lists are the same. */
void local_change(struct local *l, struct local_change *c);

/* From now on these; takes a reference of its own. */
void local_set_names(struct local *l, struct local_names *names);
void local_set_blocks(struct local *l, struct local_blocks *blocks);

/*
 * The answer to a question whose name is folded, valid until the next call; NULL: it goes upstream.  stream: it came over TCP.
 * zone_labels: labels of the zone that the question falls into, 0: none; a zone goes before special-use
 * names that are no longer than it, and before block lists.
 * Where reply->outside is set, that name is to be asked for, too: see local_join.
 */
const struct local_reply *local_answer(
	struct local *l, const struct dns_question *q, bool stream, unsigned zone_labels);

/*
 * The answer to a question (folded) that is an alias of a name outside (reply->outside was set), given the upstream's
 * answer about that name; valid until the next call.
 */
const struct local_reply *local_join(struct local *l, const struct dns_question *q, bool stream,
	unsigned zone_labels, const struct dns_message *answer);

/*
 * Whether an upstream's answer points to where none may; q is what it was asked.  Answers of zones, which are
 * inside themselves, are not for it.
 */
bool local_refuses(
	const struct local *l, const struct dns_question *q, const struct dns_message *answer);
/* The same: what is said instead, valid until the next call; NULL: the answer is fine. */
const struct local_reply *local_refuse(
	struct local *l, const struct dns_question *q, const struct dns_message *answer);

#endif
