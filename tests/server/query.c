#include "tests/server/query.h"

#include "common/dns/wire.h"
#include "tests/server/rrtype.h"

enum { OPTION_COOKIE = 10, OPTION_KEEPALIVE = 11, OPTION_PADDING = 12 };

struct record {
	size_t owner, rdata, end;
	uint16_t type, class;
	uint32_t ttl;
};

static bool record_read(const uint8_t *msg, size_t len, size_t at, struct record *ret)
{
	size_t fixed = dnsname_skip(msg, len, at, true);

	if (!fixed || len - fixed < 10)
		return false;
	ret->owner = at;
	ret->type = wire_get16(msg + fixed);
	ret->class = wire_get16(msg + fixed + 2);
	ret->ttl = wire_get32(msg + fixed + 4);
	ret->rdata = fixed + 10;
	ret->end = ret->rdata + wire_get16(msg + fixed + 8);
	return ret->end <= len;
}

static void note_option(struct query *q, uint16_t code, const uint8_t *data, size_t len)
{
	switch (code) {
	case OPTION_COOKIE: /* the first counts */
		if (q->cookie)
			break;
		q->cookie = data;
		q->cookie_len = len;
		break;
	case OPTION_KEEPALIVE:
		q->keepalive = true;
		break;
	case OPTION_PADDING:
		q->padding = true;
		break;
	}
}

static bool read_opt(struct query *q, const struct record *rr)
{
	struct wire_reader r = wire_reader(q->data + rr->rdata, rr->end - rr->rdata);

	if (q->opt || q->data[rr->owner] != 0)
		return false;
	q->opt = true;
	q->udp_size = rr->class;
	q->version = (uint8_t)(rr->ttl >> 16);
	q->dnssec_ok = rr->ttl & 0x8000;
	while (wire_left(&r)) {
		uint16_t code = wire_read16(&r);
		uint16_t len = wire_read16(&r);
		const uint8_t *data = wire_read(&r, len);

		if (r.bad)
			return false;
		note_option(q, code, data, len);
	}
	return true;
}

/* All records behind the question; OPT is legal in the additional section only. */
static bool read_records(struct query *q)
{
	unsigned others = wire_get16(q->data + 6) + wire_get16(q->data + 8);
	unsigned total = others + wire_get16(q->data + 10);
	size_t at = q->question_end;
	struct record rr;

	for (unsigned i = 0; i < total; i++) {
		if (!record_read(q->data, q->len, at, &rr))
			return false;
		if (rr.type == RR_OPT && (i < others || !read_opt(q, &rr)))
			return false;
		at = rr.end;
	}
	return at == q->len;
}

static bool read_question(struct query *q)
{
	size_t end = dnsname_skip(q->data, q->len, 12, false);

	if (wire_get16(q->data + 4) != 1 || !end || q->len - end < 4)
		return false;
	q->name = q->data + 12;
	q->name_len = end - 12;
	q->hash = dnsname_hash(q->name, q->name_len);
	q->type = wire_get16(q->data + end);
	q->class = wire_get16(q->data + end + 2);
	q->question_end = end + 4;
	return true;
}

void query_read(const uint8_t *data, size_t len, struct query *ret)
{
	*ret = (struct query){ .data = data, .len = len, .verdict = QUERY_SHORT };
	if (len < 12)
		return;
	ret->id = wire_get16(data);
	ret->flags = wire_get16(data + 2);
	if (!read_question(ret))
		ret->verdict = QUERY_UNREADABLE;
	else
		ret->verdict = read_records(ret) ? QUERY_OK : QUERY_MALFORMED;
}

static size_t careless_skip(const uint8_t *data, size_t len, size_t at)
{
	while (at < len && data[at] && data[at] < 64)
		at += 1u + data[at];
	if (at >= len || (data[at] && data[at] < 0xc0))
		return 0;
	at += data[at] ? 2 : 1;
	return at <= len ? at : 0;
}

bool message_walks(const uint8_t *data, size_t len)
{
	struct wire_reader r = wire_reader(data, len);
	unsigned questions, records;

	wire_read(&r, 4);
	questions = wire_read16(&r);
	records = wire_read16(&r);
	records += wire_read16(&r);
	records += wire_read16(&r);
	for (unsigned i = 0; i < questions + records && !r.bad; i++) {
		size_t at = careless_skip(data, len, r.pos);

		if (!at)
			return false;
		r.pos = at;
		wire_read(&r, i < questions ? 4 : 8);
		if (i >= questions)
			wire_read(&r, wire_read16(&r));
	}
	return !wire_left(&r) && !r.bad;
}
