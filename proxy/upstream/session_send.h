/*
 * The way down: at the end of a turn all queries that wait get their ids, are built and handed to the transport, as
 * far as it has room.  Part of the session, for the other parts alone.
 */
#ifndef PROXY_UPSTREAM_SESSION_SEND_H
#define PROXY_UPSTREAM_SESSION_SEND_H

#include "proxy/upstream/session.h"

/* Of the session's work in a turn: seal. */
void session_on_seal(struct turn_work *w);

#endif
