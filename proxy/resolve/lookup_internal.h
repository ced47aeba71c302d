/* A lookup, for the files of this folder. */
#ifndef PROXY_RESOLVE_LOOKUP_INTERNAL_H
#define PROXY_RESOLVE_LOOKUP_INTERNAL_H

#include "proxy/resolve/lookup.h"

/* An old answer is given at once for so long after one had to be waited for: the upstream is ill or slow. */
#define LOOKUP_REST_S 5u

struct lookup {
	struct request request;
	struct lookups *lookups;
	struct list waiters;
	unsigned waiter_count;
	bool completing; /* on_done walks the waiters: nobody else drops it */
	bool cacheable, joinable;
	bool renews;		 /* what it brings is of use without waiters, too */
	struct lookup *next;	 /* in its bucket */
	struct list alone;	 /* in the list of those without waiters */
	uint64_t alone_until_us; /* valid there */
	uint8_t *bytes; /* owned copy of the client's message, where parts of it go upstream; else
			   NULL */
	struct edns_option copied[EDNS_COPIED];
	struct cache_key key; /* its name is what is asked */
};

/* Seconds for what ages, read once a turn. */
uint32_t lookup_now_s(struct lookups *l);

/* A new one without waiters, submitted. *ret; 0, -ENOBUFS, -ENOMEM. */
int lookup_new(struct lookups *l, const struct lookup_ask *a, struct lookup **ret);
/* Ends it: nobody waits, nothing comes of it. */
void lookup_cancel(struct lookup *k);
/* Out of the list of its lookup, which is ended or goes on alone. */
void lookup_unwait(struct lookup_waiter *w);

/* ---- joining.c: equal questions in flight */
void joining_init(struct lookups *l);
void joining_deinit(struct lookups *l);
/* One that the question can join, or NULL. */
struct lookup *joining_find(const struct lookups *l, const struct lookup_ask *a);
void joining_add(struct lookups *l, struct lookup *k);
void joining_remove(struct lookups *l, struct lookup *k);

/* ---- stale.c: old answers, when new ones do not come */
void stale_init(struct lookups *l);
void stale_deinit(struct lookups *l);
/* An old answer is known: the waiter gets it after LOOKUP_STALE_AFTER_US. */
void stale_watch(struct lookups *l, struct lookup_waiter *w);
void stale_unwatch(struct lookup_waiter *w);
/* The answer of this lookup is no use: gives the waiter, who has left it, what is known. */
bool stale_give(struct lookup *k, struct lookup_waiter *w);

/* ---- refresh.c: questions that nobody waits for */
void refresh_init(struct lookups *l);
/* All of them end. */
void refresh_deinit(struct lookups *l);
/* A client's question came in: a twentieth of one may be asked ahead. */
void refresh_earn(struct lookups *l);
/* Asks ahead of the end of a TTL, within the bounds.  Whether it may: refresh_afford before. */
bool refresh_afford(struct lookups *l, const struct lookup_ask *a);
void refresh_start(struct lookups *l, const struct lookup_ask *a);
/* Its last waiter has left: true, it goes on alone; false: there are too many. */
bool refresh_go_on(struct lookup *k);
void refresh_forget(struct lookup *k);

#endif
