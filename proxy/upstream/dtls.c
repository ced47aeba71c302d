#include "proxy/upstream/dtls.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dns/wire.h"
#include "proxy/loop.h"
#include "proxy/upstream/dtls_engine.h"
#include "proxy/upstream/tcp_socket.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/udp_socket.h"

/*
 * Of what is read: a server's certificates may come in large pieces where the path takes them, answers
 * never do (they keep to the size that our queries name).
 */
#define SLOT_HANDSHAKE 16384u
#define SLOT_READY     4096u

/* The library's timer has nothing to say while it waits for the rest of a flight. */
#define TICK_MIN_MS 100u
/*
 * A flight that was repeated so often goes in smaller parts (RFC 6347 4.1.1.1), and so does all that
 * follows: a path that drops what is larger says nothing.
 */
#define REPEATS_LARGE 2u
/* A refusal that nothing follows, though our flight was repeated so often. */
#define REPEATS_REFUSED 2u

enum dtls_state { DTLS_HANDSHAKE = 0, DTLS_READY, DTLS_ENDED };

struct dtls {
	struct transport base;
	struct tls_endpoint *endpoint;
	const struct transport_handler *handler;
	void *handler_arg;
	enum dtls_state state;
	struct addr peer;
	int fd; /* -1 once ended */
	struct event *readable, *writable;
	struct dtls_engine engine;
	struct ticket *ticket; /* offered in the ClientHello; NULL: none, or it has left */
	struct tls_waiter waiter;
	struct timer timer; /* handshake: the next look at the library's timer */
	uint64_t deadline_us;
	bool heard;	     /* something came that could be the server's */
	unsigned repeats;    /* of the flight that is out */
	bool narrow;	     /* large datagrams seem to get lost: none are sent */
	bool refused;	     /* an alert in clear said so; */
	unsigned refused_at; /* after so many repeats */
	uint64_t flight_us;  /* when the flight that is out left first */
	uint64_t rtt_us;     /* of the quickest flight that was not repeated; 0: none yet */
	uint64_t doubt_us;   /* no doubt is told before */
	size_t given_out;    /* octets of engine.tls.plain, consumed by the next read */
	uint64_t counted;    /* of engine.discarded, in the statistics */
	bool starved;	     /* has_room was false */
	struct transport_end end;
	struct turn_work report;  /* the end, told from the deferred phase */
	struct turn_work drained; /* there is room again, likewise */
	struct turn_work
		outgoing; /* what the library has to say goes out, with queries or without */
};

static struct dtls *dtls_of(struct transport *t)
{
	return container_of(t, struct dtls, base);
}

static struct turn *turn_of(struct dtls *t)
{
	return &t->endpoint->loop->turn;
}

/* ------------------------------------------------------------------ the end */

static void shut(struct dtls *t)
{
	t->state = DTLS_ENDED;
	tls_endpoint_forget(&t->waiter);
	timer_stop(&turn_of(t)->timers, &t->timer);
	if (t->ticket) {
		tickets_return(&t->endpoint->tickets, t->ticket);
		t->ticket = NULL;
	}
	if (t->fd < 0)
		return;
	if (t->readable)
		event_del(t->readable);
	if (t->writable)
		event_del(t->writable);
	close(t->fd);
	t->fd = -1;
}

static void on_report(struct turn_work *w)
{
	struct dtls *t = container_of(w, struct dtls, report);

	t->handler->ended(t->handler_arg, &t->end);
}

/* t->end says why. */
static void finish(struct dtls *t)
{
	shut(t);
	turn_defer(turn_of(t), &t->report);
}

static void finish_with(
	struct dtls *t, enum transport_stage stage, enum transport_fault fault, const char *text)
{
	t->end.stage = stage;
	t->end.fault = fault;
	snprintf(t->end.text, sizeof t->end.text, "%s", text);
	finish(t);
}

/* ------------------------------------------------------------------ the path */

static void measure_path(struct dtls *t)
{
	dtls_engine_set_payload_max(&t->engine, t->narrow
							? udp_socket_payload_floor(&t->peer)
							: udp_socket_payload_max(t->fd, &t->peer));
	t->base.info.max_message = dtls_engine_message_max(&t->engine);
}

static bool is_local(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN ||
	       error == EADDRNOTAVAIL || error == EPERM || error == EACCES;
}

/*
 * All of these may be forged or pass (RFC 8094 3.1: ICMP errors are soft).  Before anything has come
 * from the server they say where not to wait.
 */
static void note_error(struct dtls *t, int error)
{
	t->endpoint->stats->dtls_icmp++;
	if (error == EMSGSIZE)
		measure_path(t);
	if (t->state != DTLS_HANDSHAKE || t->heard)
		return;
	if (error == ECONNREFUSED) {
		finish_with(t, STAGE_UDP, FAULT_PROTOCOL, "nobody listens on that UDP port (ICMP)");
	} else if (is_local(error)) {
		tcp_socket_fault(&t->end, STAGE_ROUTE, error);
		finish(t);
	}
}

/* ------------------------------------------------------------------ sending */

static bool has_room(const struct transport *base)
{
	struct dtls *t = container_of(base, struct dtls, base);

	t->starved = !datagrams_have_room(&t->engine.out, t->base.info.max_message + DTLS_OVERHEAD);
	return !t->starved;
}

static void send_out(struct dtls *t)
{
	int error;

	if (udp_socket_flush(t->fd, &t->engine.out, &error) == -EAGAIN)
		event_add(t->writable, NULL);
	if (error)
		note_error(t, error);
}

static int send_message(struct transport *base, const uint8_t *msg, size_t len)
{
	struct dtls *t = dtls_of(base);
	int err;

	if (t->state != DTLS_READY)
		return -EPIPE;
	err = dtls_engine_seal(&t->engine, msg, len);
	if (err == -ENOBUFS)
		t->starved = true;
	if (err == -EPIPE)
		finish(t);
	return err;
}

static void flush(struct transport *base)
{
	struct dtls *t = dtls_of(base);

	if (t->state == DTLS_ENDED)
		return;
	send_out(t);
	/* Drained at once: no event will tell that there is room again. */
	if (t->state == DTLS_READY && t->starved && has_room(base))
		turn_defer(turn_of(t), &t->drained);
}

static void on_outgoing(struct turn_work *w)
{
	flush(&container_of(w, struct dtls, outgoing)->base);
}

static void on_drained(struct turn_work *w)
{
	struct dtls *t = container_of(w, struct dtls, drained);

	if (t->state == DTLS_READY)
		t->handler->room(t->handler_arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct dtls *t = arg;

	(void)fd;
	(void)what;
	flush(&t->base);
}

/* ------------------------------------------------------------------ the handshake */

/* The alert of ours that says why goes out before. */
static void fail_handshake(struct dtls *t)
{
	int error;

	tls_endpoint_failed(t->endpoint, &t->peer, &t->end);
	udp_socket_flush(t->fd, &t->engine.out, &error);
	finish(t);
}

static void arm(struct dtls *t)
{
	uint64_t now = turn_now_us(turn_of(t)), due;
	unsigned ms = dtls_engine_timeout_ms(&t->engine) + 1;

	due = now + 1000ull * (ms < TICK_MIN_MS ? TICK_MIN_MS : ms);
	if (timer_start(&turn_of(t)->timers, &t->timer,
		    due < t->deadline_us ? due : t->deadline_us) < 0)
		finish_with(t, STAGE_TLS, FAULT_LOCAL, "out of memory");
}

static void fail_late(struct dtls *t)
{
	t->end.stage = t->heard ? STAGE_TLS : STAGE_UDP;
	t->end.fault = FAULT_TIMEOUT;
	snprintf(t->end.text, sizeof t->end.text, "%s",
		t->heard ? "no whole handshake within 15 s" : "no answer within 15 s");
	fail_handshake(t);
}

static void fail_refused(struct dtls *t)
{
	t->end.stage = STAGE_TLS;
	t->end.fault = FAULT_PROTOCOL;
	snprintf(t->end.text, sizeof t->end.text, "alert from the server, in clear: %s",
		dtls_engine_alert_text(t->engine.alert));
	fail_handshake(t);
}

/* An answer to our flight has come, or the end of the handshake. */
static void note_progress(struct dtls *t)
{
	uint64_t now = turn_now_us(turn_of(t)), rtt = now - t->flight_us;

	if (t->repeats == 0 && rtt > 0 && (t->rtt_us == 0 || rtt < t->rtt_us))
		t->rtt_us = rtt;
	t->flight_us = now;
	t->repeats = 0;
	t->refused = false;
}

static void repeat_flight(struct dtls *t)
{
	if (t->repeats + 1 == REPEATS_LARGE) {
		t->narrow = true;
		measure_path(t);
	}
	if (dtls_engine_handshake(&t->engine) == TLS_PROGRESS_END) {
		fail_handshake(t);
		return;
	}
	if (t->engine.out.count > 0) {
		t->repeats++;
		turn_send(turn_of(t), &t->outgoing);
	}
	arm(t);
}

static void on_timer(struct timer *timer)
{
	struct dtls *t = container_of(timer, struct dtls, timer);

	if (turn_now_us(turn_of(t)) >= t->deadline_us)
		fail_late(t);
	else if (t->refused && t->repeats >= t->refused_at + REPEATS_REFUSED)
		fail_refused(t);
	else
		repeat_flight(t);
}

/* It may be the server's, or anyone's: a second one, to the flight that was repeated, decides. */
static void note_refusal(struct dtls *t)
{
	if (t->refused && t->repeats > t->refused_at) {
		fail_refused(t);
	} else if (!t->refused) {
		t->refused = true;
		t->refused_at = t->repeats;
	}
}

static void become_ready(struct dtls *t)
{
	struct tls_engine *e = &t->engine.tls;

	note_progress(t);
	t->state = DTLS_READY;
	timer_stop(&turn_of(t)->timers, &t->timer);
	tls_endpoint_ready(t->endpoint, e);
	measure_path(t);
	t->base.info.authenticated = e->verdict.authenticated;
	t->base.info.resumed = e->resumed;
	t->base.info.doubt = e->reason;
	t->base.info.protocol = tls_engine_protocol(e);
	t->base.info.cipher = tls_engine_cipher(e);
	t->base.info.not_after = e->verdict.not_after;
	t->handler->ready(t->handler_arg);
}

/* ------------------------------------------------------------------ receiving */

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
	uint64_t now = turn_now_us(turn_of(t));

	if (!t->engine.alerted)
		return;
	t->engine.alerted = false;
	if (t->state == DTLS_HANDSHAKE) {
		note_refusal(t);
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
		note_progress(t);
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
		become_ready(t);
	if (t->engine.out.count > 0)
		turn_send(turn_of(t), &t->outgoing);
	give_out(t);
	if (t->state != DTLS_ENDED)
		note_alert(t);
	if (t->state == DTLS_ENDED)
		return;
	if (progress == TLS_PROGRESS_END && t->state == DTLS_HANDSHAKE)
		fail_handshake(t);
	else if (progress == TLS_PROGRESS_END)
		finish(t);
	else if (t->state == DTLS_HANDSHAKE)
		arm(t);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
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
		note_error(t, -n);
}

/* ------------------------------------------------------------------ life */

static uint64_t unacked_us(struct transport *base, uint64_t now_us, uint64_t *ret_rtt_us)
{
	(void)now_us;
	*ret_rtt_us = dtls_of(base)->rtt_us;
	return 0; /* nobody acknowledges datagrams */
}

static const uint8_t *partial(const struct transport *base, size_t *ret_len)
{
	(void)base;
	*ret_len = 0;
	return NULL;
}

static void on_trust_loaded(struct tls_waiter *w)
{
	struct dtls *t = container_of(w, struct dtls, waiter);

	if (t->state == DTLS_HANDSHAKE)
		event_add(t->readable, NULL);
}

static void forget_work(struct dtls *t)
{
	turn_forget(&t->report);
	turn_forget(&t->drained);
	turn_forget(&t->outgoing);
}

static void dtls_close(struct transport *base)
{
	struct dtls *t = dtls_of(base);
	int error;

	if (t->state == DTLS_READY) {
		dtls_engine_goodbye(&t->engine);
		udp_socket_flush(t->fd, &t->engine.out, &error);
	}
	forget_work(t);
	shut(t);
}

static void dtls_free(struct transport *base)
{
	struct dtls *t = dtls_of(base);

	forget_work(t);
	shut(t);
	if (t->readable)
		event_free(t->readable);
	if (t->writable)
		event_free(t->writable);
	dtls_engine_deinit(&t->engine);
	free(t);
}

static const struct transport_ops ops = {
	.has_room = has_room,
	.partial = partial,
	.unacked_us = unacked_us,
	.send = send_message,
	.flush = flush,
	.close = dtls_close,
	.free = dtls_free,
};

static struct dtls *make(
	struct tls_endpoint *endpoint, const struct transport_handler *handler, void *handler_arg)
{
	struct dtls *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->base.ops = &ops;
	t->base.info = (struct transport_info){ .protocol = "", .cipher = "", .doubt = "" };
	t->endpoint = endpoint;
	t->handler = handler;
	t->handler_arg = handler_arg;
	t->report.run = on_report;
	t->drained.run = on_drained;
	t->outgoing.run = on_outgoing;
	t->waiter.loaded = on_trust_loaded;
	t->timer.fire = on_timer;
	t->fd = -1;
	return t;
}

static bool make_events(struct dtls *t)
{
	struct event_base *base = t->endpoint->loop->base;

	t->readable = event_new(base, t->fd, EV_READ | EV_PERSIST, on_readable, t);
	t->writable = event_new(base, t->fd, EV_WRITE, on_writable, t);
	return t->readable && t->writable;
}

static bool make_engine(struct dtls *t)
{
	t->ticket = tls_endpoint_ticket(t->endpoint, &t->peer);
	return dtls_engine_init(&t->engine, t->endpoint->policy, t->ticket, &t->peer, &t->end,
		udp_socket_payload_max(t->fd, &t->peer));
}

/* The ClientHello leaves, and the ticket with it: once is all.  False: t->end says why. */
static bool begin(struct dtls *t)
{
	int error;

	if (dtls_engine_handshake(&t->engine) != TLS_PROGRESS_MORE)
		return false;
	t->base.info.max_message = dtls_engine_message_max(&t->engine);
	udp_socket_flush(t->fd, &t->engine.out, &error);
	if (is_local(error)) {
		tcp_socket_fault(&t->end, STAGE_ROUTE, error);
		return false;
	}
	if (t->ticket || !tls_endpoint_wait(t->endpoint, &t->waiter))
		event_add(t->readable, NULL);
	ticket_free(t->ticket);
	t->ticket = NULL;
	t->flight_us = turn_now_us(turn_of(t));
	t->deadline_us = t->flight_us + DTLS_HANDSHAKE_US;
	arm(t);
	return t->state == DTLS_HANDSHAKE;
}

struct transport *dtls_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end)
{
	struct dtls *t = make(arg, handler, handler_arg);

	if (!t) {
		tcp_socket_fault(ret_end, STAGE_ROUTE, ENOMEM);
		return NULL;
	}
	t->peer = *to;
	tcp_socket_fault(&t->end, STAGE_ROUTE, ENOMEM); /* of all that fails without a word */
	t->fd = udp_socket_connect(to, t->endpoint->device, &t->end);
	if (t->fd >= 0 && make_events(t) && make_engine(t) && begin(t))
		return &t->base;
	*ret_end = t->end;
	dtls_free(&t->base);
	return NULL;
}
