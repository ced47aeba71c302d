/* The parts that every reply to a client is made of. */
#ifndef COMMON_DNS_REPLY_H
#define COMMON_DNS_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "common/dns/rewrite.h"
#include "common/dns/wire.h"

/* Flags that are the client's own: QR, opcode, RD and CD (RFC 1035 4.1.1, RFC 4035 3.2.2). */
static inline uint16_t reply_flags(const struct client_form *c)
{
	return (uint16_t)(DNS_QR | (c->flags & (DNS_OPCODE_MASK | DNS_RD | DNS_CD)));
}

/* Octets of header and question. */
static inline size_t reply_head_len(const struct client_form *c)
{
	return DNS_HEADER_LEN + (c->has_question ? question_wire_len(&c->question) : 0);
}

/* Octets that are left for records; header, question and OPT always go (RFC 6891 7). */
size_t reply_record_room(const struct client_form *c);

/* Header and question; counts has the records of each section, without the OPT. */
void reply_head(struct wire_writer *w, const struct client_form *c, uint16_t flags,
	const uint16_t counts[DNS_SECTIONS]);

/* Octets of the OPT with what always goes in it, the cookie; 0 where there is none. */
static inline size_t reply_opt_len(const struct client_form *c)
{
	if (!c->edns)
		return 0;
	return EDNS_OPT_MIN + (c->has_cookie ? EDNS_OPTION_HEADER + COOKIE_V1_LEN : 0);
}

/*
 * The OPT, with cookie and keepalive where asked for, the latter as far as room is left.  Returns what
 * edns_end() wants.  Only where the client sent an OPT.
 */
size_t reply_opt(struct wire_writer *w, const struct client_form *c, unsigned rcode);

/*
 * An EDE with prefix and text, cleaned and cut to EDE_TEXT_MAX and to the room left; nothing
 * where not even the code has room.
 */
void reply_ede(
	struct wire_writer *w, unsigned code, const char *prefix, const uint8_t *text, size_t len);

#endif
