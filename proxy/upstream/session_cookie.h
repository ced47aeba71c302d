/*
 * The cookies of a session: which jar it uses, what its queries carry, what an answer's cookie says of it
 * (common/dns/cookie_client.h has the rules).  Part of the session, apart for its size.
 */
#ifndef PROXY_UPSTREAM_SESSION_COOKIE_H
#define PROXY_UPSTREAM_SESSION_COOKIE_H

#include "common/dns/cookie_client.h"

struct edns;
struct flight;
struct session;

/* It has become ready: takes its jar. */
void session_cookie_begin(struct session *s);
/* It has ended: a jar of its own is wiped, one of the store given back. */
void session_cookie_end(struct session *s);

/* The COOKIE for this query, noted in the flight; ret is what it points to afterwards.  0: none. */
size_t session_cookie_offer(struct session *s, struct flight *f, uint8_t ret[COOKIE_FULL_MAX]);

/* Of a matched answer in f->request->answer, with its OPT.  Counts, and logs what is new. */
enum cookie_verdict session_cookie_judge(struct session *s, struct flight *f, const struct edns *e);

#endif
