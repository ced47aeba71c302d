/*
 * Hears when the wall clock is set, and when the machine wakes up: the kernel cancels a timer of ours then
 * (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).  Nothing is looked at now and then.  On main's thread and event base.
 */
#ifndef PROXY_OPS_CLOCKWATCH_H
#define PROXY_OPS_CLOCKWATCH_H

struct clockwatch;
struct event_base;

/*
 * changed: one of the two may have happened; from the event loop.  NULL with errno: the kernel has no
 * such timer, or no memory.
 */
struct clockwatch *clockwatch_new(struct event_base *base, void (*changed)(void *arg), void *arg);
void clockwatch_free(struct clockwatch *w); /* NULL is fine */

#endif
