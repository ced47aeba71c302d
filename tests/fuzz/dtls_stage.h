/* What fuzz_dtls and the maker of its corpus have in common: tls_stage.h, over datagrams. */
#ifndef TESTS_FUZZ_DTLS_STAGE_H
#define TESTS_FUZZ_DTLS_STAGE_H

#define STAGE_POLICY_NEW dtls_policy_new

#include "proxy/upstream/dtls_engine.h"
#include "tests/fuzz/tls_stage.h"
#include "tests/unit/dtls_peer.h"

/*
 * An input begins as that of fuzz_tls, but for
 *
 *	octet 0		HEAD_NO_COOKIES instead of HEAD_TLS12
 *	octet 1		octets that the path takes, in eights; 0: 1232
 *	the rest	HEAD_RAW: datagrams of the server's, each with its length in two octets in front; else
 *			steps
 */
#define HEAD_NO_COOKIES HEAD_TLS12

/* A place is one of the datagrams on the way to the client, counted round. */
enum dstep {
	DSTEP_PASS,	   /* all that is on the way goes to its end, until nothing is on the way */
	DSTEP_PASS_SOME,   /* count: so many datagrams of the server's go to the client */
	DSTEP_FLIP,	   /* place, at, at, xor */
	DSTEP_CUT,	   /* place, at, at: what is behind is gone */
	DSTEP_DROP,	   /* place */
	DSTEP_TWICE,	   /* place: again behind all others */
	DSTEP_LAST,	   /* place: goes behind all others */
	DSTEP_JOIN,	   /* place: one datagram with the next one */
	DSTEP_INSERT,	   /* count, octets: somebody's datagram, which goes to the client now */
	DSTEP_ALERT_CLEAR, /* epoch, description: likewise */
	DSTEP_LOSE,	   /* all that the client has said is lost */
	DSTEP_TIME,	   /* count: tenths of a second, then both look at their timers */
	DSTEP_WRITE,	   /* count, octets: a message of the server's */
	DSTEP_ALERT,	   /* level, description */
	DSTEP_HELLO_REQUEST,
	DSTEP_GOODBYE,
	DSTEP_QUERY, /* count: octets from the client */
	DSTEP_COUNT
};

static inline size_t payload_of(uint8_t octet)
{
	return octet < 16 ? 1232 : octet * 8u;
}

static inline void stage_dtls_server(const struct stage *s, uint8_t head, struct dtls_peer *ret)
{
	struct peer_form f = { .ticket_key = head & HEAD_SERVER_TICKETS ? &s->ticket_key : NULL };

	f.chain[0] = head & HEAD_BELOW ? &s->leaf_below : &s->leaf;
	f.chain[1] = head & HEAD_BELOW ? &s->between : NULL;
	dtls_peer_init(ret, &f, !(head & HEAD_NO_COOKIES));
}

#endif
