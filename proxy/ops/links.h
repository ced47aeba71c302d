/*
 * Network interfaces that go: told of by netlink.  One that is taken down counts as gone, and one that is made anew
 * under an old name is another one.  On main's loop.
 */
#ifndef PROXY_OPS_LINKS_H
#define PROXY_OPS_LINKS_H

struct event_base;
struct links;

/*
 * changed: some interface has gone, or may have; links_find tells which.  NULL with errno: no netlink, or no memory.
 */
struct links *links_new(struct event_base *base, void (*changed)(void *arg), void *arg);
void links_free(struct links *l); /* NULL is fine */

/* The number of an interface that is there and up; 0: it is not. */
unsigned links_find(const char *name);

#endif
