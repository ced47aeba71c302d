/*
 * The ways to one configured upstream: a stream alone, or datagrams with a stream to the same beside
 * (RFC 8094: DTLS, and TLS).  Each way is a struct upstream with addresses, sessions, backoff and
 * health of its own; the pool sees one, that over datagrams, called the face here.
 *
 *   - Datagrams are preferred while they get through.  Where no session comes within 250 ms, or one
 *     falls silent, the stream is opened beside, and takes the queries as soon as it is there.
 *   - `races`: both are opened, and the way that answers first is kept; the other is the fallback.
 *   - A query moves to the stream, and to no other upstream, when its answer is cut (TC=1), when it
 *     is too large for a datagram, and when three datagrams were not answered.
 *   - The stream is opened when it is needed, and not again when it ends.
 *   - Datagrams that do not get through are left alone for a time (silence.h).
 */
#ifndef PROXY_UPSTREAM_WAYS_H
#define PROXY_UPSTREAM_WAYS_H

#include <stdbool.h>

#include "proxy/upstream/upstream.h"

/* Both ways of it; owner and owner_arg are set in the face.  As upstream_init and upstream_deinit. */
void ways_init(struct upstream *face);
void ways_deinit(struct upstream *face);
void ways_warm(struct upstream *face);
/* As upstream_leave; ways_gone: it has no session left. */
void ways_leave(struct upstream *face);
bool ways_gone(const struct upstream *face);
void ways_set_addresses(struct upstream *face, const struct addr *addrs, size_t count);

/* The one that the pool knows. */
static inline struct upstream *ways_face(struct upstream *way)
{
	return way->datagrams ? way->datagrams : way;
}

/* Whose session it is: the way. */
static inline struct upstream *ways_of(const struct session *s)
{
	return s->setup->owner_arg;
}

/*
 * As upstream_session, from either way.  Where it is not the preferred one, that is tried at
 * leisure.
 */
struct session *ways_session(struct upstream *face, const struct request *r);

/* As upstream_ensure, for such queries as r; NULL: for any. */
void ways_ensure(struct upstream *face, const struct request *r, bool urgent);

/* As upstream_is_awaited, for r. */
bool ways_is_awaited(struct upstream *face, const struct request *r, uint64_t *ret_until_us);

/* Sessions of both that can be relied on. */
unsigned ways_ready(const struct upstream *face);

/* The way that is asked now, to tell how fast it is. */
const struct upstream *ways_active(const struct upstream *face);

/* Others are to be preferred; there is no way to it now. */
bool ways_doubtful(const struct upstream *face);
bool ways_down(const struct upstream *face);

/* As upstream_standing. */
enum upstream_standing ways_standing(const struct upstream *face, const char **ret_reason);

/*
 * A round of attempts over this way ended so: datagrams do not get through.  Not where one session is there,
 * in doubt or not: what ended the attempt for another may be forged (threats A07).  Nor where a server that
 * has answered here refuses them at once: it may be starting again.  Nor where something was answered, be it
 * of no use or forged, or where the stream does not get through either: that is an outage.
 */
bool ways_is_silence(const struct upstream *way, const struct transport_end *end);
/*
 * They are let alone, as long as the stream is there instead (RFC 8094 3.1 speaks of finding out whether a
 * server does DTLS): without both the upstream would be dead for a quarter of an hour.
 */
bool ways_is_let_alone(const struct upstream *way);

/* A query was answered on this way: the race, if there is one, is over. */
void ways_answered(struct upstream *way);

/*
 * Another network: both ways begin anew (renew.h); silence, and which way won, are forgotten.  winner,
 * stream_winner: as for renew_upstream.  ways_reopen follows when all upstreams of a pool are renewed.
 */
void ways_renew(
	struct upstream *face, const struct addr *winner, const struct addr *stream_winner);
void ways_reopen(struct upstream *face);
/* As renew_concerns and renew_hope. */
bool ways_concern(const struct upstream *face, const struct addr *address);
void ways_hope(struct upstream *face, const struct addr *address);

#endif
