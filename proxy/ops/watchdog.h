/*
 * Tells the service manager that all goes on (sd_watchdog_enabled(3)): every half of WATCHDOG_USEC each
 * worker is asked, by mail, and when all of them have answered, and main's loop has heard it, a
 * WATCHDOG=1 goes out.  A thread that is stuck in a loop answers nothing, so nothing goes out, and the
 * service manager starts dnsfwd anew.  Nobody is asked more often, and nothing runs without
 * WATCHDOG_USEC.
 *
 * On main's thread.
 */
#ifndef PROXY_OPS_WATCHDOG_H
#define PROXY_OPS_WATCHDOG_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct mailbox;
struct watchdog;
struct worker;

/* All borrowed, outlive it; the workers' threads have ended when it is freed. */
struct watchdog_setup {
	struct event_base *base;
	struct mailbox *mailbox; /* of main's thread */
	struct worker *const *workers;
	size_t worker_count;
};

/*
 * Begins at once, where the environment asks for it.  ret: NULL where it does not.  0 or -ENOMEM.
 */
int watchdog_new(const struct watchdog_setup *setup, struct watchdog **ret);
/* After the mailboxes of workers and main, where its mail may be; NULL is fine. */
void watchdog_free(struct watchdog *w);

/*
 * Microseconds that WATCHDOG_USEC allows between two signs of life, where WATCHDOG_PID (NULL: not set)
 * is process self; 0: nobody waits for any.
 */
uint64_t watchdog_interval_us(const char *usec, const char *pid, long self);

#endif
