/*
 * The capabilities of this thread, and so of all threads that it starts (capabilities(7)).  Without
 * a library: two system calls.
 */
#ifndef PROXY_OPS_CAPABILITIES_H
#define PROXY_OPS_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

/* One, of <linux/capability.h>, as a member of a set. */
#define CAPABILITY(number) (UINT64_C(1) << (number))

/* 0 or negative errno. */
int capabilities_effective(uint64_t *ret);
/*
 * No program that is executed from here on can have any.  Needs CAP_SETPCAP, so it comes before a
 * change of user; without it nothing happens, and there is little to lose: nothing is ever executed.
 */
void capabilities_drop_bounding(void);
/*
 * From here on the thread can have these at most, and has those of them that were permitted.
 * Nothing is inheritable or ambient.  0 or negative errno.
 */
int capabilities_limit(uint64_t keep);

#endif
