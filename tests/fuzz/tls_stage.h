/* What fuzz_tls and the maker of its corpus have in common: identities, policies, the input's head. */
#ifndef TESTS_FUZZ_TLS_STAGE_H
#define TESTS_FUZZ_TLS_STAGE_H

#include <string.h>
#include <unistd.h>

#include "proxy/upstream/tls_engine.h"
#include "proxy/upstream/tls_policy.h"
#include "proxy/upstream/trust.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/steady.h"
#include "tests/unit/tls_peer.h"

/*
 * An input: the head, which says who meets whom, then what happens.
 *
 *	octet 0		what is below
 *	octet 1		octets that the client gets at a time; 0: all
 *	the rest	HEAD_RAW: what the server sends, octet for octet; else steps
 */
enum head {
	HEAD_TLS12 = 1,
	HEAD_SERVER_TICKETS = 2,
	HEAD_OPPORTUNISTIC = 4,
	HEAD_NO_TICKETS = 8, /* the client's policy */
	HEAD_RAW = 16,
	HEAD_BELOW = 32,  /* the server has a leaf of the authority in the middle */
	HEAD_RESUME = 64, /* the client has a ticket; beside HEAD_PIN: the pin stands alone */
	HEAD_PIN = 128,	  /* the policy pins the authority in the middle, beside the name */
};
#define HEAD_LEN 2
/* As many as policy_of() tells apart. */
#define POLICIES 16u

/* Against a server of GnuTLS in the same process.  Numbers of two octets are big-endian. */
enum step {
	STEP_PASS,	/* all that is on the way goes to its end, until nothing is on the way */
	STEP_PASS_SOME, /* count: so many octets of the server's go to the client */
	STEP_FLIP,	/* at, at, xor: an octet on the way to the client */
	STEP_CUT,	/* at, at: what is behind gets lost */
	STEP_REPEAT,	/* at, at, count: octets on the way come twice */
	STEP_DROP,	/* at, at, count */
	STEP_INSERT,	/* at, at, count, octets */
	STEP_SPOIL, /* at, at, xor: an octet of the server's next handshake message, sealed after that */
	STEP_WRITE,	    /* count, octets: a record of the server's */
	STEP_WRITE_LONG,    /* the longest */
	STEP_EMPTY,	    /* a record with nothing in it */
	STEP_TICKETS,	    /* count */
	STEP_UPDATES,	    /* count, whether ours is asked for */
	STEP_ALERT,	    /* level, description */
	STEP_HELLO_REQUEST, /* count */
	STEP_GOODBYE,
	STEP_QUERY, /* count: octets from the client */
	STEP_COUNT
};

/* ------------------------------------------------------------------ identities, policies */

/* That of DTLS is another. */
#ifndef STAGE_POLICY_NEW
#define STAGE_POLICY_NEW tls_policy_new
#endif

struct stage {
	struct identity ca, between, leaf, leaf_below;
	struct trust *trust;
	struct config_upstream upstreams[POLICIES];
	uint8_t pin[1][CONFIG_PIN_OCTETS];
	struct tls_policy *policies[POLICIES]; /* by the bits of the head that make them */
	gnutls_datum_t ticket_key;
	struct addr addr;
};

static inline unsigned policy_of(uint8_t head)
{
	bool alone = (head & HEAD_PIN) && (head & HEAD_RESUME);

	return (head & HEAD_OPPORTUNISTIC ? 1u : 0) | (head & HEAD_NO_TICKETS ? 2u : 0) |
	       (head & HEAD_PIN ? 4u : 0) | (alone ? 8u : 0);
}

static inline void make_trust(struct stage *s)
{
	static const char name[] = "/tmp/dnsfwd-fuzz-XXXXXX";
	const struct identity *const anchors[] = { &s->ca };
	char path[sizeof name], error[256];
	int fd;

	memcpy(path, name, sizeof name);
	fd = mkstemp(path);
	must(fd >= 0);
	close(fd);
	identity_write(path, anchors, 1);
	s->trust = trust_new(path);
	must(s->trust && trust_load(s->trust, error, sizeof error) == 0);
	unlink(path);
}

static inline void make_policy(struct stage *s, unsigned i)
{
	struct config_upstream *u = &s->upstreams[i];
	char error[256];

	u->auth_name = i & 8 ? NULL : (char *)(uintptr_t) "resolver.test";
	u->profile = i & 1 ? PROFILE_OPPORTUNISTIC : PROFILE_STRICT;
	u->session_tickets = !(i & 2);
	u->pins = s->pin;
	u->pin_count = i & 4 ? 1 : 0;
	s->policies[i] = STAGE_POLICY_NEW(
		u, "", tls_policy_trusts(u) ? s->trust : NULL, error, sizeof error);
	must(s->policies[i]);
}

/* Runs steadily: the same keys each time. */
static inline void make_stage(void *arg)
{
	struct stage *s = arg;

	identity_make(&s->ca, &(struct identity_form){ .cn = "the CA", .ca = true }, NULL);
	identity_make(&s->between, &(struct identity_form){ .cn = "between", .ca = true }, &s->ca);
	identity_make(&s->leaf, &(struct identity_form){ .dns = "resolver.test" }, &s->ca);
	identity_make(
		&s->leaf_below, &(struct identity_form){ .dns = "resolver.test" }, &s->between);
	identity_pin(&s->between, s->pin[0]);
	make_trust(s);
	for (unsigned i = 0; i < POLICIES; i++)
		make_policy(s, i);
	must(gnutls_session_ticket_key_generate(&s->ticket_key) == 0);
	must(addr_parse("192.0.2.1", 9, 853, false, &s->addr));
}

static inline void stage_server(const struct stage *s, uint8_t head, struct peer *ret)
{
	struct peer_form f = { .priority = head & HEAD_TLS12 ? "NORMAL:-VERS-ALL:+VERS-TLS1.2"
							     : "NORMAL:-VERS-ALL:+VERS-TLS1.3" };

	f.chain[0] = head & HEAD_BELOW ? &s->leaf_below : &s->leaf;
	f.chain[1] = head & HEAD_BELOW ? &s->between : NULL;
	f.ticket_key = head & HEAD_SERVER_TICKETS ? &s->ticket_key : NULL;
	f.alpn = "dot";
	peer_init(ret, &f);
}

/* A thread of its own has begun with this seed when a client is made. */
#define SEED_STAGE  1
#define SEED_CLIENT 2
#define SEED_SERVER 3

#endif
