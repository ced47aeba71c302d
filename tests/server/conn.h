/*
 * One stream connection, TLS or TCP: octets in, messages out to serve(), answers back.
 *
 * state	event				next
 * HANDSHAKE	finished			OPEN
 * OPEN		conn_close			CLOSING, while octets are still to be sent
 * STALLED	(by a rule) reads nothing, says nothing; conn_close as above
 * CLOSING	all sent			DRAINING (after FIN), else DEAD
 * DRAINING	FIN, error or 2 s		DEAD
 * any		the peer goes			DEAD
 *
 * A dead connection is freed by the server's reaper, never under a callback.
 */
#ifndef TESTS_SERVER_CONN_H
#define TESTS_SERVER_CONN_H

#include <event2/util.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "tests/server/buf.h"
#include "tests/server/limits.h"
#include "tests/server/outlet.h"
#include "tests/server/reply.h"
#include "tests/server/stats.h"
#include "tests/server/tls.h"

struct event;
struct server;

enum conn_state {
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_STALLED,
	CONN_CLOSING,
	CONN_DRAINING,
	CONN_DEAD,
};

struct conn {
	struct list node; /* in server's conns or dead */
	struct server *server;
	struct outlet outlet;
	enum conn_state state;
	enum transport transport;
	uint64_t number; /* 1 is the first ever accepted */
	evutil_socket_t fd;
	struct event *read_event, *write_event;
	struct event *timer;	   /* life; later the bound of CLOSING and DRAINING */
	struct event *stall_timer; /* NULL until first used */
	struct tls *tls;	   /* NULL on TCP */
	struct tls_facts facts;	   /* valid after the handshake */
	struct buf net_in;	   /* received, not yet decrypted; TLS only */
	struct buf net_out;	   /* to be sent as it is */
	struct buf in;		   /* plaintext, not yet a whole message */
	struct buf coalesced;	   /* framed answers to share records */
	struct list items;	   /* answers with special delivery, in order: output.h */
	struct event *pace_timer;  /* the first item's; NULL until first used */
	struct limits limits;
	enum close_how how; /* valid from CLOSING on */
	bool batching;	    /* octets will be sent at the end of the batch */
	bool silenced;	    /* nothing is ever sent again */
	bool peer_done;	    /* FIN or close_notify came; closed when all is answered */
	uint64_t queries, answers, records;
	uint64_t waiting; /* queries not yet answered and not dropped */
	uint64_t answered_in_batch;
	uint32_t record_len;  /* of the record being read */
	uint32_t span;	      /* records that the message at the front touched so far */
	struct random random; /* for garbage */
};

/* fd is taken.  Applies the first connection rule that matches. */
void conn_new(struct server *s, enum transport t, evutil_socket_t fd);
/* For the reaper and the end of the program. */
void conn_free(struct conn *c);

/* A message of our own, framed; for whoever has no delivery wishes. */
void conn_send(struct conn *c, const uint8_t *msg, size_t len);
/* n octets that are neither TLS nor DNS. */
void conn_noise(struct conn *c, size_t n);
/* A query got its answer, or will get none: it waits no more. */
void conn_answered(struct conn *c);
/* It was of use just now: a limit of idleness begins again. */
void conn_touch(struct conn *c);
void conn_close(struct conn *c, enum close_how how);
/* The socket is gone, by whatever reason; the rest is freed by the reaper. */
void conn_die(struct conn *c);
/* Sends what is there, unless a batch is going on. */
void conn_flush(struct conn *c);
void conn_pause(struct conn *c, bool on);

static inline bool conn_usable(const struct conn *c)
{
	return c->state == CONN_OPEN && !c->silenced;
}

#endif
