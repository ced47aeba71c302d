/*
 * The names of upstreams: looked up from the bootstrap servers, kept, refreshed.  On main's thread
 * and event base only.
 *
 * At the start each name is looked up once, unless its last good addresses are on file; from then
 * on only what somebody wants (bootstrap_plan.h has the rules).  Names are independent of each
 * other: a bad one delays nobody.
 */
#ifndef PROXY_UPSTREAM_BOOTSTRAP_H
#define PROXY_UPSTREAM_BOOTSTRAP_H

#include <stddef.h>

#include "common/base/addr.h"

#define BOOTSTRAP_NAMES_MAX   64u
#define BOOTSTRAP_SERVERS_MAX 16u

struct event_base;
struct bootstrap;

struct bootstrap_setup {
	struct event_base *base;
	const struct addr *servers; /* with port; none: only what is on file is known */
	size_t server_count;	    /* at most BOOTSTRAP_SERVERS_MAX */
	const char *const *names;   /* borrowed, outlive it; at most BOOTSTRAP_NAMES_MAX */
	size_t name_count;
	const char *state_dir; /* borrowed; "": nothing is kept */
	/*
	 * All that the i-th name stands for now, without port, at least one; comes when that has
	 * changed, from the event loop or from bootstrap_start.
	 */
	void (*found)(void *arg, size_t name, const struct addr *addrs, size_t count);
	/*
	 * No address of the i-th name is known, and looking it up has failed: why, a clause, borrowed
	 * for the call.  From the event loop.
	 */
	void (*failed)(void *arg, size_t name, const char *reason);
	void *arg;
};

/* NULL with one sentence. */
struct bootstrap *bootstrap_new(const struct bootstrap_setup *setup, char *error, size_t size);
void bootstrap_free(struct bootstrap *b);

/* Gives out what is on file and begins the first lookups. */
void bootstrap_start(struct bootstrap *b);

/*
 * Another network: lookups under way begin anew, and what is known is looked up again as soon as somebody wants
 * it.  It stays in use meanwhile.
 */
void bootstrap_renew(struct bootstrap *b);

/* Somebody would use the addresses of the i-th name now.  Cheap; may be said often. */
void bootstrap_want(struct bootstrap *b, size_t name);

#endif
