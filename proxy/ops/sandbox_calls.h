/*
 * The system calls that a started dnsfwd makes, as a seccomp filter (by libseccomp).  What is neither
 * here nor hostile fails with ENOSYS, so that a library which tries something new falls back on what
 * it did before; what only an intruder does ends the process.
 */
#ifndef PROXY_OPS_SANDBOX_CALLS_H
#define PROXY_OPS_SANDBOX_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* What a filter is made for. */
struct sandbox_calls {
	uint32_t architecture; /* of libseccomp (SCMP_ARCH_...); 0: this machine's */
	uint32_t self;	       /* the only process that may be sent a signal */
	bool wide;	       /* a sanitizer looks for leaks: it stops its threads, as a debugger does */
};

/*
 * A filter of libseccomp (scmp_filter_ctx), the caller's; 0 or negative errno.  -ENOSYS: built without
 * it.
 */
int sandbox_calls_build(const struct sandbox_calls *what, void **ret);
void sandbox_calls_free(void *filter);

/* For good, for all threads; needs no_new_privs.  0 or negative errno. */
int sandbox_calls_enter(void);

/* Is this a build with sanitizers? */
bool sandbox_calls_wide(void);

#endif
