/*
 * TLS without a socket: what came in is fed, what has to go out is taken, so that one recv() feeds
 * many records, one send() carries many, Finished leaves with the first queries, and a test needs
 * no network.
 *
 * Single-threaded, as GnuTLS's sessions are.  Not for use after a call has failed.
 */
#ifndef PROXY_UPSTREAM_TLS_ENGINE_H
#define PROXY_UPSTREAM_TLS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/base/bytes.h"
#include "proxy/upstream/tickets.h"
#include "proxy/upstream/transport.h"

struct tls_policy;
struct ticket;
struct gnutls_session_int;

/* Octets of plain text in a record at most (RFC 8446 5.1). */
#define TLS_RECORD_MAX 16384u
/* A handshake message at most: longer certificate chains are refused. */
#define TLS_HANDSHAKE_MAX 49152u
/*
 * Tickets, key updates, warnings and empty records that a server may send without an octet of
 * answer between, and in all (threats A65).
 */
#define TLS_CHATTER_ROW 64u
#define TLS_CHATTER_ALL 4096u

struct tls_engine {
	/* Private but for `out` and `plain`, which the caller consumes. */
	struct gnutls_session_int *session;
	const struct tls_policy *policy; /* borrowed */
	const struct addr *addr;
	bool ready;
	/*
	 * Once ready: what the handshake has found, or the one that gave the ticket.  reason says why it
	 * is not authenticated, where the policy takes it all the same.
	 */
	struct verdict verdict;
	bool judged; /* a certificate was shown and looked at */
	bool resumed;
	char reason[TRANSPORT_TEXT_MAX];
	/* A ticket came that tls_engine_keep_ticket has not looked at; told by the function, if set. */
	bool ticket_came;
	void (*keep_ticket)(void *arg, struct tls_engine *e);
	void *keep_arg;
	/* Messages and records since the last octet of answer, and the sum of earlier ones. */
	unsigned chatter_row, record_row, chatter_all;
	size_t record_seen; /* octets of the record being pulled, its header included */
	size_t record_len;  /* known from its header on */
	bool chatter_over;  /* bound hit */

	const uint8_t *in; /* fed and not pulled yet; borrowed for the call that feeds */
	size_t in_len;
	struct bytes plain;   /* opened */
	struct bytes pending; /* to be sealed */
	struct bytes out;     /* sealed, to be sent */

	struct transport_end *end; /* where a failure is written; the caller's */
};

enum tls_progress {
	TLS_PROGRESS_DONE, /* handshake: ready; open: all that was fed is opened */
	TLS_PROGRESS_MORE, /* handshake: needs more from the peer; `out` may have to be sent; open: a
			      ticket came */
	TLS_PROGRESS_END,  /* over: *end says why */
};

/*
 * A client session that will judge its peer by the policy, or resume what the ticket (NULL: none)
 * stands for.  policy, addr and end outlive it.  False without memory.
 */
bool tls_engine_init(struct tls_engine *e, const struct tls_policy *policy,
	const struct ticket *ticket, const struct addr *addr, struct transport_end *end);
void tls_engine_deinit(struct tls_engine *e); /* of a zeroed one too */

/*
 * Octets from the peer, borrowed during the next handshake or open call; feed NULL, 0 afterwards.
 */
static inline void tls_engine_feed(struct tls_engine *e, const uint8_t *data, size_t len)
{
	e->in = data;
	e->in_len = len;
}

enum tls_progress tls_engine_handshake(struct tls_engine *e);

/*
 * Opens the records that were fed into `plain`.  MORE: up to a ticket, which is to be kept before the
 * next call, as GnuTLS remembers only the last one.
 */
enum tls_progress tls_engine_open(struct tls_engine *e);

/* Seals what is pending as one record (more where it is longer than a record).  False: over. */
bool tls_engine_seal(struct tls_engine *e);

/* Keeps the newest ticket of a session that is ready, with the verdict that it stands for. */
void tls_engine_keep_ticket(struct tls_engine *e, struct tickets *tickets, uint64_t boot_us);

/* Puts close_notify into `out`. */
void tls_engine_goodbye(struct tls_engine *e);

/* Names for logs; static. */
const char *tls_engine_protocol(const struct tls_engine *e);
const char *tls_engine_cipher(const struct tls_engine *e);

#endif
