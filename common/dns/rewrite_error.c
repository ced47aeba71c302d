#include <string.h>

#include "common/dns/reply.h"
#include "common/dns/rewrite.h"

static const uint16_t no_records[DNS_SECTIONS];

/* The header alone, without question and OPT. */
static size_t bare_header(const struct client_form *c, uint16_t flags, uint8_t *out, size_t cap)
{
	const struct client_form bare = { .id = c->id };
	struct wire_writer w = wire_writer(out, cap);

	reply_head(&w, &bare, flags, no_records);
	return w.bad ? 0 : w.pos;
}

/* RFC 8906 3.1.4.  Other opcodes may give the flags other meanings: only the opcode goes back. */
static uint16_t notimp_flags(const struct client_form *c)
{
	return (uint16_t)(DNS_QR | (c->flags & DNS_OPCODE_MASK) | RCODE_NOTIMP);
}

static uint16_t error_flags(const struct client_form *c, unsigned rcode)
{
	return (uint16_t)(reply_flags(c) | (rcode == RCODE_BADVERS ? 0 : DNS_RA) |
			  (rcode & DNS_RCODE_MASK));
}

static void write_opt(
	struct wire_writer *w, const struct client_form *c, unsigned rcode, struct ede ede)
{
	size_t opt = reply_opt(w, c, rcode);
	const char *text = ede.text ? ede.text : "";

	if (ede.code != EDE_NONE)
		reply_ede(w, (unsigned)ede.code, "", (const uint8_t *)text, strlen(text));
	edns_end(w, opt);
}

size_t rewrite_truncated(const struct client_form *c, uint8_t *out, size_t cap)
{
	struct wire_writer w = wire_writer(out, cap < c->limit ? cap : c->limit);

	reply_head(&w, c, error_flags(c, RCODE_NOERROR) | DNS_TC, no_records);
	if (c->edns)
		write_opt(&w, c, RCODE_NOERROR, (struct ede){ EDE_NONE, NULL });
	return w.bad ? 0 : w.pos;
}

size_t rewrite_error(
	const struct client_form *c, unsigned rcode, struct ede ede, uint8_t *out, size_t cap)
{
	struct wire_writer w = wire_writer(out, cap < c->limit ? cap : c->limit);
	unsigned plain = rcode > DNS_RCODE_MASK ? RCODE_SERVFAIL : rcode; /* in four bits */

	if (rcode == RCODE_NOTIMP && c->flags & DNS_OPCODE_MASK)
		return bare_header(c, notimp_flags(c), out, cap);
	reply_head(&w, c, error_flags(c, c->edns ? rcode : plain), no_records);
	if (c->edns)
		write_opt(&w, c, rcode, ede);
	return w.bad ? bare_header(c, error_flags(c, plain), out, cap) : w.pos;
}
