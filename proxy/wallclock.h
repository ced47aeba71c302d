/*
 * The wall clock, as far as it matters to us: certificates have dates (design 9, Clock; upstream/verify_dates.h).
 * Says once when it is not to be believed, keeps in state-dir what was proven, and when it is set has those
 * connections made anew whose certificates were judged by an assumed date.
 *
 * On main's thread.
 */
#ifndef PROXY_WALLCLOCK_H
#define PROXY_WALLCLOCK_H

#include <stddef.h>
#include <time.h>

struct mailbox;
struct surroundings;
struct wallclock;
struct worker;

/* All borrowed, outlive it, but for state_dir. */
struct wallclock_setup {
	struct mailbox *mailbox; /* of main's thread */
	const char *state_dir;	 /* copied; "": nothing is kept */
	struct surroundings *around; /* .clock is written */
	struct worker *const *workers; /* filled in before any thread starts */
	size_t worker_count;
	time_t built;		 /* of this program; 0: not known */
};

/* Before any certificate is judged, on any thread.  NULL: out of memory. */
struct wallclock *wallclock_new(const struct wallclock_setup *setup);
/* After the workers, and the mailbox. */
void wallclock_free(struct wallclock *c); /* NULL is fine */

/* The clock may have been set. */
void wallclock_look(struct wallclock *c);

#endif
