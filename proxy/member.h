/*
 * One upstream of a worker: its ways (what is opened, how, under which label), and what they count.  It lives as
 * long as its sessions, which may be longer than the configuration that it comes from.
 */
#ifndef PROXY_MEMBER_H
#define PROXY_MEMBER_H

#include <net/if.h>
#include <stddef.h>

#include "common/base/list.h"
#include "common/base/stats.h"
#include "common/config/config.h"
#include "proxy/upstream/plain.h"
#include "proxy/upstream/tls_endpoint.h"
#include "proxy/upstream/upstream.h"

struct cookie_store;
struct groups;
struct tls_policy;

#define MEMBER_LABEL_MAX 300
/* Networks for which it is remembered who won the race there. */
#define MEMBER_NETWORKS_MAX 16u
/* It belongs to no group any more. */
#define MEMBER_LEFT SIZE_MAX

/* How it is reached on one way, and what that is called. */
struct way {
	struct tls_endpoint endpoint; /* without policy in clear */
	struct plain_endpoint plain;  /* else empty but for the loop and the counters */
	struct stats stats;	      /* its own; what concerns no single upstream is the loop's */
	char label[MEMBER_LABEL_MAX];
	struct addr winners[MEMBER_NETWORKS_MAX]; /* of the race, by network; AF_UNSPEC: none */
};

struct member {
	struct list node;	  /* the owner's */
	size_t number;		  /* the owner's: in config->forward, or MEMBER_LEFT */
	struct upstream upstream; /* over datagrams where there are two ways; what a pool knows */
	struct way way;
	/* The stream beside it; empty where there is none. */
	struct upstream stream;
	struct way stream_way;
	struct tls_policy *tls, *dtls; /* a reference each; NULL: not spoken */
	char device[IF_NAMESIZE];      /* that it must be reached through; "": any */
};

/* All borrowed; what outlives the call is said. */
struct member_setup {
	struct loop *loop; /* outlives it */
	const struct config_upstream *upstream;
	const char *device;	       /* "": any */
	struct tls_policy *tls, *dtls; /* it takes references */
	struct cookie_store *cookies;  /* of those asked in clear; outlives it */
	/* Both are called on the worker's thread with this argument, see groups.h. */
	void (*want_addresses)(void *arg, struct upstream *up);
	void (*want_trust)(void *arg, struct trust *t);
	void (*authenticated)(void *arg, struct upstream *up); /* see upstream.h */
	void *arg;
};

/* Ready to be given to a pool, without addresses; touches nothing of the loop.  NULL: out of memory. */
struct member *member_new(const struct member_setup *setup);
/* Its sessions are gone, from the turn too. */
void member_free(struct member *m);

static inline struct member *member_of(struct upstream *face)
{
	return container_of(face, struct member, upstream);
}

/* Connections that wait for these anchors go on. */
void member_trust_loaded(struct member *m, const struct trust *t);
/*
 * Another network, see groups_renew: it begins anew on both ways.  The pool is told afterwards (pool_renewed).
 */
void member_renew(struct member *m, size_t left, size_t entered, uint32_t fresh);
/*
 * The clock is set: where a certificate was judged by an assumed date all is made anew, as on another network.
 * here: the place of the present one.
 */
void member_redate(struct member *m, size_t here);
/* A connection, a ticket or the last winner is at this address; ports don't count. */
bool member_concerns(const struct member *m, const struct addr *a);

/* What it has counted, over both of its ways. */
void member_get_stats(const struct member *m, struct stats *ret);
/* The same; from now on it counts from zero. */
void member_take_stats(struct member *m, struct stats *ret);

#endif
