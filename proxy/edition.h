/*
 * An edition of the configuration: all that main makes of one and keeps while it is in use.  It is made whole or not
 * at all, beside the one in use, of which it takes over what has not changed.
 */
#ifndef PROXY_EDITION_H
#define PROXY_EDITION_H

#include <stddef.h>

#include "common/config/change.h"
#include "common/config/config.h"
#include "proxy/exit_code.h"
#include "proxy/policies.h"

struct cache;
struct event_base;
struct files;
struct mailbox;
struct names;
struct secrets;
struct self_socket;
struct trusts;
struct worker;
struct worker_setup;

struct edition {
	struct config *config; /* a reference */
	struct trusts *trusts;
	struct policies policies; /* of upstreams */
	struct secrets *secrets;
	struct files *files;	     /* of local names and block lists */
	struct names *names;	     /* of upstreams; NULL until edition_serve */
	struct cache *cache;	     /* of all workers; NULL: none */
	struct config_change change; /* against the one before */
};

/* Where an edition is used; borrowed, outlives it. */
struct edition_place {
	struct event_base *base; /* main's */
	struct mailbox *mailbox;
	const struct self_socket *bound; /* as others reach them */
	size_t bound_count;
	struct worker *const *workers;
	size_t worker_count;
	/* Some upstream has other addresses than before. */
	void (*addresses_changed)(void *arg);
	void *changed_arg;
	uint8_t secret[16]; /* of all caches */
};

/*
 * What -t looks at: files yes, sockets no.  Takes a reference to the configuration.  before: the one in use, or NULL.
 * NULL with the exit code and one sentence.
 */
struct edition *edition_new(struct config *config, const struct edition *before, bool check_only,
	enum exit_code *ret_code, char *error, size_t size);
/*
 * The rest of it: upstreams are not ourselves, names can be looked up, the cache is there.
 */
enum exit_code edition_serve(struct edition *e, const struct edition_place *at,
	const struct edition *before, char *error, size_t size);

/* What it says of a worker, but for the sockets. */
void edition_fill(const struct edition *e, struct worker_setup *ret);

/* In use from now on: files are watched, secrets rotated.  The workers have it, or will have.  0 or -ENOMEM. */
int edition_start(struct edition *e, const struct edition_place *at);
/* Names of upstreams are looked up. */
void edition_look_up(struct edition *e, const struct edition *before);
/* The one of before, at the same time: `after` has what they share. */
void edition_retire(struct edition *e, const struct edition *after);

/* Instead of using one that was made to serve. */
void edition_drop(struct edition *e, const struct edition *before);

/* No worker uses it any more.  NULL is fine. */
void edition_free(struct edition *e);

#endif
