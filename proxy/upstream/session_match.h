/*
 * Which query a message answers, and whether it may: part of the session, apart for its size.  The rest of
 * the session gives back what was not answered, and learns that there is a query less.
 */
#ifndef PROXY_UPSTREAM_SESSION_MATCH_H
#define PROXY_UPSTREAM_SESSION_MATCH_H

#include "proxy/upstream/session.h"

/* transport_handler's message; arg is the session. */
void session_on_message(void *arg, const uint8_t *msg, size_t len);

/* In session.c: a query less in flight; the idle limit may run now, or the goodbye be due. */
void session_after_answer(struct session *s);

#endif
