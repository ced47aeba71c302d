/*
 * What an upstream may send: whatever parses becomes, for clients of several kinds, a reply that
 * parses, fits, says the same, and holds no EDNS but ours.
 */
#include <string.h>

#include "common/dns/record_text.h"
#include "common/dns/rewrite.h"
#include "common/local/dns64.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/expand.h"

static const struct client_form forms[] = {
	{ .id = 1, .flags = 0x0100, .limit = 512, .udp_size = 1232, .keepalive = -1 },
	{ .id = 2, .flags = 0x0130, .edns = true, .limit = 512, .udp_size = 1232, .keepalive = -1 },
	{ .id = 3,
		.flags = 0x0100,
		.edns = true,
		.dnssec_ok = true,
		.limit = 1232,
		.udp_size = 1232,
		.keepalive = -1 },
	{ .id = 4,
		.flags = 0x0100,
		.edns = true,
		.limit = 65535,
		.udp_size = 1232,
		.keepalive = 100 },
	{ .id = 5, .flags = 0x0100, .limit = 65535, .udp_size = 1232, .keepalive = -1 },
	{ .id = 6,
		.flags = 0x0100,
		.edns = true,
		.limit = 1232,
		.udp_size = 1232,
		.keepalive = -1,
		.passthrough = true },
	{ .id = 7,
		.flags = 0x0100,
		.edns = true,
		.limit = 512,
		.udp_size = 1232,
		.has_cookie = true,
		.cookie = "given to the client",
		.keepalive = -1 },
	{ .id = 8,
		.flags = 0x0100,
		.edns = true,
		.limit = 65535,
		.udp_size = 1232,
		.has_cookie = true,
		.cookie = "given to the client",
		.keepalive = 100 },
};

/* The case of letters the other way round, as another client may write the name. */
static void swap_case(uint8_t *dst, const struct dns_question *q)
{
	for (size_t i = 0; i < q->name_len; i++)
		dst[i] = q->name[i] ^ (isalpha(q->name[i]) ? 0x20 : 0);
}

/* Only where records have to move may an answer turn out impossible. */
static bool must_move(const struct dns_message *a)
{
	return a->qdcount != 1 || (a->opt && a->opt + a->opt_len < a->len);
}

static unsigned rcode12(const struct dns_message *m)
{
	return message_rcode(m) | (m->opt ? (unsigned)m->data[m->opt + 5] << 4 : 0);
}

static unsigned records(const struct dns_message *m, enum dns_section until)
{
	unsigned count = 0;

	for (unsigned s = 0; s < until; s++)
		count += m->count[s];
	return count - (until == DNS_SECTIONS && m->opt);
}

/* Options of the reply: the client's cookie, our keepalive, at most four reasons, nothing else. */
static void check_options(const struct dns_message *m, const struct client_form *c)
{
	unsigned keepalives = 0, edes = 0, cookies = 0;
	struct edns_option o;
	size_t pos = 0;

	while (edns_next_option(m, &pos, &o)) {
		must(o.code == EDNS_COOKIE || o.code == EDNS_KEEPALIVE || o.code == EDNS_EDE);
		if (o.code == EDNS_COOKIE)
			must(o.len == sizeof c->cookie && memcmp(o.data, c->cookie, o.len) == 0);
		cookies += o.code == EDNS_COOKIE;
		keepalives += o.code == EDNS_KEEPALIVE;
		edes += o.code == EDNS_EDE;
		must(o.code != EDNS_EDE || (o.len >= 2 && o.len <= 2 + EDE_TEXT_MAX));
	}
	must(pos == m->opt_len - EDNS_OPT_MIN);
	must(keepalives <= (c->keepalive >= 0) && edes <= 4);
	must(cookies == c->has_cookie);
}

static void check_records(const struct dns_message *a, const struct dns_message *m)
{
	enum dns_section until = DNS_SECTIONS;

	if (records(m, DNS_ADDITIONAL) < records(a, DNS_ADDITIONAL)) {
		must(m->flags & DNS_TC);
		until = DNS_ANSWER;
	} else if (records(m, DNS_SECTIONS) < records(a, DNS_SECTIONS)) {
		until = DNS_ADDITIONAL;
	}
	must(same_records(a, m, until));
}

static void check_reply(
	const struct dns_message *a, const struct client_form *c, const uint8_t *out, size_t len)
{
	struct dns_message m;

	must(len <= c->limit);
	must(message_parse(out, len, &m) == MESSAGE_OK);
	must(m.id == c->id);
	if ((a->has_signature || c->passthrough) && a->len <= c->limit) {
		must(len == a->len && memcmp(out + 2, a->data + 2, len - 2) == 0);
		return;
	}
	must((m.flags & DNS_QR) && !(m.flags & DNS_Z) && (m.flags & DNS_RA));
	must(m.qdcount == 1 && question_equal(&m.question, &c->question));
	must(memcmp(m.question.name, c->question.name, m.question.name_len) == 0);
	must((m.opt != 0) == c->edns);
	if (m.opt)
		check_options(&m, c);
	if (a->has_signature || c->passthrough)
		must(records(&m, DNS_SECTIONS) == 0 && (m.flags & DNS_TC));
	else if (rcode12(a) > 15)
		must(records(&m, DNS_SECTIONS) == 0 && rcode12(&m) == RCODE_SERVFAIL);
	else
		check_records(a, &m);
}

static void check_form(const struct dns_message *a, struct client_form c)
{
	uint8_t name[DNS_NAME_MAX] = "\7example\3com";
	size_t cap = a->len + REPLY_EXTRA, len;
	uint8_t *out = malloc(cap);

	c.has_question = true;
	c.question = (struct dns_question){ name, 13, 1, 1 };
	if (a->qdcount) {
		swap_case(name, &a->question);
		c.question.name_len = a->question.name_len;
		c.question.type = a->question.type;
		c.question.class = a->question.class;
	}
	must(out != NULL);
	len = rewrite_answer(a, true, &c, out, cap);
	must(len || must_move(a));
	if (len)
		check_reply(a, &c, out, len);
	free(out);
}

/* A reply of our own with records of the answer in it is in order, whether all of them had room or not. */
static void check_own(const struct dns_message *a, const struct local_reply *r, bool whole)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	static const uint8_t name[] = "\3out\3lan";
	struct client_form c = forms[3];
	struct dns_message m;
	size_t len;

	c.has_question = true;
	c.question = (struct dns_question){ name, sizeof name, 28, 1 };
	len = local_reply_write(r, &c, out, sizeof out);
	must(len && message_parse(out, len, &m) == MESSAGE_OK);
	must(whole == !(m.flags & DNS_TC) && message_rcode(&m) == message_rcode(a));
}

static void check_local(const struct dns_message *a)
{
	static struct local_reply r;
	struct prefix p = { .family = AF_INET6, .bits = 96, .net = { 0, 0x64, 0xff, 0x9b } };
	uint32_t ttl;
	bool whole;

	local_reply_init(&r);
	whole = local_reply_append(&r, a);
	check_own(a, &r, whole);
	if (whole)
		must(r.counts[DNS_ANSWER] == a->count[DNS_ANSWER] &&
			r.counts[DNS_AUTHORITY] == a->count[DNS_AUTHORITY]);
	dns64_wanted(a, &ttl);
	dns64_discover(a, &p, &ttl);
	p.bits = 96;
	if (dns64_make(&p, a, 60, &r) || dns64_none(a, &r))
		check_own(a, &r, !r.records.bad);
}

/* Whatever it holds can be shown to people. */
static void check_texts(const struct dns_message *m)
{
	struct record_walk w = record_walk(m);
	struct dns_record r;
	char text[600], owner[RECORD_NAME_TEXT_MAX];

	while (record_next(&w, &r)) {
		record_data_text(m, &r, text, sizeof text);
		must(strlen(text) < sizeof text);
		for (const char *p = text; *p; p++)
			must(*p >= 0x20 && *p < 0x7f);
		must(strlen(record_owner_text(m, &r, owner)) > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_message a;
	struct edns e;

	if (message_parse(data, size, &a) != MESSAGE_OK)
		return 0;
	edns_parse(&a, true, &e);
	must(e.present == (a.opt != 0));
	must(!e.present || e.udp_size >= 512);
	check_texts(&a);
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		check_form(&a, forms[i]);
	if (!a.has_signature)
		check_local(&a);
	return 0;
}
