/*
 * dnstap (option dnstap): a copy of each message that comes from or goes to clients and upstreams, as
 * frame streams to a Unix socket at which somebody reads.  A thread of libfstrm writes; workers only
 * put frames into a queue of their own, bounded: what does not fit is dropped and counted
 * (bound_dnstap).  While nobody reads, nothing is copied.
 *
 * It holds names that were asked for.  A program built without DNSTAP=1 has dnstap_none.c in its place.
 */
#ifndef PROXY_OPS_DNSTAP_H
#define PROXY_OPS_DNSTAP_H

#include <stdbool.h>
#include <stddef.h>

struct dnstap;
struct tap;

/* Frames of one worker that wait to be written; libfstrm wants a power of two. */
#define DNSTAP_QUEUE_MAX 4096u

struct dnstap_setup {
	const char *path;      /* option dnstap; copied */
	bool client_addresses; /* option dnstap-client-addresses */
	const char *version;   /* of the program; borrowed */
	size_t workers;
};

/* Asked at run time, unlike what build.h tells: the tests' program with it shares all other objects. */
bool dnstap_is_built(void);
/* 0 with *ret, NULL where nothing is wanted; negative errno with one sentence. */
int dnstap_new(const struct dnstap_setup *setup, struct dnstap **ret, char *error, size_t size);
/* For that worker; owned by d.  NULL for NULL. */
struct tap *dnstap_tap(struct dnstap *d, size_t worker);
/*
 * Starts its thread: after privileges are dropped, which threads do not share, and before the workers
 * run.  0 or -ENOMEM.  NULL is fine.
 */
int dnstap_start(struct dnstap *d);
/* After the workers have gone: what is queued is written, if its reader takes it within a second. */
void dnstap_free(struct dnstap *d); /* NULL is fine */

#endif
