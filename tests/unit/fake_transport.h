/*
 * A transport in memory that does what the test says, with a clock and random numbers of its own.
 *
 * The test decides when a transport is established and ready, has room, delivers a message, ends, or can't
 * even be opened.  What is sent is kept.  It watches over the contract of transport.h and fails the test:
 * no call after free, messages only when ready, close once, free not from inside a handler, everything
 * sent is flushed by the end of the turn.
 */
#ifndef TESTS_UNIT_FAKE_TRANSPORT_H
#define TESTS_UNIT_FAKE_TRANSPORT_H

#include "common/base/random.h"
#include "common/base/stats.h"
#include "common/base/turn.h"
#include "common/dns/message.h"
#include "proxy/upstream/request.h"
#include "proxy/upstream/session.h"
#include "proxy/upstream/transport.h"

#define US  UINT64_C(1)
#define MS  UINT64_C(1000)
#define SEC (1000 * MS)

/* When a test begins: not 0, which several fields use for "never". */
#define FAKE_START_US (1000 * SEC)

/* What a flight of requests is built with by fake_setup. */
#define FAKE_PROTOCOL "TLS1.3"

struct fake_net;

struct fake_message {
	uint8_t *bytes;
	size_t len;
	bool answered; /* by fake_answer_nth */
};

struct fake {
	struct transport base;
	struct fake_net *net;
	const struct transport_handler *handler;
	void *handler_arg;
	bool stream; /* as in info, which is gone once it is freed */
	bool established, ready, ended, closed, freed;
	bool in_handler;
	/* Scripts */
	size_t room;	/* so many messages more are taken; fake_room sets it */
	int send_error; /* what the next send gives instead; 0: nothing special */
	bool broken;	/* every send gives -EPIPE: the end is known, but not told yet */
	/* Records */
	bool starved; /* has_room was false */
	unsigned looks; /* calls of unacked_us */
	uint64_t stuck_since_us; /* nothing has been acknowledged since; 0: all is. The test sets it */
	uint64_t rtt_us;	 /* what TCP says of the path; the test sets it */
	const uint8_t *partial; /* part of a message that has come (framed); the test sets it */
	size_t partial_len;
	struct fake_message *sent;
	size_t sent_count, sent_cap, flushed;
	unsigned matched; /* the test's: answers that were taken */
	uint64_t opened_us;
	struct addr to;
};

struct fake_net {
	struct turn turn;
	struct random_source random;
	struct stats stats;
	uint64_t clock_us, noise;
	uint8_t scratch[DNS_MESSAGE_MAX];

	/* Every transport opened, the oldest first. */
	struct fake **fakes;
	size_t count, cap;
	size_t opened; /* also those swept away */

	bool refuse;		      /* open() fails with refusal */
	int refuse_family;	      /* the same for addresses of one family: AF_INET6 without IPv6; 0: none */
	struct transport_end refusal;
	size_t refused;

	void (*closing)(struct fake *f); /* told of every close by its user; NULL: nobody */
	/* Told of every message that is sent, or refused with err; NULL: nobody. */
	void (*sending)(struct fake *f, const uint8_t *msg, int err);
	bool in_call; /* somebody calls into a transport */
	void **lent;  /* bytes delivered in this turn */
	size_t lent_count, lent_cap;
};

/* seed: of the random numbers. */
void fake_net_init(struct fake_net *n, uint64_t seed);
/* Fails where a transport was not freed. */
void fake_net_deinit(struct fake_net *n);

struct transport_opener fake_opener(struct fake_net *n);
/* The same for transports over datagrams, which take messages of FAKE_DATAGRAM_MAX octets. */
#define FAKE_DATAGRAM_MAX 1200u
struct transport_opener fake_datagram_opener(struct fake_net *n);
/* A setup without owner: in-flight limit 100, keepalive, padding. */
struct session_setup fake_setup(struct fake_net *n);

/* The i-th of those opened, from the end if negative; fails if there is none. */
struct fake *fake_at(struct fake_net *n, long i);
/* Those neither closed, ended nor freed. */
size_t fake_open_count(const struct fake_net *n);
/* Forgets freed ones, so that a long test need not keep them. */
void fake_sweep(struct fake_net *n);

/* ------------------------------------------------------------------ time */

/* Ends the turn and begins another at the same time, until nothing is left to do. */
void fake_turn(struct fake_net *n);
/* The same, and time passes, timer by timer. */
void fake_wait(struct fake_net *n, uint64_t us);
/* Moves to the next timer and lets it fire; false: none runs. */
bool fake_next_timer(struct fake_net *n);

/* ------------------------------------------------------------------ what the peer does */

void fake_establish(struct fake *f);
/* Establishes it first if need be. */
void fake_ready(struct fake *f);
/* The bytes are copied, and freed at the end of the turn. */
void fake_deliver(struct fake *f, const uint8_t *msg, size_t len);
void fake_end(struct fake *f, enum transport_fault fault, enum transport_stage stage);
/* With that many octets of an unfinished frame. */
void fake_end_cut(struct fake *f, enum transport_fault fault, const uint8_t *partial, size_t len);
/* A sign that the peer has forgotten us, which may be forged. */
void fake_doubt(struct fake *f);
/* Room for so many messages; tells the handler where it was waited for. */
void fake_room(struct fake *f, size_t messages);

/* ------------------------------------------------------------------ answers */

#define FAKE_ANSWER_MAX 2048u
#define FAKE_NO_OPT	((const char *)0)

/* The right answer to a query: NOERROR, one A record made of its question; options: of an OPT, in hex. */
size_t fake_answer(const struct fake_message *query, const char *options, uint8_t *out);
/* Delivers the right answer to the i-th message sent (from the end if negative). */
void fake_answer_nth(struct fake *f, long i);
struct fake_message *fake_sent(struct fake *f, long i);

/* ------------------------------------------------------------------ requests */

/* A request whose question nobody else asks. */
struct ask {
	struct request request;
	uint8_t name[DNS_NAME_MAX];
	unsigned done;	 /* calls of done() */
	unsigned wrong;	 /* of these, with an answer that is not that of its question */
};

void ask_init(struct ask *a, unsigned number);
/* Is this answer (fake_answer's) the one to the question that r asked? */
bool ask_is_answered_right(const struct request *r, const struct dns_message *answer);
/* Is it a query with the question that r asks? */
bool ask_is_in(const struct request *r, const struct fake_message *query);

#endif
