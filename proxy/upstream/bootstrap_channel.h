/*
 * One name looked up in one family with c-ares, on the event base of main: servers that are given,
 * and nothing else of what c-ares would find on the machine (resolv.conf says 127.0.0.1, which is
 * us; hosts, search domains, the environment).  UDP, and TCP where an answer is cut.
 *
 * A channel of its own for each lookup that runs side by side: no name and no family waits for
 * another, each has a port and ids of its own (RFC 5452 9.2), and its sockets are closed whenever
 * nothing is under way, so a changed network is noticed by the next lookup.
 */
#ifndef PROXY_UPSTREAM_BOOTSTRAP_CHANNEL_H
#define PROXY_UPSTREAM_BOOTSTRAP_CHANNEL_H

#include "proxy/upstream/bootstrap_plan.h"

struct event_base;
struct bootstrap_channel;

/*
 * servers: "192.0.2.1:53,[2001:db8::1]:53", asked in this order.  done comes once for each lookup,
 * possibly before bootstrap_channel_look_up returns; it may not free the channel.  NULL: out of
 * memory, or *ret_reason says what c-ares has against it.
 */
struct bootstrap_channel *bootstrap_channel_new(struct event_base *base, const char *servers,
	enum bootstrap_family family,
	void (*done)(void *arg, enum bootstrap_family family, const struct bootstrap_result *r),
	void *arg, const char **ret_reason);
/* done is not called any more. */
/* Version of the library that looks names up; static. */
const char *bootstrap_channel_library(void);

void bootstrap_channel_free(struct bootstrap_channel *c);

/* The lookup under way, if there is one, ends now: done comes before this returns. */
void bootstrap_channel_cancel(struct bootstrap_channel *c);

/* Only when none is under way. */
void bootstrap_channel_look_up(struct bootstrap_channel *c, const char *name);

#endif
