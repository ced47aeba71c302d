/*
 * A DTLS connection inside, for three files: dtls.c is the transport (its socket, sending, life and end),
 * dtls_handshake.c the way to a session, dtls_read.c what comes.
 */
#ifndef PROXY_UPSTREAM_DTLS_INTERNAL_H
#define PROXY_UPSTREAM_DTLS_INTERNAL_H

#include <event2/event.h>

#include "proxy/loop.h"
#include "proxy/upstream/dtls.h"
#include "proxy/upstream/dtls_engine.h"

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

static inline struct turn *dtls_turn(struct dtls *t)
{
	return &t->endpoint->loop->turn;
}

/* ------------------------------------------------------------------ dtls.c */

/* t->end says why. The handler hears of it from the deferred phase. */
void dtls_finish(struct dtls *t);
void dtls_finish_with(
	struct dtls *t, enum transport_stage stage, enum transport_fault fault, const char *text);

/* How large a datagram may be on this path now. */
void dtls_measure_path(struct dtls *t);

/*
 * An error of the socket.  All of these may be forged or pass (RFC 8094 3.1: ICMP errors are soft).  Before anything has
 * come from the server they say where not to wait.
 */
void dtls_note_error(struct dtls *t, int error);

/* ------------------------------------------------------------------ dtls_handshake.c */

/* The alert of ours that says why goes out before. */
void dtls_fail_handshake(struct dtls *t);
/* The library's timer is looked at when it is due. */
void dtls_arm(struct dtls *t);
void dtls_on_timer(struct timer *timer);
/* An answer to our flight has come, or the end of the handshake. */
void dtls_note_progress(struct dtls *t);
/* An alert in clear that may be the server's, or anyone's. */
void dtls_note_refusal(struct dtls *t);
void dtls_become_ready(struct dtls *t);

/* ------------------------------------------------------------------ dtls_read.c */

/* Of the socket's event; arg is the struct dtls. */
void dtls_on_readable(evutil_socket_t fd, short what, void *arg);

#endif
