#include "proxy/upstream/dtls_internal.h"

#include <errno.h>

#include "common/dns/message.h"
#include "common/dns/wire.h"
#include "proxy/upstream/udp_socket.h"

/*
 * Of what is read: a server's certificates may come in large pieces where the path takes them, answers
 * never do (they keep to the size that our queries name).
 */
#define SLOT_HANDSHAKE 16384u
#define SLOT_READY     4096u

/* One that is shorter than its header cannot be a message. */
static void give_one(struct dtls *t, const uint8_t *msg, size_t len)
{
	if (len >= DNS_HEADER_LEN)
		t->handler->message(t->handler_arg, msg, len);
	else
		t->engine.discarded++;
}

static void give_out(struct dtls *t)
{
	const struct bytes *plain = &t->engine.tls.plain;

	while (t->state == DTLS_READY && bytes_len(plain) > t->given_out) {
		const uint8_t *front = bytes_front(plain) + t->given_out;
		size_t len = wire_get16(front);

		t->given_out += DTLS_PLAIN_PREFIX + len;
		give_one(t, front + DTLS_PLAIN_PREFIX, len);
	}
}

static void note_alert(struct dtls *t)
{
	uint64_t now = turn_now_us(dtls_turn(t));

	if (!t->engine.alerted)
		return;
	t->engine.alerted = false;
	if (t->state == DTLS_HANDSHAKE) {
		dtls_note_refusal(t);
	} else if (t->state == DTLS_READY && now >= t->doubt_us) {
		t->doubt_us = now + DTLS_DOUBT_US;
		t->endpoint->stats->dtls_doubts++;
		t->handler->doubted(
			t->handler_arg, "an alert in clear: it may have lost our session");
	}
}

/* One datagram; what it means for the handshake is found out at once, messages are kept. */
static enum tls_progress feed(struct dtls *t, const struct udp_read *r)
{
	uint64_t discarded = t->engine.discarded;
	unsigned waiting = t->engine.out.count;
	enum tls_progress progress;

	progress = dtls_engine_feed(&t->engine, r->data, r->len);
	if (t->engine.discarded == discarded && !t->engine.alerted)
		t->heard = true;
	if (t->state == DTLS_HANDSHAKE && t->engine.out.count > waiting)
		dtls_note_progress(t);
	return progress;
}

static enum tls_progress feed_all(struct dtls *t, const struct udp_read *reads, unsigned n)
{
	enum tls_progress progress = TLS_PROGRESS_DONE;
	struct stats *stats = t->endpoint->stats;

	/* What the last read gave out may go now; nothing moves under the messages of this one. */
	bytes_consume(&t->engine.tls.plain, t->given_out);
	t->given_out = 0;
	for (unsigned i = 0; i < n && progress != TLS_PROGRESS_END; i++)
		progress = feed(t, &reads[i]);
	stats->dtls_discarded += t->engine.discarded - t->counted;
	t->counted = t->engine.discarded;
	if (progress == TLS_PROGRESS_END)
		stats->bound_post_handshake += t->engine.tls.chatter_over;
	return progress;
}

static void tell_heard(struct dtls *t, bool before)
{
	if (t->heard && !before)
		t->handler->established(t->handler_arg);
}

/* The library's word is the last: what came whole before an end counts. */
static void take(struct dtls *t, const struct udp_read *reads, unsigned n)
{
	bool heard = t->heard;
	enum tls_progress progress = feed_all(t, reads, n);

	tell_heard(t, heard);
	if (t->state == DTLS_HANDSHAKE && t->engine.tls.ready)
		dtls_become_ready(t);
	if (t->engine.out.count > 0)
		turn_send(dtls_turn(t), &t->outgoing);
	give_out(t);
	if (t->state != DTLS_ENDED)
		note_alert(t);
	if (t->state == DTLS_ENDED)
		return;
	if (progress == TLS_PROGRESS_END && t->state == DTLS_HANDSHAKE)
		dtls_fail_handshake(t);
	else if (progress == TLS_PROGRESS_END)
		dtls_finish(t);
	else if (t->state == DTLS_HANDSHAKE)
		dtls_arm(t);
}

void dtls_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct dtls *t = arg;
	bool large = t->state == DTLS_HANDSHAKE;
	struct udp_read reads[UDP_READ_MAX];
	int n = udp_socket_read(fd, t->endpoint->loop->scratch, large ? SLOT_HANDSHAKE : SLOT_READY,
		large ? UDP_READ_MAX * SLOT_READY / SLOT_HANDSHAKE : UDP_READ_MAX, reads);

	(void)what;
	_Static_assert(UDP_READ_MAX * SLOT_READY <= LOOP_SCRATCH_SIZE, "it is one room");
	if (n > 0)
		take(t, reads, (unsigned)n);
	else if (n < 0 && n != -EAGAIN && n != -EINTR)
		dtls_note_error(t, -n);
}
