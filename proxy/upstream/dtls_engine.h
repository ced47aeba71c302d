/*
 * DTLS 1.2 (RFC 6347) without a socket: datagrams that came are fed, datagrams that have to go out are
 * taken.  Whom it takes for the server, tickets and bounds are those of tls_engine, which it holds.
 *
 * What anyone may have sent never ends it once it is ready: only what is sealed with its keys does, an
 * alert, close_notify, or too much that is no answer.  During the handshake what is in clear may break
 * it, but alerts don't.
 */
#ifndef PROXY_UPSTREAM_DTLS_ENGINE_H
#define PROXY_UPSTREAM_DTLS_ENGINE_H

#include "proxy/upstream/datagrams.h"
#include "proxy/upstream/dtls_filter.h"
#include "proxy/upstream/tls_engine.h"

/* Of header, nonce and tag, at most (AES-GCM; standards 9.2). */
#define DTLS_OVERHEAD	  37u
#define DTLS_PLAIN_PREFIX 2u
/* A flight goes out again after so long, then after twice that, and so on (RFC 6347 4.2.4.1). */
#define DTLS_RETRANSMIT_MS 1000u
/* Sealed with one key at most (RFC 9325 4.4), and opened in vain. */
#define DTLS_SEALED_MAX (1u << 24)
#define DTLS_FORGED_MAX (1u << 28)

struct dtls_engine {
	/*
	 * The session, the verdict, tickets.  `plain`: the messages that were opened, each with its length
	 * in front, DTLS_PLAIN_PREFIX octets.  `pending` and `out` are not used.
	 */
	struct tls_engine tls;
	struct datagrams out; /* to be sent; the caller's to consume */
	uint64_t discarded;   /* records that proved to be nobody's, or were not let in */
	/*
	 * A fatal alert came that proves nothing; the caller's to reset.  Ready: the server may have lost
	 * our session (RFC 8094 6).  Before: it may have refused us.
	 */
	bool alerted;
	uint8_t alert; /* its description */

	/* Private. */
	struct dtls_filter filter;
	bool starved; /* the library asked for more than was fed */
	unsigned sealed;
};

/*
 * As tls_engine_init, with a policy of datagrams.  payload_max: octets of a datagram that the path
 * takes.
 */
bool dtls_engine_init(struct dtls_engine *e, const struct tls_policy *policy,
	const struct ticket *ticket, const struct addr *addr, struct transport_end *end,
	size_t payload_max);
void dtls_engine_deinit(struct dtls_engine *e); /* of a zeroed one too */

/* The path takes less, or more.  What is sealed stays as it is. */
void dtls_engine_set_payload_max(struct dtls_engine *e, size_t payload_max);

/* The longest message for dtls_engine_seal; before the handshake's end what it will be at least. */
size_t dtls_engine_message_max(const struct dtls_engine *e);

/*
 * Begins the handshake; later, repeats our flight if it is due.  DONE, MORE (something may have to be
 * sent), END: over, *end says why.
 */
enum tls_progress dtls_engine_handshake(struct dtls_engine *e);

/* When to call it again at the latest, if nothing comes; the library measures in the wall clock. */
unsigned dtls_engine_timeout_ms(const struct dtls_engine *e);

/*
 * One datagram.  DONE: ready, and what came is in `plain`; MORE: the handshake goes on; END: over, but
 * what came whole before is in `plain`.
 */
enum tls_progress dtls_engine_feed(struct dtls_engine *e, const uint8_t *data, size_t len);

/*
 * Seals one message as one record, one datagram.  0, -EMSGSIZE (longer than message_max), -ENOBUFS (out
 * is full), -EPIPE (over, *end says why).
 */
int dtls_engine_seal(struct dtls_engine *e, const uint8_t *msg, size_t len);

/* Puts close_notify into `out`. */
void dtls_engine_goodbye(struct dtls_engine *e);

/* What an alert means; static. */
const char *dtls_engine_alert_text(uint8_t alert);

#endif
