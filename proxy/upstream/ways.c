#include "proxy/upstream/ways.h"

#include "proxy/upstream/flights.h"
#include "proxy/upstream/renew.h"

/*
 * A query that needs the stream waits so long for it while datagrams are answered: the upstream is
 * there, so that no other is asked instead.
 */
#define STREAM_PATIENCE_US 1000000u

/* ------------------------------------------------------------------ which way */

static bool takes_datagrams(const struct request *r)
{
	return !r->needs_stream && r->datagrams < REQUEST_SENDS_MAX &&
	       flights_over(r, false) < REQUEST_DATAGRAM_FLIGHTS_MAX;
}

static bool is_silent(const struct upstream *face)
{
	return silence_is_on(&face->silence, upstream_now_us(face));
}

static bool prefers_datagrams(const struct upstream *face)
{
	return !face->prefers_stream && !is_silent(face);
}

/* No session has come for so long, or the one that was there is in doubt: the stream is to help out. */
static bool is_late(const struct upstream *face)
{
	if (upstream_ready(face) > 0)
		return false;
	return face->has_suspects || face->health.down_since_us ||
	       (face->absent_us && upstream_now_us(face) >= face->absent_us + UPSTREAM_PATIENCE_US);
}

struct session *ways_session(struct upstream *face, const struct request *r)
{
	struct upstream *stream = face->stream;
	bool datagrams_first = stream && prefers_datagrams(face);
	struct session *s = NULL;

	if (!stream)
		return upstream_session(face, r);
	if (datagrams_first && takes_datagrams(r))
		s = upstream_session(face, r);
	if (s)
		return s;
	s = upstream_session(stream, r);
	if (s && datagrams_first)
		upstream_ensure(face, false);
	if (s || datagrams_first || !takes_datagrams(r))
		return s;
	return upstream_session(face, r);
}

/* ------------------------------------------------------------------ silence */

static bool has_session(const struct upstream *u)
{
	list_for_each (n, &u->sessions)
		if (container_of(n, struct session, node)->ready_us)
			return true;
	return false;
}

bool ways_is_silence(const struct upstream *u, const struct transport_end *end)
{
	if (!u->stream || end->fault == FAULT_LOCAL || has_session(u) ||
		u->stream->health.down_since_us)
		return false;
	return end->fault == FAULT_TIMEOUT || (!u->silence.heard && end->stage <= STAGE_TCP);
}

bool ways_is_let_alone(const struct upstream *u)
{
	return is_silent(u) && !u->stream->health.down_since_us;
}

/* ------------------------------------------------------------------ opening */

static bool wants_stream(const struct upstream *face, const struct request *r)
{
	if (!prefers_datagrams(face) || (r && !takes_datagrams(r)))
		return true;
	/* Ready, and yet it can't be sent there: they are full. */
	return (face->races && !face->raced) || (r && upstream_ready(face) > 0) || is_late(face);
}

void ways_ensure(struct upstream *face, const struct request *r, bool urgent)
{
	if (!face->stream) {
		upstream_ensure(face, urgent);
		return;
	}
	if (prefers_datagrams(face))
		upstream_ensure(face, urgent && (!r || takes_datagrams(r)));
	else if (face->stream->health.down_since_us)
		upstream_ensure(face, urgent); /* as the fallback */
	if (wants_stream(face, r))
		upstream_ensure(face->stream, urgent);
}

/* Before any query: the way that the first one will take. */
void ways_warm(struct upstream *face)
{
	upstream_warm(face);
	if (face->stream && face->races)
		upstream_warm(face->stream);
}

/* ------------------------------------------------------------------ waiting */

/* The stream is being opened, and the upstream is known to be there. */
static bool stream_is_certain(struct upstream *face, uint64_t *ret_until_us)
{
	const struct upstream *stream = face->stream;

	if (upstream_ready(face) == 0 || stream->health.down_since_us || !stream->absent_us)
		return false;
	*ret_until_us = stream->absent_us + STREAM_PATIENCE_US;
	return upstream_now_us(face) < *ret_until_us;
}

bool ways_is_awaited(struct upstream *face, const struct request *r, uint64_t *ret_until_us)
{
	if (!face->stream)
		return upstream_is_awaited(face, ret_until_us);
	if (prefers_datagrams(face) && takes_datagrams(r) &&
		upstream_is_awaited(face, ret_until_us))
		return true;
	if (upstream_is_awaited(face->stream, ret_until_us))
		return true;
	return stream_is_certain(face, ret_until_us);
}

/* ------------------------------------------------------------------ how it is */

unsigned ways_ready(const struct upstream *face)
{
	return upstream_ready(face) + (face->stream ? upstream_ready(face->stream) : 0);
}

const struct upstream *ways_active(const struct upstream *face)
{
	bool datagrams = !face->stream || (prefers_datagrams(face) && upstream_ready(face) > 0);

	return datagrams ? face : face->stream;
}

bool ways_doubtful(const struct upstream *face)
{
	/* That of the face counts errors, which are of the server and not of the way. */
	return health_doubtful(&face->health) ||
	       (ways_active(face) != face && health_doubtful(&face->stream->health));
}

bool ways_down(const struct upstream *face)
{
	if (!face->stream)
		return face->health.down_since_us != 0;
	return ways_ready(face) == 0 && face->stream->health.down_since_us;
}

/* That of the stream is told where it was tried: it is the last resort. */
enum upstream_standing ways_standing(const struct upstream *face, const char **ret_reason)
{
	const struct upstream *stream = face->stream;

	if (!stream || upstream_ready(face) > 0)
		return upstream_standing(face, ret_reason);
	if (stream->round_us || !face->round_us)
		return upstream_standing(stream, ret_reason);
	return upstream_standing(face, ret_reason);
}

/* ------------------------------------------------------------------ what happens */

void ways_answered(struct upstream *way)
{
	struct upstream *face = ways_face(way);

	if (!face->races || face->raced)
		return;
	face->raced = true;
	face->prefers_stream = way != face;
	upstream_rest(way == face ? face->stream : face);
}

/* Sessions of the old network end first: they could win the new race. */
void ways_renew(struct upstream *face, const struct addr *winner, const struct addr *stream_winner)
{
	renew_upstream(face, winner);
	if (!face->stream)
		return;
	renew_upstream(face->stream, stream_winner);
	silence_forget(&face->silence);
	face->raced = face->prefers_stream = false;
}

void ways_reopen(struct upstream *face)
{
	renew_reopen(face);
	if (face->stream)
		renew_reopen(face->stream);
}

bool ways_concern(const struct upstream *face, const struct addr *address)
{
	return renew_concerns(face, address) ||
	       (face->stream && renew_concerns(face->stream, address));
}

void ways_hope(struct upstream *face, const struct addr *address)
{
	renew_hope(face, address);
	if (face->stream)
		renew_hope(face->stream, address);
}

void ways_set_addresses(struct upstream *face, const struct addr *addrs, size_t count)
{
	upstream_set_addresses(face, addrs, count);
	if (face->stream)
		upstream_set_addresses(face->stream, addrs, count);
}

void ways_init(struct upstream *face)
{
	upstream_init(face);
	if (!face->stream)
		return;
	face->race.single = true;
	face->stream->owner = face->owner;
	face->stream->owner_arg = face->owner_arg;
	face->stream->datagrams = face;
	upstream_init(face->stream);
}

void ways_leave(struct upstream *face)
{
	upstream_leave(face);
	if (face->stream)
		upstream_leave(face->stream);
}

bool ways_gone(const struct upstream *face)
{
	return list_empty(&face->sessions) &&
	       (!face->stream || list_empty(&face->stream->sessions));
}

void ways_deinit(struct upstream *face)
{
	upstream_deinit(face);
	if (face->stream)
		upstream_deinit(face->stream);
}
