/*
 * The names of the configuration's upstreams: which upstream needs which, and how addresses come to
 * the workers.  Looking them up is bootstrap's; this file adds the port, leaves out what would lead
 * back to us (threats A51), and posts.
 *
 * On main's thread, but for names_want.
 */
#ifndef PROXY_NAMES_H
#define PROXY_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/config.h"

struct addr;
struct event_base;
struct mailbox;
struct names;
struct self_socket;
struct worker;

/* All borrowed, outlive it. */
struct names_setup {
	struct event_base *base;
	struct mailbox *mailbox;	  /* of main's thread */
	const struct config *config;	  /* until names_change */
	const struct self_socket *listen; /* what is really bound */
	size_t listen_count;
	struct worker *const *workers; /* filled in before names_start */
	size_t worker_count;
	/* Called when some upstream has other addresses than before; NULL: nobody. */
	void (*changed)(void *arg);
	void *changed_arg;
};

/*
 * Complains in the log about bootstrap servers that cannot be used.  before: what it knows of the same names is
 * taken over; borrowed for the call, may be NULL.  NULL with one sentence.
 */
struct names *names_new(
	const struct names_setup *setup, const struct names *before, char *error, size_t size);

/* Whether it looks up what that configuration needs, from where it says: then names_change is enough. */
bool names_suits(const struct names *n, const struct config *config);
/*
 * The workers have that configuration from now on: they get what is known.  Also after names_new with a `before`,
 * before names_start.
 */
void names_change(struct names *n, const struct config *config);
/* Tells the workers nothing any more: others are in use. */
void names_stop(struct names *n);
/* After the workers, whose threads call names_want, and what they have posted by then. */
void names_free(struct names *n);

/* Posts what is on file, begins the first lookups. */
void names_start(struct names *n);

/* Another network, see bootstrap_renew. */
void names_renew(struct names *n);

/*
 * What is known of the i-th upstream's name, without port; 0: nothing, or its addresses are written.  As
 * many as max are written to ret.
 */
size_t names_addresses(const struct names *n, size_t upstream, struct addr *ret, size_t max);

/*
 * For worker_setup, from any thread; arg is the struct names.  The i-th upstream has no address, or
 * is about to connect.
 */
void names_want(void *arg, size_t upstream);

#endif
