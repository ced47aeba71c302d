/* The sendings of one request that are under way. */
#ifndef PROXY_UPSTREAM_FLIGHTS_H
#define PROXY_UPSTREAM_FLIGHTS_H

#include <stdbool.h>

#include "proxy/upstream/request.h"

bool flights_any(const struct request *r);
/* One that is not known to be late. */
bool flights_any_fresh(const struct request *r);

/* How many there are over streams, or over datagrams. */
unsigned flights_over(const struct request *r, bool streams);

/* Gives all of them up. */
void flights_forget(struct request *r);

/*
 * A free one; NULL: all are under way.  One that is under way is never given up for another: its
 * answer may be about to come.
 */
struct flight *flights_free(struct request *r);
/* The same, cleared and ready to be submitted; there is one. */
struct flight *flights_take(struct request *r);

#endif
