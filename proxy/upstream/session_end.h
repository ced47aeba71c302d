/*
 * The end of a session, whoever wants it: what it did not answer goes back to the owner, and who pays for that.  Part
 * of the session, for the other parts alone.
 */
#ifndef PROXY_UPSTREAM_SESSION_END_H
#define PROXY_UPSTREAM_SESSION_END_H

#include "proxy/upstream/session.h"

/* A flight that is out of the id map goes back to the owner, unanswered. */
void session_give_back(struct session *s, struct flight *f);

/*
 * The transport has ended, or was closed: all flights go back.  The owner is not told of the end.  end NULL: it was
 * our own decision.
 */
void session_finish(struct session *s, const struct transport_end *end);

/* Closes the transport, finishes, and tells the owner. */
void session_end_here(struct session *s, const struct transport_end *end);

/* Retiring and nothing left to wait for: the owner hears of it from the deferred phase. */
void session_part_if_idle(struct session *s);

/* Of the session's work in a turn: goodbye and grave. */
void session_on_goodbye(struct turn_work *w);
void session_bury(struct turn_work *w);

#endif
