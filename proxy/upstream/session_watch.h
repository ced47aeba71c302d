/*
 * Is anybody there?  Watches a session with queries out and marks it mute when nothing was answered
 * for too long; session.c then ends it from the deferred phase and its queries move.  Looking at
 * TCP itself comes later.
 */
#ifndef PROXY_UPSTREAM_SESSION_WATCH_H
#define PROXY_UPSTREAM_SESSION_WATCH_H

#include "proxy/upstream/session.h"

void session_watch_init(struct session *s);

/* A query was sent just now. */
void session_watch_sent(struct session *s);

/* A query that was sent has been given up by its owner. */
void session_watch_given_up(struct session *s, const struct request *r);

#endif
