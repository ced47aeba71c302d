/*
 * Any message as an answer to its own question: kept or not, what a hit makes of it parses, answers
 * that question, has records as they came but for their TTLs, which are one and no larger than the
 * smallest that came.  What it denies for a name below it, if anything, is an NXDOMAIN for that name
 * with the authority section that came.  The first octets choose the client.
 */
#include "common/cache/cache.h"

#include <string.h>

#include "common/cache/lifetime.h"
#include "tests/fuzz/fuzz.h"

#define CHOICE 4u

static uint8_t out[DNS_MESSAGE_MAX];

static void check_records(const struct dns_message *was, const struct dns_message *is, uint32_t ttl)
{
	struct record_walk a = record_walk(was), b = record_walk(is);
	struct dns_record x, y;

	while (record_next(&b, &y)) {
		if (y.type == DNS_TYPE_OPT)
			continue;
		do
			must(record_next(&a, &x));
		while (x.type == DNS_TYPE_OPT);
		must(x.type == y.type && x.class == y.class && x.section == y.section);
		must(x.end - x.rdata == y.end - y.rdata);
		must(wire_get32(is->data + y.fixed + 4) == ttl);
	}
}

static void check_hit(struct cache *c, const struct cache_key *k, const struct dns_message *m,
	const struct client_form *f, uint32_t now)
{
	struct cache_hit h;
	struct dns_message got;
	size_t cap, len;

	if (cache_find(c, k, false, now, &h) == CACHE_NONE)
		return;
	cap = cache_reply_max(&h, f);
	must(cap <= sizeof out);
	len = cache_write(&h, f, out, cap);
	cache_release(&h);
	must(len >= DNS_HEADER_LEN && len <= f->limit);
	must(message_parse(out, len, &got) == MESSAGE_OK);
	must(got.id == f->id && got.qdcount == 1 && question_equal(&got.question, &m->question));
	must((got.opt != 0) == f->edns && message_rcode(&got) == message_rcode(m));
	check_records(m, &got, h.ttl_s);
}

/* The same for a name below. */
static void check_cut(
	struct cache *c, const struct dns_message *m, const struct client_form *f, bool safe)
{
	uint8_t name[DNS_NAME_MAX + 4] = { 3, 'W', 'w', 'w' };
	struct client_form below = *f;
	struct dns_message got;
	struct cache_key k;
	struct cache_hit h;
	uint64_t probes = 0;
	size_t len;

	if (m->question.name_len + 4u > DNS_NAME_MAX)
		return;
	memcpy(name + 4, m->question.name, m->question.name_len);
	below.question.name = name;
	below.question.name_len = (uint8_t)(m->question.name_len + 4);
	below.question.type = DNS_TYPE_TXT;
	cache_key_make(&k, cache_secret(c), &below.question, 0, 1);
	if (!cache_find_cut(c, &k, false, 1001, &h, &probes))
		return;
	must(safe && probes > 0);
	len = cache_write(&h, &below, out, cache_reply_max(&h, &below));
	cache_release(&h);
	if (len == 0) /* a name that leads through the question's type */
		return;
	must(len <= f->limit && message_parse(out, len, &got) == MESSAGE_OK);
	must(question_equal(&got.question, &below.question));
	must(message_rcode(&got) == RCODE_NXDOMAIN && got.count[DNS_ANSWER] == 0);
	must(got.count[DNS_AUTHORITY] == ((got.flags & DNS_TC) ? 0 : m->count[DNS_AUTHORITY]));
	check_records(m, &got, h.ttl_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cache_settings s = {
		.size = 8 * CACHE_SIZE_MIN, .max_ttl_s = 86400, .stale_s = 100
	};
	struct cache *c;
	struct dns_message m;
	struct client_form f = { .has_question = true, .udp_size = 1232, .keepalive = -1 };
	struct cache_answer a = { .message = &m };
	struct cache_key k;

	if (size < CHOICE || message_parse(data + CHOICE, size - CHOICE, &m) != MESSAGE_OK ||
		m.qdcount == 0)
		return 0;
	c = cache_new(&s);
	must(c);
	a.trusted = data[0] & 1;
	a.ad_asked = data[0] & 2;
	f.edns = data[0] & 4;
	f.dnssec_ok = f.edns && (data[0] & 8);
	f.flags = (uint16_t)(DNS_RD | (data[0] & 16 ? DNS_AD : 0) | (data[0] & 32 ? DNS_CD : 0));
	f.limit = 512u + (size_t)data[1] * 256u;
	f.limit = f.limit > DNS_MESSAGE_MAX ? DNS_MESSAGE_MAX : f.limit;
	f.keepalive = data[2] & 1 ? data[3] : -1;
	f.id = wire_get16(data);
	f.question = m.question;
	cache_key_make(&k, cache_secret(c), &m.question, 0, 1);
	cache_store(c, &k, &a, 1000);
	check_hit(c, &k, &m, &f, 1000);
	check_hit(c, &k, &m, &f, 1001);
	check_cut(c, &m, &f,
		a.trusted && (m.flags & DNS_AD) && message_rcode(&m) == RCODE_NXDOMAIN &&
			m.count[DNS_ANSWER] == 0 && m.question.class == DNS_CLASS_IN);
	check_hit(c, &k, &m, &f, 1000 + 86399);
	check_hit(c, &k, &m, &f, 1000 + 86401);
	cache_store(c, &k, &a, 1000 + 86401);
	cache_free(c);
	return 0;
}
