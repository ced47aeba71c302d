#include "common/local/answer.h"

#include <string.h>

#include "common/dns/rdata.h"
#include "common/dns/reply.h"

#define QUESTION_NAME 0xc00cu /* pointer to where the question stands */
#define ALIASES_MAX   8u
#define NEGATIVE_TTL  60u
#define SOA_SERIAL    1u
#define SOA_REFRESH   3600u
#define SOA_RETRY     1200u
#define SOA_EXPIRE    604800u

static const uint8_t nobody[] = "\6nobody\7invalid";

void local_reply_init(struct local_reply *r)
{
	r->rcode = RCODE_NOERROR;
	r->authoritative = false;
	r->ede = (struct ede){ EDE_NONE, NULL };
	r->outside = NULL;
	memset(r->counts, 0, sizeof r->counts);
	r->records = wire_writer(r->octets, sizeof r->octets);
}

/* TYPE, class, TTL. */
static void write_fixed(struct wire_writer *w, uint16_t type, uint32_t ttl)
{
	wire_write16(w, type);
	wire_write16(w, DNS_CLASS_IN);
	wire_write32(w, ttl);
}

static void write_rdata(
	struct wire_writer *w, uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
	write_fixed(w, type, ttl);
	wire_write16(w, (uint16_t)len);
	wire_write(w, rdata, len);
}

/* In the answer section, with a pointer as owner. */
static void add(struct local_reply *r, uint16_t owner, uint16_t type, uint32_t ttl,
	const void *rdata, size_t len)
{
	wire_write16(&r->records, owner);
	write_rdata(&r->records, type, ttl, rdata, len);
	r->counts[DNS_ANSWER]++;
}

void local_reply_put(struct local_reply *r, enum dns_section section, const uint8_t *owner,
	uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
	wire_write(&r->records, owner, name_len(owner));
	write_rdata(&r->records, type, ttl, rdata, len);
	r->counts[section]++;
}

void local_reply_add(
	struct local_reply *r, uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
	add(r, QUESTION_NAME, type, ttl, rdata, len);
}

void local_reply_soa(
	struct local_reply *r, enum dns_section section, const uint8_t *zone, uint32_t ttl)
{
	struct wire_writer *w = &r->records;
	size_t len = name_len(zone);

	wire_write(w, zone, len);
	write_fixed(w, DNS_TYPE_SOA, ttl);
	wire_write16(w, (uint16_t)(len + sizeof nobody + 5 * sizeof(uint32_t)));
	wire_write(w, zone, len);
	wire_write(w, nobody, sizeof nobody);
	wire_write32(w, SOA_SERIAL);
	wire_write32(w, SOA_REFRESH);
	wire_write32(w, SOA_RETRY);
	wire_write32(w, SOA_EXPIRE);
	wire_write32(w, ttl); /* of what does not exist (RFC 2308 4) */
	r->counts[section]++;
}

/*
 * The records of one node that answer the type.  Returns the alias, if there is one and it was not asked for:
 * what it leads to is the last thing written.
 */
static const struct record *add_node(struct local_reply *r, const struct records *store,
	const struct record_node *n, uint16_t owner, uint16_t type)
{
	for (const struct record *x = records_at(store, n->first); x;
		x = records_at(store, x->next)) {
		bool alias = x->type == DNS_TYPE_CNAME && type != DNS_TYPE_CNAME;

		if (x->type == type || alias)
			add(r, owner, x->type, x->ttl, x->rdata, x->len);
		if (alias)
			return x;
	}
	return NULL;
}

/* A pointer to the last len octets that were written, as they will stand behind this question. */
static uint16_t pointer_to_last(
	const struct local_reply *r, const struct suffixes *question, size_t len)
{
	return (uint16_t)(0xc000u | (DNS_HEADER_LEN + question->len + 4 + r->records.pos - len));
}

bool local_reply_records(struct local_reply *r, const struct records *store,
	const struct suffixes *name, uint16_t type)
{
	const struct record_node *n = records_find(store, name);
	uint8_t folded[DNS_NAME_MAX];
	uint16_t owner = QUESTION_NAME;
	struct suffixes target;

	if (!n)
		return false;
	for (unsigned hops = 0; n && hops < ALIASES_MAX; hops++) {
		const struct record *alias = add_node(r, store, n, owner, type);

		if (!alias)
			break;
		owner = pointer_to_last(r, name, alias->len);
		name_fold(folded, alias->rdata, alias->len);
		suffixes_of(store->key, folded, alias->len, &target);
		n = records_find(store, &target);
		if (!n)
			r->outside = alias->rdata;
	}
	r->authoritative = true;
	if (r->counts[DNS_ANSWER] == 0)
		local_reply_soa(r, DNS_AUTHORITY, name->name, NEGATIVE_TTL);
	return true;
}

/* A name of another message, expanded; moves *pos behind it. */
static void append_name(
	struct wire_writer *w, const struct dns_message *m, size_t *pos, unsigned *budget)
{
	struct wire_reader in = { .data = m->data, .len = m->len, .pos = *pos };
	uint8_t name[DNS_NAME_MAX];

	wire_write(w, name, name_read(&in, budget, name));
	w->bad |= in.bad;
	*pos = in.pos;
}

/* Names inside may be compressed (RFC 3597 4): they are expanded. */
static void append_rdata(struct wire_writer *w, const struct dns_message *m,
	const struct dns_record *rec, unsigned *budget)
{
	const struct rdata_layout *layout = rdata_layout(rec->type);
	struct wire_reader in = { .data = m->data, .len = rec->end, .pos = rec->rdata };
	size_t length_at = w->pos;

	wire_write16(w, 0);
	if (layout && rec->rdata < rec->end) {
		rdata_skip_head(&in, layout);
		wire_write(w, m->data + rec->rdata, in.pos - rec->rdata);
		for (unsigned i = 0; i < layout->names; i++)
			append_name(w, m, &in.pos, budget);
	}
	if (w->bad || in.pos > rec->end)
		return;
	wire_write(w, m->data + in.pos, rec->end - in.pos);
	if (!w->bad)
		wire_put16(w->data + length_at, (uint16_t)(w->pos - length_at - 2));
}

bool local_reply_append(struct local_reply *r, const struct dns_message *answer)
{
	struct record_walk walk = record_walk(answer);
	struct wire_writer *w = &r->records;
	unsigned budget = DNS_POINTER_BUDGET;
	struct dns_record rec;

	r->rcode = message_rcode(answer);
	r->authoritative = false;
	while (record_next(&walk, &rec) && rec.section != DNS_ADDITIONAL) {
		size_t owner = rec.start;

		append_name(w, answer, &owner, &budget);
		wire_write(w, answer->data + rec.fixed, 8); /* TYPE, CLASS, TTL */
		append_rdata(w, answer, &rec, &budget);
		r->counts[rec.section]++;
	}
	return !w->bad;
}

static void write_opt(
	struct wire_writer *w, const struct client_form *c, const struct local_reply *r)
{
	const char *text = r->ede.text ? r->ede.text : "";
	size_t opt = reply_opt(w, c, r->rcode);

	if (r->ede.code != EDE_NONE)
		reply_ede(w, (unsigned)r->ede.code, "", (const uint8_t *)text, strlen(text));
	edns_end(w, opt);
}

size_t local_reply_write(
	const struct local_reply *r, const struct client_form *c, uint8_t *out, size_t cap)
{
	static const uint16_t none[DNS_SECTIONS];
	struct wire_writer w = wire_writer(out, cap < c->limit ? cap : c->limit);
	size_t fixed = reply_head_len(c) + (c->edns ? EDNS_OPT_MIN : 0);
	bool fits = !r->records.bad && fixed + r->records.pos <= c->limit;
	uint16_t flags = (uint16_t)(reply_flags(c) | DNS_RA | r->rcode |
				    (r->authoritative ? DNS_AA : 0) | (fits ? 0 : DNS_TC));

	reply_head(&w, c, flags, fits ? r->counts : none);
	if (fits)
		wire_write(&w, r->octets, r->records.pos);
	if (c->edns)
		write_opt(&w, c, r);
	return w.bad ? 0 : w.pos;
}
