/*
 * What a client may send: it is read, asked of an upstream, and answered with an error.  Whatever
 * comes in, what goes out on either side is well formed and holds nothing but ours.
 */
#include <string.h>

#include "common/dns/rewrite.h"
#include "tests/fuzz/fuzz.h"

/* The records are as many as the header says and fill the message. */
static void check_walk(const struct dns_message *m)
{
	struct record_walk w = record_walk(m);
	size_t pos = m->question_end;
	unsigned count = 0;
	struct dns_record rec;

	while (record_next(&w, &rec)) {
		must(rec.start == pos && rec.start < rec.fixed && rec.fixed + 10 == rec.rdata);
		must(rec.rdata <= rec.end && rec.end <= m->len);
		must(rec.start >= m->section[rec.section]);
		pos = rec.end;
		count++;
	}
	must(pos == m->len);
	must(count == (unsigned)m->count[0] + m->count[1] + m->count[2]);
}

/* As text a name is printable, and comes back as it was. */
static void check_text(const struct dns_question *q)
{
	uint8_t back[DNS_NAME_MAX];
	char text[DNS_NAME_TEXT_MAX];

	name_text(q->name, text, sizeof text);
	for (const char *t = text; *t; t++)
		must(*t > ' ' && *t < 0x7f);
	must(name_len(q->name) == q->name_len);
	must(name_from_text(text, back) == q->name_len);
	must(memcmp(back, q->name, q->name_len) == 0);
}

static bool may_go_upstream(uint16_t code, const struct upstream_form *form)
{
	switch (code) {
	case EDNS_DAU:
	case EDNS_DHU:
	case EDNS_N3U:
	case EDNS_KEY_TAG:
		return true;
	case EDNS_CLIENT_SUBNET:
		return form->subnet_family != 0;
	case EDNS_KEEPALIVE:
		return form->keepalive;
	case EDNS_COOKIE:
		return form->cookie_len != 0;
	case EDNS_PADDING:
		return form->pad_block != 0;
	default:
		return false;
	}
}

static void check_query(const struct upstream_query *q, const struct upstream_form *form)
{
	static uint8_t out[UPSTREAM_QUERY_MAX];
	size_t len = rewrite_query(q, form, 0xabcd, out, sizeof out), pos = 0;
	uint32_t seen = 0;
	struct edns_option o = { 0 };
	struct dns_message m;

	must(message_parse(out, len, &m) == MESSAGE_OK);
	must(m.id == 0xabcd && (m.flags & ~(DNS_RD | DNS_AD | DNS_CD)) == 0);
	must(m.qdcount == 1 && question_equal(&m.question, &q->question));
	must(m.opt && m.opt + m.opt_len == len && m.opt == m.question_end);
	while (edns_next_option(&m, &pos, &o)) {
		must(may_go_upstream(o.code, form));
		must(o.code != EDNS_COOKIE || (o.len == form->cookie_len &&
						      memcmp(o.data, form->cookie, o.len) == 0));
		must(!(seen & 1u << o.code));
		seen |= 1u << o.code;
	}
	must(pos == m.opt_len - EDNS_OPT_MIN);
	must(!form->pad_block || (o.code == EDNS_PADDING && len % form->pad_block == 0));
}

static void check_upstream(const struct dns_message *m, const struct edns *e)
{
	static const uint8_t cookie[24] = "ours";
	static const struct upstream_form forms[] = {
		{ .udp_size = 4096, .keepalive = true, .subnet_family = 1, .pad_block = 128 },
		{ .udp_size = 4096,
			.keepalive = true,
			.subnet_family = 1,
			.pad_block = 128,
			.cookie = cookie,
			.cookie_len = sizeof cookie },
		{ .udp_size = 1232, .subnet_family = 2, .pad_block = 128 },
		{ .udp_size = 1232, .cookie = cookie, .cookie_len = 8 },
		{ .udp_size = 1232 },
	};
	uint8_t folded[DNS_NAME_MAX];
	struct upstream_query q = {
		.question = m->question,
		.checking_disabled = m->flags & DNS_CD,
		.authentic_data = m->flags & DNS_AD,
		.dnssec_ok = e->dnssec_ok,
		.copied = e->copied,
	};

	name_fold(folded, m->question.name, m->question.name_len);
	q.question.name = folded;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		check_query(&q, &forms[i]);
}

/* TSIG, SIG(0): the same octets but for the id. */
static void check_signed(const struct dns_message *m)
{
	static const struct upstream_form form = { .udp_size = 4096, .pad_block = 128 };
	struct upstream_query q = { .signed_message = m->data, .signed_len = m->len };
	uint8_t *out = malloc(m->len);

	must(out && rewrite_query(&q, &form, 0xabcd, out, m->len) == m->len);
	must(wire_get16(out) == 0xabcd);
	must(memcmp(out + 2, m->data + 2, m->len - 2) == 0);
	must(rewrite_query(&q, &form, 0xabcd, out, m->len - 1) == 0);
	free(out);
}

static void check_error(const struct client_form *c, unsigned rcode)
{
	static const struct ede reasons[] = {
		{ EDE_NONE, NULL },
		{ EDE_OTHER, "" },
		{ EDE_NETWORK_ERROR, "no route to \xe2\x82\xac" },
	};
	uint8_t out[1232];
	struct dns_message m;

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		size_t len = rewrite_error(c, rcode, reasons[i], out, sizeof out);
		bool bare = rcode == RCODE_NOTIMP && (c->flags & DNS_OPCODE_MASK);

		must(len <= c->limit);
		must(message_parse(out, len, &m) == MESSAGE_OK);
		must(m.id == c->id && (m.flags & DNS_QR));
		must(m.qdcount == (!bare && c->has_question));
		must((m.opt != 0) == (!bare && c->edns));
		must(m.count[0] + m.count[1] + m.count[2] == (m.opt != 0));
	}
}

static void check_errors(const struct dns_message *m, bool has_question, const struct edns *e)
{
	static const unsigned rcodes[] = { 0, 1, 2, 4, 5, 16, 23 };
	struct client_form c = {
		.id = m->id,
		.flags = m->flags,
		.has_question = has_question,
		.edns = e->present,
		.dnssec_ok = e->dnssec_ok,
		.udp_size = 1232,
		.limit = e->udp_size > 512 ? 1232 : 512,
		.keepalive = e->keepalive ? 100 : -1,
	};

	if (has_question)
		c.question = m->question;
	for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++)
		check_error(&c, rcodes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct edns e = { 0 };
	struct dns_message m;
	enum message_verdict verdict = message_parse(data, size, &m);
	bool has_question = verdict != MESSAGE_NO_QUESTION && m.qdcount > 0;

	must((verdict == MESSAGE_SHORT) == (size < DNS_HEADER_LEN));
	if (verdict == MESSAGE_SHORT)
		return 0;
	if (verdict != MESSAGE_NO_QUESTION)
		edns_parse(&m, false, &e);
	if (has_question)
		check_text(&m.question);
	check_errors(&m, has_question, &e);
	if (verdict != MESSAGE_OK)
		return 0;
	check_walk(&m);
	if (has_question)
		check_upstream(&m, &e);
	if (m.has_signature)
		check_signed(&m);
	return 0;
}
