/*
 * Another network, or the machine has slept (design 5, Networks and epochs): an upstream begins anew.  Its
 * connections end, their queries move at no cost to them, what was learnt of the path is forgotten, and no wait
 * or cap of the old network holds.  What was learnt of the server itself stays.
 *
 * Works on struct upstream, as opening.h does.  Nothing is called back into whoever calls these but as an
 * upstream's owner.
 */
#ifndef PROXY_UPSTREAM_RENEW_H
#define PROXY_UPSTREAM_RENEW_H

#include "proxy/upstream/upstream.h"

/*
 * winner: the address that won the race on this network before; NULL: not known.  Borrowed for the call; may be
 * the upstream's own.
 */
void renew_upstream(struct upstream *u, const struct addr *winner);

/*
 * After all upstreams that queries may move among: a new session is opened for those that wait, and ahead of the
 * next one where clients are active.
 */
void renew_reopen(struct upstream *u);

/* It has a connection to this address, of any state, or had the last one there.  Ports don't count. */
bool renew_concerns(const struct upstream *u, const struct addr *address);

/*
 * One of its addresses can be reached that could not, or by another way (NULL: whatever kept it may be over): no wait
 * holds any more, where there is no session.
 */
void renew_hope(struct upstream *u, const struct addr *address);

#endif
