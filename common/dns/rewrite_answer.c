#include <stdio.h>
#include <string.h>

#include "common/dns/relocate.h"
#include "common/dns/reply.h"
#include "common/dns/rewrite.h"

#define EDES_MAX 4u

/* RFC 6840 5.8: AD means something only from a trusted server and to a client that asked. */
static uint16_t answer_flags(
	const struct dns_message *answer, bool trusted, const struct client_form *c)
{
	uint16_t flags = (uint16_t)(reply_flags(c) | DNS_RA |
				    (answer->flags & (DNS_AA | DNS_TC | DNS_RCODE_MASK)));

	if ((answer->flags & DNS_AD) && trusted && ((c->flags & DNS_AD) || c->dnssec_ok))
		flags |= DNS_AD;
	return flags;
}

/* How much of an answer goes to the client. */
struct extent {
	enum dns_section until; /* sections before this one */
	size_t records;		/* their octets without the OPT */
};

/* Additional records go before any other and without TC (RFC 2181 9); else it is all or nothing. */
static struct extent choose_extent(const struct dns_message *a, size_t room)
{
	size_t all = a->len - a->question_end - a->opt_len;
	size_t core = a->section[DNS_ADDITIONAL] - a->question_end;

	if (all <= room)
		return (struct extent){ DNS_SECTIONS, all };
	if (core <= room)
		return (struct extent){ DNS_ADDITIONAL, core };
	return (struct extent){ DNS_ANSWER, 0 };
}

static void write_head(struct wire_writer *w, const struct dns_message *a,
	const struct client_form *c, uint16_t flags, enum dns_section until)
{
	uint16_t counts[DNS_SECTIONS] = { 0 };

	for (unsigned s = DNS_ANSWER; s < until; s++)
		counts[s] = a->count[s];
	if (until == DNS_SECTIONS && a->opt)
		counts[DNS_ADDITIONAL]--;
	if (until == DNS_ANSWER)
		flags |= DNS_TC;
	reply_head(w, c, flags, counts);
}

/* Nothing moves where the question keeps its length and no record stands behind an OPT. */
static bool write_records(struct wire_writer *w, const struct dns_message *a,
	const struct client_form *c, struct extent x)
{
	bool question_kept =
		c->has_question && a->qdcount == 1 && a->question.name_len == c->question.name_len;
	bool opt_between = x.until == DNS_SECTIONS && a->opt && a->opt + a->opt_len < a->len;

	if (x.records && (!question_kept || opt_between))
		return relocate_records(a, question_kept, x.until, w);
	wire_write(w, a->data + a->question_end, x.records);
	return !w->bad;
}

/* The reasons that the upstream gave, given again as ours (RFC 8914 3: name the source). */
static void relay_edes(struct wire_writer *w, const struct dns_message *a)
{
	struct edns_option o;
	unsigned count = 0;
	size_t pos = 0;

	while (count < EDES_MAX && edns_next_option(a, &pos, &o)) {
		if (o.code != EDNS_EDE || o.len < 2)
			continue;
		reply_ede(w, wire_get16(o.data), o.len > 2 ? "upstream: " : "upstream", o.data + 2,
			o.len - 2u);
		count++;
	}
}

static void write_opt(
	struct wire_writer *w, const struct dns_message *a, const struct client_form *c)
{
	size_t opt = reply_opt(w, c, 0);

	relay_edes(w, a);
	edns_end(w, opt);
}

static size_t build(const struct dns_message *a, uint16_t flags, const struct client_form *c,
	struct extent x, uint8_t *out, size_t cap)
{
	struct wire_writer w = wire_writer(out, cap < c->limit ? cap : c->limit);

	if (w.cap > DNS_MESSAGE_MAX)
		w.cap = DNS_MESSAGE_MAX;
	write_head(&w, a, c, flags, x.until);
	if (!write_records(&w, a, c, x))
		return 0;
	if (c->edns)
		write_opt(&w, a, c);
	return w.bad ? 0 : w.pos;
}

/* A signature covers all but the id (RFC 8945 5.5).  Too long: an empty truncated reply. */
static size_t pass_signed(const struct dns_message *a, uint16_t flags, const struct client_form *c,
	uint8_t *out, size_t cap)
{
	if (a->len > c->limit)
		return build(a, flags, c, (struct extent){ DNS_ANSWER, 0 }, out, cap);
	if (a->len > cap)
		return 0;
	memcpy(out, a->data, a->len);
	wire_put16(out, c->id);
	return a->len;
}

/* BADVERS, BADCOOKIE and the like speak of our hop, not of the client's (RFC 6891 6.1.3). */
static size_t hop_error(unsigned rcode, const struct client_form *c, uint8_t *out, size_t cap)
{
	char text[48];

	snprintf(text, sizeof text, "upstream answered %s", rcode_text(rcode));
	return rewrite_error(c, RCODE_SERVFAIL, (struct ede){ EDE_OTHER, text }, out, cap);
}

static unsigned extended_rcode(const struct dns_message *m)
{
	return m->opt ? m->data[m->opt + 5] : 0;
}

size_t rewrite_answer(const struct dns_message *answer, bool trusted, const struct client_form *c,
	uint8_t *out, size_t cap)
{
	uint16_t flags = answer_flags(answer, trusted, c);
	unsigned high = extended_rcode(answer);

	if (answer->has_signature || c->passthrough)
		return pass_signed(answer, flags, c, out, cap);
	if (high)
		return hop_error(high << 4 | message_rcode(answer), c, out, cap);
	return build(answer, flags, c, choose_extent(answer, reply_record_room(c)), out, cap);
}
