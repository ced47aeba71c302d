#include "tests/server/synth.h"

#include <stdio.h>

#include "tests/server/builder.h"
#include "tests/server/rrtype.h"
#include "tests/server/wish.h"

#define NEGATIVE_TTL 60u

static uint32_t address_of(uint32_t hash)
{
	return 0xc6120000u | (hash & 0x1ffffu); /* 198.18.0.0/15 */
}

static void write_aaaa(struct builder *b, size_t owner, uint32_t ttl, uint32_t hash)
{
	size_t begun = builder_record(b, SECTION_ANSWER, owner, RR_AAAA, ttl);

	wire_write32(&b->w, 0x20010db8u);
	wire_zero(&b->w, 8);
	wire_write32(&b->w, hash);
	builder_end(b, begun);
}

static void write_addresses(struct builder *b, const struct wish *w, size_t owner, uint32_t hash)
{
	for (uint32_t i = 0; i < w->many; i++) {
		if (b->q->type == RR_A)
			builder_a(b, owner, w->ttl,
				w->has_address ? w->address + i : address_of(hash + i));
		else
			write_aaaa(b, owner, w->ttl, hash + i);
	}
}

static void write_text(struct builder *b, const struct wish *w, size_t owner)
{
	char name[DNSNAME_TEXT_MAX], text[DNSNAME_TEXT_MAX + 32];
	size_t begun;
	int n;

	dnsname_text(b->q->name, name);
	n = snprintf(text, sizeof(text), "name=%s type=%s", name, rrtype_text(b->q->type));
	begun = builder_record(b, SECTION_ANSWER, owner, RR_TXT, w->ttl);
	builder_strings(b, text, (size_t)n);
	builder_end(b, begun);
}

/* RDATA of exactly len octets: character-strings of one repeated letter, another in each record. */
static void fill_strings(struct builder *b, size_t len, uint8_t letter)
{
	while (len) {
		size_t n = len < 256 ? len : 256;
		uint8_t *p = wire_reserve(&b->w, n);

		if (!p)
			return;
		memset(p, letter, n);
		p[0] = (uint8_t)(n - 1);
		len -= n;
	}
}

/*
 * TXT records until the message has w->size octets.  Each takes 12 besides RDATA, and RDATA takes
 * at least one: the last but one is cut shorter if the rest would be too small for a record.
 */
static void write_sized(struct builder *b, const struct wish *w, size_t owner, size_t opt_len)
{
	enum { FIXED = 12, USUAL = FIXED + 1024 };

	for (uint32_t i = 0; b->w.pos + opt_len + FIXED < w->size && !b->w.bad; i++) {
		size_t left = w->size - opt_len - b->w.pos;
		size_t n = left < USUAL ? left : USUAL;
		size_t begun;

		if (left - n > 0 && left - n <= FIXED)
			n -= FIXED + 1;
		begun = builder_record(b, SECTION_ANSWER, owner, RR_TXT, w->ttl);
		fill_strings(b, n - FIXED, (uint8_t)('a' + (b->q->hash + i) % 26));
		builder_end(b, begun);
	}
}

/* hop-1.REST ... hop-K.REST; returns the offset of the last, its hash in *ret_hash. */
static size_t write_chain(struct builder *b, const struct wish *w, uint32_t *ret_hash)
{
	const uint8_t *rest = b->q->data + w->rest;
	size_t rest_len = b->q->name_len - (w->rest - BUILDER_QNAME);
	size_t owner = BUILDER_QNAME;
	uint8_t name[DNSNAME_MAX + 16];
	int n = 0;

	for (uint32_t i = 1; i <= w->cname; i++) {
		size_t begun = builder_record(b, SECTION_ANSWER, owner, RR_CNAME, w->ttl);

		n = snprintf((char *)name + 1, 16, "hop-%u", i);
		name[0] = (uint8_t)n++;
		owner = b->w.pos;
		wire_write(&b->w, name, (size_t)n);
		builder_pointer(b, w->rest);
		builder_end(b, begun);
	}
	memcpy(name + n, rest, rest_len);
	*ret_hash = dnsname_hash(name, (size_t)n + rest_len);
	return owner;
}

static void write_hinfo(struct builder *b, const struct wish *w, size_t owner)
{
	size_t begun = builder_record(b, SECTION_ANSWER, owner, RR_HINFO, w->ttl);

	wire_write(&b->w, "\7RFC8482", 9); /* RFC 8482 4.2; the second string is empty */
	builder_end(b, begun);
}

static void write_records(struct builder *b, const struct wish *w, size_t opt_len)
{
	uint32_t hash = b->q->hash;
	size_t owner = BUILDER_QNAME;

	if (w->cname)
		owner = write_chain(b, w, &hash);
	switch (b->q->type) {
	case RR_A:
	case RR_AAAA:
		if (b->q->type == RR_AAAA && w->has_address)
			builder_denial(b, w->ttl < NEGATIVE_TTL ? w->ttl : NEGATIVE_TTL);
		else
			write_addresses(b, w, owner, hash);
		break;
	case RR_TXT:
		if (w->size)
			write_sized(b, w, owner, opt_len);
		else
			write_text(b, w, owner);
		break;
	case RR_ANY:
		write_hinfo(b, w, owner);
		break;
	case RR_CNAME:
		if (w->cname)
			break;
		/* fall through */
	default:
		builder_denial(b, w->ttl < NEGATIVE_TTL ? w->ttl : NEGATIVE_TTL);
	}
}

void synth_answer(struct builder *b, size_t opt_len)
{
	struct wish w;

	wish_read(b->q, &w);
	if (w.missing) {
		b->rcode = RC_NXDOMAIN;
		builder_denial(b, w.ttl < NEGATIVE_TTL ? w.ttl : NEGATIVE_TTL);
	} else if (w.ede >= 0) {
		b->rcode = RC_SERVFAIL;
		b->ede = w.ede;
	} else if (w.rcode >= 0 && w.rcode != RC_NOERROR) {
		b->rcode = (unsigned)w.rcode;
	} else {
		write_records(b, &w, opt_len);
	}
}
