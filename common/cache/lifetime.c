#include "common/cache/lifetime.h"

#include "common/dns/ede.h"
#include "common/dns/edns.h"

#define SOA_MIN_RDLEN 22u /* two root names and five numbers */

/* What the records of a message say together. */
struct reading {
	uint32_t ttl_s; /* the smallest */
	bool fits;	/* the answer section has what was asked for */
	bool soa;
};

/* RFC 2181 8: with the top bit set it counts as zero. */
static uint32_t ttl_of(const struct dns_message *m, const struct dns_record *rec)
{
	uint32_t ttl = wire_get32(m->data + rec->fixed + 4);

	return ttl & 0x80000000u ? 0 : ttl;
}

static void lower(uint32_t *value, uint32_t bound)
{
	if (*value > bound)
		*value = bound;
}

static bool is_soa(const struct dns_record *rec)
{
	return rec->section == DNS_AUTHORITY && rec->type == DNS_TYPE_SOA &&
	       rec->end - rec->rdata >= SOA_MIN_RDLEN;
}

static void note_record(
	struct reading *r, const struct dns_message *m, const struct dns_record *rec)
{
	const struct dns_question *q = &m->question;

	if (rec->type == DNS_TYPE_OPT)
		return;
	lower(&r->ttl_s, ttl_of(m, rec));
	if (rec->section == DNS_ANSWER && (rec->type == q->type || q->type == DNS_TYPE_ANY))
		r->fits = true;
	if (is_soa(rec))
		r->soa = true;
}

static struct reading read_records(const struct dns_message *m)
{
	struct reading r = { .ttl_s = UINT32_MAX };
	struct record_walk walk = record_walk(m);
	struct dns_record rec;

	while (record_next(&walk, &rec))
		note_record(&r, m, &rec);
	return r;
}

/* RFC 2308 5: as long as the SOA lives, and no longer than its MINIMUM, its last field, says. */
static uint32_t soa_minimum(const struct dns_message *m)
{
	struct record_walk walk = record_walk(m);
	struct dns_record rec;
	uint32_t minimum = UINT32_MAX, value;

	while (record_next(&walk, &rec)) {
		if (!is_soa(&rec))
			continue;
		value = wire_get32(m->data + rec.end - 4);
		lower(&minimum, value & 0x80000000u ? 0 : value);
	}
	return minimum;
}

static struct cache_lifetime negative(const struct dns_message *m, struct reading r, uint32_t max_s)
{
	if (!r.soa) /* RFC 2308 5; a referral is none of our answers either */
		return (struct cache_lifetime){ CACHE_GONE, 0 };
	lower(&r.ttl_s, soa_minimum(m));
	lower(&r.ttl_s, CACHE_NEGATIVE_MAX_S);
	lower(&r.ttl_s, max_s);
	return (struct cache_lifetime){ r.ttl_s ? CACHE_NEGATIVE : CACHE_GONE, r.ttl_s };
}

/* TTL 0 is for those who ask now, and is not raised: its owner means it (RFC 1035 3.2.1). */
static struct cache_lifetime positive(struct reading r, uint32_t min_s, uint32_t max_s)
{
	if (r.ttl_s == 0)
		return (struct cache_lifetime){ CACHE_GONE, 0 };
	if (r.ttl_s < min_s)
		r.ttl_s = min_s;
	lower(&r.ttl_s, max_s);
	return (struct cache_lifetime){ r.ttl_s ? CACHE_POSITIVE : CACHE_GONE, r.ttl_s };
}

/* RFC 8914 4: 6 to 12 are DNSSEC's (Bogus to NSEC Missing), 15 to 17 Blocked, Censored, Filtered. */
static bool judges_the_name(const struct dns_message *m)
{
	struct edns_option o;
	size_t at = 0;
	unsigned code;

	while (edns_next_option(m, &at, &o)) {
		if (o.code != EDNS_EDE || o.len < 2)
			continue;
		code = wire_get16(o.data);
		if ((code >= 6 && code <= 12) || (code >= 15 && code <= 17))
			return true;
	}
	return false;
}

static bool may_be_kept(const struct dns_message *m)
{
	bool extended = m->opt && m->data[m->opt + 5] != 0;

	return m->qdcount == 1 && !(m->flags & DNS_TC) && message_opcode(m) == 0 &&
	       (m->flags & DNS_QR) && !m->has_signature && !extended &&
	       m->question.class != DNS_CLASS_ANY &&
	       (m->question.type < DNS_TYPE_TKEY || m->question.type >= DNS_TYPE_ANY) &&
	       m->question.type != DNS_TYPE_OPT;
}

struct cache_lifetime cache_lifetime(const struct dns_message *m, uint32_t min_s, uint32_t max_s)
{
	unsigned rcode = message_rcode(m);
	struct reading r;

	if (!may_be_kept(m))
		return (struct cache_lifetime){ CACHE_UNFIT, 0 };
	if (rcode == RCODE_SERVFAIL)
		return (struct cache_lifetime){ judges_the_name(m) ? CACHE_FINAL : CACHE_FAILURE,
			0 };
	if (rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN)
		return (struct cache_lifetime){ CACHE_UNFIT, 0 };
	r = read_records(m);
	if (rcode == RCODE_NXDOMAIN || !r.fits)
		return negative(m, r, max_s);
	return positive(r, min_s, max_s);
}

uint32_t cache_failure_s(unsigned failures)
{
	uint32_t s = failures < 4 ? CACHE_FAILURE_MIN_S << (failures - 1) : CACHE_FAILURE_MAX_S;

	return s < CACHE_FAILURE_MAX_S ? s : CACHE_FAILURE_MAX_S;
}
