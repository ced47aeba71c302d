#include "tests/server/answer.h"

#include <stdio.h>

#include "tests/server/builder.h"
#include "tests/server/reply.h"
#include "tests/server/rrtype.h"
#include "tests/server/synth.h"
#include "tests/server/zone.h"

enum {
	OPT_FIXED = 11,
	OPTION_FIXED = 4,
	OPTION_KEEPALIVE = 11,
	OPTION_PADDING = 12,
	OPTION_EDE = 15
};
enum { FLAG_QR = 0x8000, FLAG_TC = 0x0200, FLAG_RA = 0x0080 };

/* Opcode, RD and CD are the asker's. */
#define COPIED_FLAGS  0x7910u
#define OPCODE(flags) (((flags) >> 11) & 15)

static size_t size_limit(const struct query *q, size_t room)
{
	size_t own = q->opt && q->udp_size > 512 ? q->udp_size : 512;

	if (room == ANSWER_STREAM)
		return REPLY_MAX;
	return own < room ? own : room;
}

static bool wants_keepalive(const struct answer_policy *p, const struct query *q, size_t room)
{
	return room == ANSWER_STREAM && q->keepalive && p->keepalive >= 0;
}

static void write_ede(struct builder *b)
{
	char name[DNSNAME_TEXT_MAX], text[DNSNAME_TEXT_MAX + 32];
	int n;

	dnsname_text(b->q->name, name);
	n = snprintf(text, sizeof(text), "error %d for %s", b->ede, name);
	wire_write16(&b->w, OPTION_EDE);
	wire_write16(&b->w, (uint16_t)(2 + n));
	wire_write16(&b->w, (uint16_t)b->ede);
	wire_write(&b->w, text, (size_t)n);
}

static void write_padding(struct builder *b, size_t limit)
{
	size_t used = b->w.pos + OPTION_FIXED;
	size_t pad = (ANSWER_BLOCK - used % ANSWER_BLOCK) % ANSWER_BLOCK;

	/* RFC 8467 4.1: rather less padding than a cut answer. */
	if (used <= limit && pad > limit - used)
		pad = limit - used;
	if (wire_room(&b->w) < OPTION_FIXED)
		return;
	if (pad > wire_room(&b->w) - OPTION_FIXED)
		pad = wire_room(&b->w) - OPTION_FIXED;
	wire_write16(&b->w, OPTION_PADDING);
	wire_write16(&b->w, (uint16_t)pad);
	wire_zero(&b->w, pad);
}

static void write_options(struct builder *b, const struct answer_policy *p, size_t room)
{
	if (cookie_is_answered(&p->cookies, b->q))
		cookie_write(&p->cookies, b->q, &b->w);
	if (wants_keepalive(p, b->q, room)) {
		wire_write16(&b->w, OPTION_KEEPALIVE);
		wire_write16(&b->w, 2);
		wire_write16(&b->w, (uint16_t)p->keepalive);
	}
	if (b->ede != EDE_NONE_ASKED)
		write_ede(b);
	if (p->pad && b->q->padding)
		write_padding(b, size_limit(b->q, room));
}

/* OPT, the last record of every honest answer; returns its offset. */
static size_t write_opt(struct builder *b, const struct answer_policy *p, size_t room)
{
	size_t at = b->w.pos;

	wire_write8(&b->w, 0);
	wire_write16(&b->w, RR_OPT);
	wire_write16(&b->w, ANSWER_UDP_SIZE);
	wire_write32(&b->w, (uint32_t)(b->rcode >> 4) << 24 | (b->q->dnssec_ok ? 0x8000 : 0));
	wire_write16(&b->w, 0);
	b->count[SECTION_ADDITIONAL]++;
	write_options(b, p, room);
	if (!b->w.bad)
		wire_put16(b->w.data + at + OPT_FIXED - 2, (uint16_t)(b->w.pos - at - OPT_FIXED));
	return at;
}

static void write_header(struct builder *b, uint16_t flags)
{
	uint8_t *h = b->w.data;

	flags |= (uint16_t)(FLAG_QR | FLAG_RA | (b->q->flags & COPIED_FLAGS) | (b->rcode & 15));
	wire_put16(h, b->q->id);
	wire_put16(h + 2, flags);
	wire_put16(h + 4, b->q->name ? 1 : 0);
	for (size_t i = 0; i < SECTIONS; i++)
		wire_put16(h + 6 + 2 * i, b->count[i]);
}

static struct builder begin(const struct query *q, struct reply *r)
{
	struct builder b = {
		.w = wire_writer(reply_data(r), REPLY_MAX), .q = q, .ede = EDE_NONE_ASKED
	};

	wire_zero(&b.w, DNS_HEADER_LEN);
	if (q->name)
		wire_write(&b.w, q->name, q->question_end - DNS_HEADER_LEN);
	return b;
}

static void finish(struct builder *b, uint16_t flags, const struct answer_policy *p, size_t room,
	struct reply *r)
{
	r->question_end = b->q->name ? b->q->question_end : DNS_HEADER_LEN;
	r->opt_at = b->q->opt ? write_opt(b, p, room) : 0;
	write_header(b, flags);
	r->len = b->w.pos;
}

/* Octets of an OPT without padding, which is fitted to what is left. */
static size_t opt_size(const struct answer_policy *p, const struct query *q, size_t room)
{
	if (!q->opt)
		return 0;
	return OPT_FIXED + (wants_keepalive(p, q, room) ? OPTION_FIXED + 2 : 0) +
	       (cookie_is_answered(&p->cookies, q) ? COOKIE_OPTION_LEN : 0);
}

/* An opcode that we do not know gets a header and nothing else (RFC 8906 3.1.4). */
static void build_bare(const struct answer_policy *p, const struct query *q, struct reply *r)
{
	struct query bare = { .id = q->id, .flags = q->flags };
	struct builder b = begin(&bare, r);

	b.rcode = RC_NOTIMP;
	finish(&b, 0, p, ANSWER_STREAM, r);
}

static unsigned refusal(const struct answer_policy *p, const struct query *q)
{
	if (q->verdict != QUERY_OK)
		return RC_FORMERR;
	if (q->version)
		return RC_BADVERS;
	return q->opt && cookie_is_refused(&p->cookies, q) ? RC_BADCOOKIE : RC_NOERROR;
}

static void build(
	const struct answer_policy *p, const struct query *q, size_t room, struct reply *r)
{
	struct builder b = begin(q, r);

	b.rcode = refusal(p, q);
	if (b.rcode == RC_NOERROR && !zone_answer(&b))
		synth_answer(&b, opt_size(p, q, room));
	finish(&b, 0, p, room, r);
	if (!b.w.bad && r->len <= size_limit(q, room))
		return;
	b = begin(q, r);
	finish(&b, FLAG_TC, p, room, r);
}

bool answer_build(
	const struct answer_policy *policy, const struct query *q, size_t room, struct reply *r)
{
	r->q = q;
	r->len = r->opt_at = 0;
	if (q->verdict == QUERY_SHORT || q->flags & FLAG_QR)
		return false;
	if (OPCODE(q->flags))
		build_bare(policy, q, r);
	else
		build(policy, q, room, r);
	return true;
}
