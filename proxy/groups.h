/*
 * The groups of upstreams of one worker: that of `forward`, then those of the zones.  A reload changes them in place:
 * what is made anew is prepared by main, the worker only takes it over.  Upstreams whose configuration is the same
 * go on with their sessions; others leave (pool.h); a zone that is gone is asked nothing new, and ends when what it
 * was asked is answered.
 */
#ifndef PROXY_GROUPS_H
#define PROXY_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/list.h"
#include "common/base/stats.h"
#include "common/base/timerq.h"
#include "common/config/change.h"
#include "common/config/config.h"
#include "common/dns/cookie_store.h"
#include "proxy/resolve/route.h"

struct addr;
struct cache;
struct group;
struct groups_change;
struct loop;
struct member;
struct tls_policy;
struct trust;

/* Zones that are gone and still owe answers, at most; beyond, those that wait longest are told so. */
#define GROUPS_RETIRED_MAX 32u

struct groups_setup {
	/* One for each of config->forward, borrowed for the call: references are taken. */
	struct tls_policy *const *policies;	 /* NULL where nothing is encrypted */
	struct tls_policy *const *dtls_policies; /* the same, where DTLS is spoken, else NULL */
	/*
	 * Called on the worker's thread, at most once a second for each upstream with a host: it
	 * has no address, or is about to connect.  groups_set_addresses comes when there is news.
	 */
	void (*want_addresses)(void *arg, size_t upstream);
	void *want_arg;
	/*
	 * Called on the worker's thread: a certificate is to be judged and the anchors are not loaded.
	 * groups_trust_loaded comes when they are, or can't be.
	 */
	void (*want_trust)(void *arg, struct trust *t);
	void *trust_arg;
	struct portal *portal; /* of all workers; only looked at by groups_init; NULL: none */
};

/* What is in use: by number in the configuration. */
struct groups_table {
	struct member **member; /* of each upstream */
	size_t upstream_count;
	struct group **group; /* the forward group, then the zones */
	size_t count;
	struct route_zone *zones;
	size_t forward_count;	  /* upstreams of the first */
	struct pool *portal_pool; /* NULL: none; one of the zones, without a name */
	unsigned portal_number;
};

struct groups {
	struct loop *loop;     /* borrowed */
	struct portal *portal; /* borrowed; NULL: none */
	struct groups_table now;
	struct list members; /* all there are, those that leave included */
	struct list retired; /* groups that are gone, the oldest first */
	size_t retired_count;
	struct timer retired_check;
	struct cookie_store cookies; /* of those asked in clear */
	void (*want_addresses)(void *arg, size_t upstream);
	void *want_arg;
	void (*want_trust)(void *arg, struct trust *t);
	void *trust_arg;
};

/* The loop is borrowed until groups_deinit.  0, -ENOMEM. */
int groups_init(struct groups *g, struct loop *loop, const struct config *config,
	const struct groups_setup *setup);
/* Both after a failure, too.  First: all sessions end; the loop is there still. */
void groups_stop(struct groups *g);
/* Then, after loop_deinit: what of the sessions was put off in the turn uses the ways until it is dropped. */
void groups_deinit(struct groups *g);

/*
 * Main's part of a change, from any thread: makes what is new.  change says what goes on of the configuration that
 * the worker has (or will have by then).  NULL: out of memory.
 */
struct groups_change *groups_prepare(struct groups *g, const struct config *fresh,
	const struct config_change *change, const struct groups_setup *setup);
/* The worker's: cannot fail.  Then what is left of it may be freed; or it is freed instead. */
void groups_apply(struct groups *g, struct groups_change *c);
void groups_change_free(struct groups_change *c);

/* Where a question goes; without pools after a failure. */
struct routes groups_routes(const struct groups *g);

/* Opens what will be needed soon: of the forward group alone. */
void groups_warm(struct groups *g);

/* The addresses of the i-th upstream of config->forward, with port; they replace what was known. */
void groups_set_addresses(
	struct groups *g, size_t upstream, const struct addr *addrs, size_t count);
/* Why no address of it is known, a clause, borrowed for the call. */
void groups_set_unknown(struct groups *g, size_t upstream, const char *why);
/* Connections that wait for these anchors go on. */
void groups_trust_loaded(struct groups *g, const struct trust *t);
/*
 * Another network, or the machine has slept (design 5, Networks and epochs): all connections are made anew, with
 * fresh tickets and cookies; what was learnt of paths is forgotten, but for who won the race, which is
 * kept for the network left and taken up again for the one entered (places below MEMBER_NETWORKS_MAX; the same
 * twice: nothing is known of a change).  fresh: at
 * these places nothing is known, one bit for each.
 */
void groups_renew(struct groups *g, size_t left, size_t entered, uint32_t fresh);
/*
 * These addresses are reached by another way, or can be reached that could not.  True: a connection, a
 * ticket or the last winner is among them, so that groups_renew is due.  Else those without any connection
 * try again at once.
 */
bool groups_moved(struct groups *g, const struct addr *addrs, size_t count);
/* The clock was set, see member_redate; here: the place of the present network. */
void groups_redate(struct groups *g, size_t here);
/*
 * The answers of zones that are asked in clear belong to the network that gave them; so do those of an opportunistic
 * upstream that was not authenticated: whoever was on the path there may have given them.
 */
void groups_flush_unproven(const struct groups *g, struct cache *cache);
/*
 * After groups_apply: those of such zones, or of upstreams of theirs, that are gone, too; what they still answer is
 * not kept.
 */
void groups_flush_gone(struct groups *g, struct cache *cache);

/* What one upstream has counted, over both of its ways. */
void groups_get_stats(const struct groups *g, size_t upstream, struct stats *ret);
/* Sessions of all. */
unsigned groups_sessions(const struct groups *g);

#endif
