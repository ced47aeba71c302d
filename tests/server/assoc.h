/*
 * One association of DTLS: datagrams in, messages out to serve(), answers back, each in a record and a
 * datagram of its own.
 *
 * state	event				next
 * HANDSHAKE	finished			OPEN
 * any		assoc_close, the peer's goodbye	DEAD
 *
 * A dead one is in no table, so its peer is a stranger again; the server's reaper frees it.
 */
#ifndef TESTS_SERVER_ASSOC_H
#define TESTS_SERVER_ASSOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "tests/server/dtls.h"
#include "tests/server/limits.h"
#include "tests/server/outlet.h"

struct dtls_port;
struct event;
struct server;

enum assoc_state { ASSOC_HANDSHAKE, ASSOC_OPEN, ASSOC_DEAD };

#define ASSOC_SEEN 1024u

struct assoc_question {
	uint16_t id;
	uint32_t hash; /* of the message; 0: none yet */
};

struct assoc {
	struct list node;   /* in server's assocs or dead_assocs */
	struct list bucket; /* in the port's table */
	struct server *server;
	struct dtls_port *port;
	struct peer peer;
	struct outlet outlet;
	struct dtls *dtls;
	enum assoc_state state;
	uint64_t number; /* connections count along: 1 is the first of all */
	struct limits limits;
	struct tls_facts facts; /* valid once open */
	struct event *timer;	/* life or idle */
	struct event *retry;	/* the handshake's next flight, or the end of a stall */
	bool silenced;		/* nothing is ever sent again */
	bool stalled;
	uint8_t hello[DTLS_RANDOM]; /* what its ClientHello has as random */
	uint64_t queries, answers;
	unsigned discarded;			/* records, told to the counters so far */
	struct assoc_question seen[ASSOC_SEEN]; /* lately; at id % ASSOC_SEEN */
	struct random random;
};

/* hello: random of a ClientHello with a good cookie.  NULL: no session could be made. */
struct assoc *assoc_new(struct dtls_port *p, const struct peer *peer, const uint8_t *hello,
	const struct dtls_prestate *prestate);
void assoc_free(struct assoc *a);

void assoc_take(struct assoc *a, const uint8_t *data, size_t len);
/* A message of our own. */
void assoc_send(struct assoc *a, const uint8_t *msg, size_t len);
/* A datagram that is no record of the session. */
void assoc_raw(struct assoc *a, const uint8_t *data, size_t len);
/* CLOSE_NOTIFY and CLOSE_ALERT say so, CLOSE_SILENCE keeps it, all others forget it without a word. */
void assoc_close(struct assoc *a, enum close_how how);

static inline bool assoc_usable(const struct assoc *a)
{
	return a->state == ASSOC_OPEN && !a->silenced;
}

#endif
