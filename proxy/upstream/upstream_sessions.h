/* What the sessions of an upstream tell it: what is learnt of that, and what goes on to the pool. */
#ifndef PROXY_UPSTREAM_UPSTREAM_SESSIONS_H
#define PROXY_UPSTREAM_UPSTREAM_SESSIONS_H

#include "proxy/upstream/upstream.h"

/* arg is the struct upstream. */
extern const struct session_owner upstream_session_owner;

#endif
