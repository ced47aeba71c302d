/*
 * Watches the network (design 5, Networks and epochs): rtnetlink says that something has changed, and 200 ms
 * later the kernel is asked once how it would send to the upstreams' addresses.  Only where the answer
 * is another than before has the network changed; what else happens on a machine, containers that come and go,
 * costs that one look.
 *
 * On main's thread and event base.  Where netlink is not to be had (a sandbox of others) that is told once, and
 * nothing is noticed here: connections that are dead are found so by themselves.
 */
#ifndef PROXY_OPS_NETWATCH_H
#define PROXY_OPS_NETWATCH_H

#include "proxy/ops/networks.h"

#define NETWATCH_TARGETS_MAX 256u

struct event_base;
struct netwatch;

/* An address of an upstream. */
struct netwatch_target {
	struct addr addr;
	const char *device; /* the interface that it must be reached by, NULL: any; lives as long as the target */
};

struct netwatch_setup {
	struct event_base *base;
	/* All that there are now, at most max of them; returns how many there are, which may be more. */
	size_t (*targets)(void *arg, struct netwatch_target *ret, size_t max);
	/*
	 * These are reached by another way than before, or can be again; what happened, a clause.  Borrowed
	 * for the call, which comes from the event loop.
	 */
	void (*moved)(void *arg, const struct addr *addrs, size_t count, const char *what);
	/* It was looked, whatever was found; before `moved`, from the event loop. */
	void (*looked)(void *arg);
	/* Something has changed and it is not known what (true); it is, and `moved` was called for it (false). */
	void (*stirred)(void *arg, bool now);
	void *arg;
};

struct netwatch_figures {
	bool watching;	      /* there is netlink, and it answers */
	uint64_t events;      /* messages from the kernel */
	uint64_t overruns;    /* times that it had more than it could keep for us */
	uint64_t checks;      /* looks at all targets */
	uint64_t bound_targets; /* bound hit: addresses that are not watched */
};

/* NULL: out of memory.  Nothing is looked at yet. */
struct netwatch *netwatch_new(const struct netwatch_setup *setup);
void netwatch_free(struct netwatch *w); /* NULL is fine */

/* Notes how things are.  Before any connection is opened. */
void netwatch_start(struct netwatch *w);

/* There may be other targets now: those that are new are noted as they are. */
void netwatch_look(struct netwatch *w);

/* Looks at once.  True: something has moved; `moved` is not called for it. */
bool netwatch_check(struct netwatch *w);

/*
 * Where we are now, by the first target that can be reached.  Returns the place of the network, as
 * networks_enter; *ret_fresh: nothing is known of that place.
 */
size_t netwatch_enter(struct netwatch *w, bool *ret_fresh);
/* The place of the network that was entered last. */
size_t netwatch_here(const struct netwatch *w);
/* The way to the first target that can be reached; NULL: none can.  Until the next look. */
const struct route *netwatch_route(const struct netwatch *w);

void netwatch_get_figures(const struct netwatch *w, struct netwatch_figures *ret);

#endif
