/*
 * What an audit finds out about one resolver: what was measured, and only that.  audit_probe fills it in,
 * audit_grade judges it, audit_print shows both.  Zeroed: nothing was measured.
 */
#ifndef PROXY_CTL_AUDIT_H
#define PROXY_CTL_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/base/addr.h"
#include "proxy/upstream/tls_facts.h"
#include "proxy/upstream/transport.h"

/* Bounds of one audit: what it asks, and how long it may take unless told otherwise. */
#define AUDIT_QUERIES_MAX 40u
#define AUDIT_TIME_US	  20000000u
#define AUDIT_LONG_US	  120000000u /* with the wait for the server's idle limit */

enum audit_answer { AUDIT_UNKNOWN = 0, AUDIT_NO, AUDIT_YES };

/* What came of a client subnet that we sent, with no address in it (RFC 7871 7.1.2) and with one. */
enum audit_subnet {
	SUBNET_UNKNOWN = 0,
	SUBNET_UNUSED,	/* nothing of it comes back, or the "none" that was sent */
	SUBNET_ECHOED,	/* the one that was sent comes back, and the answer depends on it */
	SUBNET_NOTICED, /* it comes back, with scope 0: this answer does not */
	SUBNET_REFUSED, /* an error instead of an answer */
	SUBNET_INVENTED /* none was sent, and one comes back */
};

enum audit_cookie {
	COOKIE_UNKNOWN = 0,
	COOKIE_ABSENT,
	COOKIE_FOREIGN, /* not the client cookie that was sent (RFC 7873 5.3) */
	COOKIE_SPURNED, /* its own server cookie is not taken by the next query */
	COOKIE_KEPT,
};

/* Answers to the same name, one after the other, and how long each took. */
struct audit_latency {
	unsigned count; /* 0: not measured */
	uint64_t min_us, median_us, max_us;
};

struct audit_padding {
	unsigned answers; /* 0: not measured */
	unsigned padded;  /* with the option */
	size_t block;	  /* the largest number that divides all their lengths */
	size_t shortest, longest;
};

struct audit_facts {
	/* Why no session came to be, and how far it got; stage is only valid where !session. */
	bool session;
	enum transport_stage stage;
	char failure[TRANSPORT_TEXT_MAX];

	struct addr addr; /* the one that was measured */
	size_t addresses, reachable;
	struct tls_facts tls;
	enum audit_answer authenticated; /* unknown: the trust store can't be read */
	char doubt[TRANSPORT_TEXT_MAX];	 /* why not */
	enum audit_answer old_tls;	 /* it takes TLS 1.1 or 1.0 */
	time_t now;			 /* wall clock, for dates of certificates */
	unsigned tickets;		 /* of one session */
	enum audit_answer resumed;
	uint64_t connect_us, handshake_us, resumed_us; /* 0: not measured */

	enum audit_answer edns;
	int keepalive;	       /* 100 ms; -1: none is told */
	uint64_t idle_us;      /* it closed an idle session after so long; 0: not measured */
	uint64_t idle_open_us; /* it was still open after so long; 0: not measured */
	enum audit_answer out_of_order;
	struct audit_padding padding;
	enum audit_subnet subnet;
	enum audit_answer subnet_sent; /* others were told it, as a test name says */
	enum audit_cookie cookie;
	enum audit_answer validates, says_ad;
	enum audit_answer rewrites;
	char rewritten[ADDR_TEXT_MAX]; /* to this address */
	enum audit_answer minimises;
	enum audit_answer dtls;
	char dtls_text[TRANSPORT_TEXT_MAX]; /* version and cipher, or why not */
	struct audit_latency latency;
	unsigned queries, unanswered;
	uint64_t took_us;

	/* Why something is not measured; "": nothing to add. */
	struct {
		char dnssec[80], rewriting[80], minimising[80], order[80], subnet[80];
	} why;
};

#endif
