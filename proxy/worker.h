/*
 * A worker: one thread with its loop, its sockets, clients, lookups and sessions.  Nothing of it is
 * touched by another thread; what others want of it they post to its mailbox.
 */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/stats.h"
#include "common/config/config.h"
#include "proxy/client/sockets.h"
#include "proxy/groups.h"
#include "proxy/mailbox.h"
#include "proxy/upstream/look.h"

struct cache;
struct explain;
struct worker;
struct cookie_secrets;
struct local_blocks;
struct local_names;
struct trust;
struct listen_address;
struct tap;

/* What a worker says of one upstream. */
struct upstream_report {
	struct stats stats;
	struct upstream_look look;
};

/* What a worker says of itself when asked. */
struct worker_report {
	struct stats stats; /* of all that it does */
	/* Of these, for each of config->forward; room of whoever asks. */
	struct upstream_report *upstreams;
	bool knows_upstreams; /* false: the worker has another configuration, they are not told */
	size_t queries_inflight, tcp_clients;
	unsigned sessions;
	uint64_t udp_drops;		    /* by the kernel */
	uint64_t long_turns;		    /* bound hit: rounds of a turn */
	uint64_t mails_refused;		    /* bound hit: mails that waited for it */
	uint64_t blocked[CONFIG_BLOCK_MAX]; /* replies, by block list */
};

/* A new epoch, as main tells workers of it (proxy/epochs.h). */
struct worker_epoch {
	uint64_t slept_us; /* how long the machine has slept in all by now */
	bool moved;	   /* upstreams are reached by another way; else it is only that it slept */
	size_t left, entered; /* places of networks, see groups_renew */
	uint32_t fresh;
};

struct worker_setup {
	struct config *config; /* it takes a reference */
	struct groups_setup upstreams;
	struct cache *cache;		     /* of all workers; borrowed; NULL: none */
	const struct listen_address *listen; /* in step with sockets; borrowed for the call */
	struct socket_pair *sockets;	     /* taken: set to -1 as they change hands */
	size_t socket_count;
	bool sockets_are_ours; /* not passed by the service manager */
	bool counts_drops; /* false: the sockets are another's too, which reports them */
	const struct cookie_secrets *cookie_secrets; /* copied */
	size_t tcp_clients;			     /* at most, as far as descriptors go */
	/* Called on the worker's thread, which has renewed its upstreams: the machine has slept. */
	void (*resumed)(void *arg);
	void *resumed_arg;
	/* What is answered here; borrowed for the call, blocks may be NULL. */
	struct tap *tap;	  /* NULL: none; borrowed, outlives the worker */
	const uint8_t *local_key; /* SUFFIX_KEY octets: of these and of all that come later */
	struct local_names *names;
	struct local_blocks *blocks;
};

/* Built, not running. NULL: out of memory. */
struct worker *worker_new(const struct worker_setup *setup);

/*
 * Main's part of a reload: makes all that another configuration needs, of setup but the sockets, so that the worker's
 * part can't fail.  change: against the configuration that the worker has then.  NULL: out of memory.
 */
struct worker_change;
struct worker_change *worker_prepare(
	struct worker *w, const struct worker_setup *setup, const struct config_change *change);
/* Inside mail: goes by it from now on.  What is left of it is for worker_change_free, on any thread. */
void worker_change(struct worker *w, struct worker_change *c);
/* Instead of it, too; NULL is fine. */
void worker_change_free(struct worker_change *c);
/* 0 or negative errno. */
int worker_start(struct worker *w);

/* From any thread. */
struct mailbox *worker_mailbox(struct worker *w);
/*
 * Inside mail delivered to this worker.  ret->upstreams has room for those of config, which are told
 * if it is the worker's.
 */
void worker_get_report(struct worker *w, const struct config *config, struct worker_report *ret);
/*
 * Inside mail: the addresses of the i-th upstream of config->forward, with port; they replace what
 * was known.
 */
void worker_set_addresses(
	struct worker *w, size_t upstream, const struct addr *addrs, size_t count);
/* Inside mail: why no address of it is known, a clause, borrowed for the call. */
void worker_set_unknown(struct worker *w, size_t upstream, const char *why);
/* Inside mail: replaces the secrets of the cookies for clients; copied. */
void worker_set_cookie_secrets(struct worker *w, const struct cookie_secrets *secrets);
/* Inside mail: connections that wait for these anchors go on. */
void worker_trust_loaded(struct worker *w, const struct trust *t);
/* Inside mail: what is answered here from now on; it takes references of its own. */
void worker_set_local(struct worker *w, struct local_names *names, struct local_blocks *blocks);
/* Inside mail: asks its query; what comes of it: explain.h. */
void worker_explain(struct worker *w, struct explain *x);
/* Inside mail: all connections are made anew, unless that was done for the same reason already. */
void worker_renew(struct worker *w, const struct worker_epoch *e);
/* Inside mail: the wall clock was set. */
void worker_clock_set(struct worker *w);
/* Inside mail: as groups_moved. */
bool worker_moved(struct worker *w, const struct addr *addrs, size_t count);
/*
 * Inside mail: takes no more queries, ends its thread when those in flight are answered, or after 2
 * s.
 */
void worker_drain(struct worker *w);

/* Waits for its thread, then frees all. */
void worker_free(struct worker *w);

#endif
