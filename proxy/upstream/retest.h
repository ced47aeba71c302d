/*
 * An address that lost the race before may be better by now: while clients ask it is tried again beside good
 * sessions (RFC 8305; race.h says when), and gone back to if it is as good.
 */
#ifndef PROXY_UPSTREAM_RETEST_H
#define PROXY_UPSTREAM_RETEST_H

#include "proxy/upstream/upstream.h"

/* A query is given to the upstream: time to test a better address? */
void retest_touched(struct upstream *u);

/* The tester is ready: it is kept, and the sessions to others drain; or (false) it is not, and is gone. */
bool retest_passed(struct upstream *u, struct session *s);

#endif
