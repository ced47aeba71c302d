/*
 * An answer of our own: its records are collected in wire form, then written as the reply that the client
 * gets.  Owner names of the question's are pointers to it, so there must be one.
 */
#ifndef COMMON_LOCAL_ANSWER_H
#define COMMON_LOCAL_ANSWER_H

#include "common/dns/rewrite.h"
#include "common/local/records.h"

/* The records of a name (RECORDS_NAME_OCTETS) and the aliases before them; what DNS64 makes of an answer. */
#define LOCAL_REPLY_MAX 32768u

struct local_reply {
	unsigned rcode;
	bool authoritative;
	struct ede ede;
	const uint8_t *outside; /* an alias leads to this name, which is not known here; borrowed */
	uint16_t counts[DNS_SECTIONS];
	struct wire_writer records; /* into the array below */
	uint8_t octets[LOCAL_REPLY_MAX];
};

/* An empty NOERROR. */
void local_reply_init(struct local_reply *r);

/* A record of the question's name in the answer section; all of that section goes before any SOA. */
void local_reply_add(
	struct local_reply *r, uint16_t type, uint32_t ttl, const void *rdata, size_t len);

/* A record of any owner (a plain name); sections in order. */
void local_reply_put(struct local_reply *r, enum dns_section section, const uint8_t *owner,
	uint16_t type, uint32_t ttl, const void *rdata, size_t len);

/* The SOA of RFC 6303 3 for this zone (a plain name), in the answer or in the authority section. */
void local_reply_soa(
	struct local_reply *r, enum dns_section section, const uint8_t *zone, uint32_t ttl);

/*
 * What the store knows of a question, aliases followed as far as it knows them (r->outside is where one leads
 * that it does not); without any record of the type an empty answer with an SOA.  False: it does not know the name.
 */
bool local_reply_records(struct local_reply *r, const struct records *store,
	const struct suffixes *name, uint16_t type);

/*
 * Puts the records of another answer, which parsed, behind those that are there, sections answer and authority,
 * and takes its RCODE.  False: they can't be read, or have no room.
 */
bool local_reply_append(struct local_reply *r, const struct dns_message *answer);

/*
 * The reply as it goes to the client: AD clear (RFC 6840 5.8), TC and no records where they do not fit its
 * limit.  Returns its length; 0 if cap is too small.
 */
size_t local_reply_write(
	const struct local_reply *r, const struct client_form *c, uint8_t *out, size_t cap);

#endif
