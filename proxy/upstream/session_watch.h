/*
 * Is the path good, and is a name slow?  Watches a session with queries out (design 5, "Path and
 * name are judged apart"):
 *   - octets of ours unacknowledged longer than max(3 x RTT, 250 ms), or no matched answer for 1 s
 *     (two round trips where they take longer) while queries wait (octets are not progress: a
 *     lying length prefix delivers them for ever): the session is suspect, all it has sent is late, and what it has not sent returns;
 *   - one query unanswered for 1.5 s while others are answered: that one is late;
 *   - the same, and for 0.5 s no answer came at all after it was sent, but others do now: it was
 *     swallowed, as whatever was sent then;
 *   - suspect for 10 s without an answer: nobody is there, the session ends.
 */
#ifndef PROXY_UPSTREAM_SESSION_WATCH_H
#define PROXY_UPSTREAM_SESSION_WATCH_H

#include "proxy/upstream/session.h"

void session_watch_init(struct session *s);

/* A query was sent just now. */
void session_watch_sent(struct session *s);

/* An answer was matched, late ones too, and is out of the lists: the path is good. */
void session_watch_answered(struct session *s);

/* A query that was sent has been given up by its owner, and is out of the lists. */
void session_watch_given_up(struct session *s);

/*
 * There is a sign that the peer does not know the session any more: suspect at once, which is held
 * against nobody.
 */
void session_watch_doubted(struct session *s, const char *doubt);

/*
 * The transport has such a sign, one that may be forged (RFC 8094 6): the same, once queries are
 * out; nothing, if it was wrong before.
 */
void session_watch_alerted(struct session *s, const char *doubt);

#endif
