/*
 * The seam between a session and what carries it: TLS, DTLS, plain sockets; a script in tests. A transport delivers and takes whole DNS messages and says of itself what it is.
 *
 * Calls never call back before they return.  Callbacks come from the event loop or from the turn's
 * deferred phase; a handler may call into the transport from them.  After `ended` (which comes
 * exactly once, unless transport_close was called first) nothing more comes.  The one who opened it
 * frees it.
 */
#ifndef PROXY_UPSTREAM_TRANSPORT_H
#define PROXY_UPSTREAM_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"

/* How far it had come. */
enum transport_stage {
	STAGE_ROUTE, /* no socket, no route, no address of our own */
	STAGE_UDP,   /* nothing has come back */
	STAGE_TCP,
	STAGE_TLS,
	STAGE_AUTH,
	STAGE_DNS, /* it was ready */
};

enum transport_fault {
	FAULT_CLOSED, /* the peer's orderly goodbye: FIN or close_notify */
	FAULT_RESET,
	FAULT_TIMEOUT,
	FAULT_PROTOCOL, /* alert, broken record, impossible length prefix, refused certificate */
	FAULT_LOCAL, /* ours: no descriptor, no memory, no route: never counts against the upstream
		      */
};

#define TRANSPORT_TEXT_MAX 200u

struct transport_end {
	enum transport_stage stage;
	enum transport_fault fault;
	/*
	 * What stood unfinished in the stream when it ended, borrowed for the callback: a half
	 * answer.
	 */
	const uint8_t *partial;
	size_t partial_len;
	char text[TRANSPORT_TEXT_MAX]; /* the library's or the system's reason */
};

struct transport_info {
	bool stream;
	bool clear;	    /* not encrypted: never but in zones */
	bool authenticated; /* only valid once ready */
	bool resumed;	    /* by a ticket; likewise */
	const char *doubt;  /* why it is not authenticated, "" if it is; the transport's */
	size_t max_message;
	struct addr local;    /* plain sockets: our address, once ready; AF_UNSPEC: not told */
	const char *protocol; /* "TLS1.3", "" before it is known; static */
	const char *cipher;   /* "AES-128-GCM"; static */
	int64_t not_after;    /* of the certificate: seconds since 1970; 0: not known */
};

struct transport_handler {
	/* The peer answered at all (SYN-ACK). */
	void (*established)(void *arg);
	/* Encrypted and authenticated as configured: messages may go. */
	void (*ready)(void *arg);
	/* One whole message; the bytes stay until the end of this turn. */
	void (*message)(void *arg, const uint8_t *msg, size_t len);
	/* has_room is true again after it was false. */
	void (*room)(void *arg);
	/*
	 * Datagrams only: what cannot be told from a forgery says that the peer has lost our session
	 * (RFC 8094 6, an alert in the window).  It stays as it is; another one is to be opened beside it, and
	 * the first that answers is kept.  why: a static text.
	 */
	void (*doubted)(void *arg, const char *why);
	void (*ended)(void *arg, const struct transport_end *end);
};

struct transport {
	const struct transport_ops *ops;
	struct transport_info info;
};

struct transport_ops {
	/* True while another message may be queued; false above the byte bound. */
	bool (*has_room)(const struct transport *t);
	/*
	 * For how long octets of ours have been on the way without any being acknowledged, and the
	 * round-trip time that the path has shown, in microseconds; 0: none, not known.  Cheap
	 * enough for a few calls a second; meant to be called repeatedly while queries are out.
	 */
	uint64_t (*unacked_us)(struct transport *t, uint64_t now_us, uint64_t *ret_rtt_us);
	/*
	 * The part of a message that has come, while the rest has not; NULL: none.  Borrowed until
	 * the next event of this transport.
	 */
	const uint8_t *(*partial)(const struct transport *t, size_t *ret_len);
	/*
	 * Takes a copy of one message. 0, -ENOBUFS (bound), -ENOMEM, -EPIPE (it has ended),
	 * -EMSGSIZE (a datagram of this path takes no more than info.max_message).  Only when
	 * ready.
	 */
	int (*send)(struct transport *t, const uint8_t *msg, size_t len);
	/* Seals and sends what was taken.  A fault found here is reported later. */
	void (*flush)(struct transport *t);
	/* Says goodbye where that is possible without waiting; no callback comes any more. */
	void (*close)(struct transport *t);
	/* Closes if need be. Not from inside its own callbacks. */
	void (*free)(struct transport *t);
};

/* Opens a transport to an address; NULL with *ret_end filled where not even an attempt could be made. */
struct transport_opener {
	struct transport *(*open)(void *opener_arg, const struct addr *to,
		const struct transport_handler *handler, void *handler_arg,
		struct transport_end *ret_end);
	void *arg;
};

const char *transport_stage_text(enum transport_stage s);

#endif
