/*
 * The two messages that we write: the query to the upstream and the reply to the client.
 * Each is rebuilt from parsed parts; nothing of the other hop's EDNS passes (design 4).
 */
#ifndef COMMON_DNS_REWRITE_H
#define COMMON_DNS_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/cookie_server.h"
#include "common/dns/ede.h"
#include "common/dns/edns.h"
#include "common/dns/message.h"

/* ------------------------------------------------------------------ to the upstream */

/* What is asked, in the form in which it goes upstream. */
struct upstream_query {
	struct dns_question question;	  /* name folded by the caller; borrowed */
	bool checking_disabled;		  /* the client's CD (RFC 4035 4.9.2) */
	bool authentic_data;		  /* the client's AD (RFC 6840 5.7) */
	bool dnssec_ok;			  /* the client's DO */
	const struct edns_option *copied; /* EDNS_COPIED entries or NULL; len 0: absent */
	const uint8_t *signed_message; /* TSIG/SIG(0): passed untouched but for the id; else NULL */
	size_t signed_len;
};

/* How this upstream is spoken to. */
struct upstream_form {
	uint16_t udp_size;     /* advertised: 1232 on datagrams, 4096 on streams */
	bool keepalive;	       /* streams only (RFC 7828) */
	uint8_t subnet_family; /* client-subnet opt-out, 1: IPv4 transport, 2: IPv6, 0: not sent
				  (RFC 7871) */
	uint16_t pad_block;    /* 0: no padding (clear transports) */
	const uint8_t *cookie; /* data of the COOKIE option (RFC 7873 4), borrowed for the call */
	size_t cookie_len;     /* 0: none */
	size_t *ret_padding;   /* set to the octets of the padding option, if one is written; or NULL */
};

/* Longest query we can write for a plain question with all that may be copied, padded to 512. */
#define UPSTREAM_QUERY_MAX 4096u

/*
 * Writes the query with this id.  OPT is the last record and padding its last option.
 * Returns its length, 0 if cap is too small.
 */
size_t rewrite_query(const struct upstream_query *q, const struct upstream_form *form, uint16_t id,
	uint8_t *out, size_t cap);

/* ------------------------------------------------------------------ to the client */

/* What of the client's query its reply needs. */
struct client_form {
	uint16_t id;
	uint16_t flags;		      /* as it came: opcode, RD and CD are copied, AD is read */
	bool has_question;	      /* false: the reply has no question section */
	struct dns_question question; /* in the client's letter case */
	bool edns;		      /* it sent an OPT: so does the reply (RFC 6891 6.1.1) */
	bool dnssec_ok;
	uint16_t udp_size; /* what we advertise */
	size_t limit;	   /* longest reply that it can take: 512.. on UDP, 65535 on TCP */
	int keepalive;	   /* TCP, asked for: our idle timeout in units of 100 ms; else -1 */
	bool has_cookie;   /* it sent a COOKIE: so does the reply */
	uint8_t cookie[COOKIE_V1_LEN];
	bool passthrough;  /* it was signed: the answer passes untouched but for the id */
};

/* Room above the upstream's answer that a reply may need: OPT, keepalive, our EDE. */
#define REPLY_EXTRA 1024u

/*
 * The client's form of a whole answer that parsed MESSAGE_OK and was matched to the question.
 * Header: the client's id, opcode, RD and CD; RA set, Z clear; AA, TC and RCODE as received; AD
 * only if received, `trusted` (an authenticated session) and asked for by AD or DO (RFC 6840 5.8).
 * The question is the client's; records are copied but for the OPT (records behind an OPT get their
 * compression pointers moved).  Extended DNS Errors received are given again as ours, their text
 * behind "upstream: ", four at most.  An RCODE above 15 becomes SERVFAIL with a reason.
 * A COOKIE where the client sent one.  Too long for the limit: first the EDEs go, then the additional records, then all records with
 * TC=1 (whole sections or none).
 * Returns its length; 0 if cap is too small or the answer can't be rebuilt (a pointer into the
 * OPT): then answer SERVFAIL.  An answer signed with TSIG or SIG(0) passes untouched but for the
 * id.
 */
size_t rewrite_answer(const struct dns_message *answer, bool trusted, const struct client_form *c,
	uint8_t *out, size_t cap);

/*
 * A reply of our own without records.  NOTIMP of another opcode than QUERY is the bare header with
 * opcode and id (RFC 8906 3.1.4), RA clear as in BADVERS; an OPT with the reason where the client
 * sent one. rcode may be above 15 when c->edns.  The EDE text is cut, then dropped, to fit the
 * limit. Returns its length (0: cap below 12).
 */
size_t rewrite_error(
	const struct client_form *c, unsigned rcode, struct ede ede, uint8_t *out, size_t cap);

/* NOERROR without records and TC=1: come again over TCP.  No longer than the query it answers. */
size_t rewrite_truncated(const struct client_form *c, uint8_t *out, size_t cap);

#endif
