/*
 * What we are towards an upstream that may do DNS cookies (RFC 7873 5.1, 5.3; RFC 9018 3, 8.1).
 *
 * A jar holds what is known of one server: on TLS and DTLS it belongs to the session and dies with it, on
 * plain sockets it stands in a cookie_store.  No I/O: clock and random numbers are passed in, a verdict and
 * what there is to tell come out.  All-zero is an empty jar.
 */
#ifndef COMMON_DNS_COOKIE_CLIENT_H
#define COMMON_DNS_COOKIE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/random.h"
#include "common/dns/cookie.h"
#include "common/dns/edns.h"

/* A server that does no cookies is left alone for so long (RFC 9018 8.1). */
#define COOKIE_REST_US (300ull * 1000000)
/* A client cookie is used for so long (RFC 7873 7.1 would allow a year). */
#define COOKIE_LIFE_US (86400ull * 1000000)
/*
 * Datagrams: a server that did cookies and now answers without, so long and so often, and never with one
 * in between, does none any more.
 */
#define COOKIE_LAPSE_US	   (10ull * 1000000)
#define COOKIE_LAPSE_COUNT 3u

enum cookie_phase {
	JAR_EMPTY = 0, /* the next query makes a client cookie */
	JAR_OFFERED,   /* the client cookie was sent, no server cookie is known */
	JAR_KNOWN,     /* the server cookie that came last */
	JAR_RESTING,   /* none is sent until rest_until_us; the old client cookie never again */
};

struct cookie_jar {
	enum cookie_phase phase;
	uint8_t server_len; /* JAR_KNOWN */
	uint8_t client[COOKIE_CLIENT_LEN];
	uint8_t server[COOKIE_SERVER_MAX];
	uint64_t made_us;	/* the client cookie; JAR_OFFERED, JAR_KNOWN */
	uint64_t rest_until_us; /* JAR_RESTING */
	uint64_t lacking_us;	/* since when answers lack the cookie; valid with lacking > 0 */
	unsigned lacking;
};

/* What one query carried: kept with it until its answer, whatever becomes of the jar (RFC 7873 7.1.1). */
enum cookie_form { SENT_NO_COOKIE = 0, SENT_CLIENT_COOKIE, SENT_BOTH_COOKIES };
struct cookie_sent {
	uint8_t form; /* enum cookie_form */
	uint8_t client[COOKIE_CLIENT_LEN];
};

/*
 * The data of the COOKIE option for a query that is about to leave: 0 (none), 8, or 16 to 40 octets.
 */
size_t cookie_offer(struct cookie_jar *j, struct random_source *random, uint64_t now_us,
	struct cookie_sent *ret_sent, uint8_t ret[COOKIE_FULL_MAX]);

struct cookie_answer {
	const struct edns *edns; /* of an answer that was matched by id and question */
	unsigned rcode;		 /* of 12 bits */
	bool stream;		 /* nobody off the path can have put it there */
	bool again;		 /* this server has answered BADCOOKIE to this request before */
};

enum cookie_verdict {
	COOKIE_ACCEPT, /* it is the answer */
	COOKIE_RETRY, /* no answer: the query is to be sent again, with what cookie_offer gives then */
	COOKIE_DISCARD, /* must not be used: perhaps not the server's */
};

/* What happened, for counters and the log. */
enum cookie_news {
	COOKIE_NO_NEWS = 0,
	COOKIE_CONFIRMED,   /* the right client cookie came back */
	COOKIE_WRONG,	    /* illegal, or another client cookie */
	COOKIE_MISSING,	    /* none, where one was expected */
	COOKIE_LAPSED,	    /* likewise, and now the server is taken for one without cookies */
	COOKIE_UNSUPPORTED, /* the server does none */
	COOKIE_REFUSED,	    /* it takes none, not even its own: none is sent for a while */
};

enum cookie_verdict cookie_judge(struct cookie_jar *j, const struct cookie_sent *sent,
	const struct cookie_answer *answer, uint64_t now_us, enum cookie_news *ret_news);

/* Forgets everything, so that it is not left in memory either. */
void cookie_jar_wipe(struct cookie_jar *j);

#endif
