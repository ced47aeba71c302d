/*
 * Lost datagrams are ours to repeat (RFC 8094; DTLS and UDP repeat no data).  On a session over
 * datagrams each query is sent again with the same id and question:
 *   - after 1.5 round trips as this session has shown them (at least 200 ms; 1 s while it has shown
 *     none), twice that after each further sending, three sendings in all (RFC 9520 3.1);
 *   - what is then still not answered, or not within 1.5 s (two first waits where they are longer),
 *     is late: it is for the stream beside;
 *   - a server forgets a session that was quiet for some seconds (RFC 8094 3.1 speaks of several),
 *     often without a word: where the first query after a pause has to be repeated, the session is
 *     in doubt at once, so that another is opened beside it.
 */
#ifndef PROXY_UPSTREAM_SESSION_REPEAT_H
#define PROXY_UPSTREAM_SESSION_REPEAT_H

#include "proxy/upstream/session.h"

/* Sendings of one query over datagrams, to one upstream. */
#define REPEAT_SENDS_MAX 3u
/* A session that was quiet for so long may have been forgotten. */
#define REPEAT_PAUSE_US 3000000u

void session_repeat_init(struct session *s);
void session_repeat_stop(struct session *s);

/* A query was sent just now for the first time; it is in the list. */
void session_repeat_sent(struct session *s, struct flight *f);

/* An answer to this one was matched just now. */
void session_repeat_answered(struct session *s, const struct flight *f);

/* How long an answer may take before its query is sent again. */
uint64_t session_repeat_wait_us(struct session *s);

#endif
