#include "common/dns/message.h"

#include "common/dns/rdata.h"

#define RECORD_FIXED 10u /* TYPE, CLASS, TTL, RDLENGTH */
/* A pointer to offset 12, where the first question's name stands: the usual owner of an answer. */
#define QUESTION_POINTER 0xc00cu

struct parse {
	struct wire_reader r;
	unsigned budget;
	struct dns_message *m;
};

static bool read_question(struct parse *p, struct dns_question *ret)
{
	const uint8_t *name = p->r.data + p->r.pos, *fixed;
	size_t len = name_read_plain(&p->r);

	fixed = wire_read(&p->r, 4);
	if (!fixed)
		return false;
	ret->name = name;
	ret->name_len = (uint8_t)len;
	ret->type = wire_get16(fixed);
	ret->class = wire_get16(fixed + 2);
	return true;
}

/* The questions behind the first, which nobody uses. */
static bool skip_questions(struct parse *p)
{
	struct dns_question ignored;

	for (unsigned i = 1; i < p->m->qdcount; i++)
		if (!read_question(p, &ignored))
			return false;
	return true;
}

static void read_owner(struct parse *p)
{
	struct wire_reader *r = &p->r;

	/* That name was found valid already. */
	if (p->m->qdcount && r->len - r->pos >= 2 &&
		wire_get16(r->data + r->pos) == QUESTION_POINTER)
		r->pos += 2;
	else
		name_read(r, &p->budget, NULL);
}

/* Names and other fields fill RDATA exactly.  Or it is empty, as in UPDATE (RFC 2136 2.4). */
static bool rdata_valid(struct parse *p, const struct dns_record *rec)
{
	const struct rdata_layout *layout = rdata_layout(rec->type);
	struct wire_reader r = { .data = p->r.data, .len = rec->end, .pos = rec->rdata };

	if (!layout || rec->rdata == rec->end)
		return true;
	rdata_skip_head(&r, layout);
	for (unsigned i = 0; i < layout->names; i++)
		name_read(&r, &p->budget, NULL);
	return !r.bad && (layout->tail == RDATA_TAIL_ANY || rec->end - r.pos == layout->tail);
}

/* RFC 6891 6.1.1: one, in the additional section, owned by the root. */
static bool note_opt(struct dns_message *m, const struct dns_record *rec)
{
	if (rec->section != DNS_ADDITIONAL || m->opt || m->data[rec->start] != 0)
		return false;
	m->opt = rec->start;
	m->opt_len = rec->end - rec->start;
	return true;
}

/* RFC 8945 4.2, 5.1: TSIG has class ANY and is the last record; so is SIG(0) (RFC 2931 3.1). */
static bool note_signature(struct dns_message *m, const struct dns_record *rec, bool last)
{
	last = last && rec->section == DNS_ADDITIONAL;
	if (rec->type == DNS_TYPE_TSIG) {
		m->has_signature = true;
		return last && rec->class == DNS_CLASS_ANY;
	}
	if (last && rec->end - rec->rdata >= 2 && wire_get16(m->data + rec->rdata) == 0)
		m->has_signature = true;
	return true;
}

static bool read_record(struct parse *p, enum dns_section section, bool last)
{
	struct dns_record rec = { .start = p->r.pos, .section = section };
	const uint8_t *fixed;

	read_owner(p);
	fixed = wire_read(&p->r, RECORD_FIXED);
	if (!fixed)
		return false;
	rec.type = wire_get16(fixed);
	rec.class = wire_get16(fixed + 2);
	rec.rdata = p->r.pos;
	if (!wire_read(&p->r, wire_get16(fixed + 8)))
		return false;
	rec.end = p->r.pos;
	if (rec.type == DNS_TYPE_OPT)
		return note_opt(p->m, &rec);
	if (rec.type == DNS_TYPE_TSIG || rec.type == DNS_TYPE_SIG)
		if (!note_signature(p->m, &rec, last))
			return false;
	return rdata_valid(p, &rec);
}

static bool read_sections(struct parse *p)
{
	struct dns_message *m = p->m;

	for (unsigned s = DNS_ANSWER; s < DNS_SECTIONS; s++) {
		m->section[s] = p->r.pos;
		for (unsigned left = m->count[s]; left > 0; left--)
			if (!read_record(p, s, left == 1))
				return false;
	}
	return p->r.pos == m->len;
}

/* Field by field: an initialiser for the whole struct becomes "rep stos", slow to start. */
static void clear(struct dns_message *m)
{
	m->id = m->flags = m->qdcount = 0;
	memset(m->count, 0, sizeof m->count);
	m->question = (struct dns_question){ 0 };
	m->question_end = m->opt = m->opt_len = 0;
	memset(m->section, 0, sizeof m->section);
	m->has_signature = false;
}

static void read_header(struct dns_message *m)
{
	m->id = wire_get16(m->data);
	m->flags = wire_get16(m->data + 2);
	m->qdcount = wire_get16(m->data + 4);
	for (unsigned s = DNS_ANSWER; s < DNS_SECTIONS; s++)
		m->count[s] = wire_get16(m->data + 6 + 2 * s);
}

/* Only the header, the question and an OPT may be used of a broken message. */
static enum message_verdict malformed(struct dns_message *m)
{
	memset(m->count, 0, sizeof m->count);
	memset(m->section, 0, sizeof m->section);
	m->has_signature = false;
	return MESSAGE_MALFORMED;
}

enum message_verdict message_parse(const uint8_t *data, size_t len, struct dns_message *ret)
{
	struct parse p = { .r = wire_reader(data, len), .budget = DNS_POINTER_BUDGET, .m = ret };

	clear(ret);
	ret->data = data;
	ret->len = len;
	if (len < DNS_HEADER_LEN)
		return MESSAGE_SHORT;
	read_header(ret);
	p.r.pos = DNS_HEADER_LEN;
	if (ret->qdcount && !read_question(&p, &ret->question))
		return MESSAGE_NO_QUESTION;
	ret->question_end = p.r.pos;
	if (!skip_questions(&p) || len > DNS_MESSAGE_MAX)
		return malformed(ret);
	ret->question_end = p.r.pos;
	return read_sections(&p) ? MESSAGE_OK : malformed(ret);
}

bool question_equal(const struct dns_question *a, const struct dns_question *b)
{
	return a->type == b->type && a->class == b->class && a->name_len == b->name_len &&
	       name_equal(a->name, b->name, a->name_len);
}

void question_put(uint8_t *p, const struct dns_question *q)
{
	name_copy(p, q->name, q->name_len);
	wire_put16(p + q->name_len, q->type);
	wire_put16(p + q->name_len + 2, q->class);
}

/* Behind a name of a message that parsed. */
static size_t skip_name(const uint8_t *data, size_t pos)
{
	while (data[pos] != 0) {
		if (data[pos] > DNS_LABEL_MAX)
			return pos + 2;
		pos += data[pos] + (size_t)1;
	}
	return pos + 1;
}

static enum dns_section section_of(const struct dns_message *m, unsigned index)
{
	if (index < m->count[DNS_ANSWER])
		return DNS_ANSWER;
	index -= m->count[DNS_ANSWER];
	return index < m->count[DNS_AUTHORITY] ? DNS_AUTHORITY : DNS_ADDITIONAL;
}

bool record_next(struct record_walk *w, struct dns_record *ret)
{
	const struct dns_message *m = w->m;

	if (w->pos >= m->len)
		return false;
	ret->start = w->pos;
	ret->fixed = skip_name(m->data, w->pos);
	ret->rdata = ret->fixed + RECORD_FIXED;
	ret->end = ret->rdata + wire_get16(m->data + ret->fixed + 8);
	ret->type = wire_get16(m->data + ret->fixed);
	ret->class = wire_get16(m->data + ret->fixed + 2);
	ret->section = section_of(m, w->index++);
	w->pos = ret->end;
	return true;
}
