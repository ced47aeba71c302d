#include "tests/server/builder.h"

#include "tests/server/rrtype.h"

void builder_pointer(struct builder *b, size_t offset)
{
	wire_write16(&b->w, (uint16_t)(0xc000 | offset));
}

size_t builder_record(
	struct builder *b, enum section section, size_t owner, uint16_t type, uint32_t ttl)
{
	builder_pointer(b, owner);
	wire_write16(&b->w, type);
	wire_write16(&b->w, b->q->class);
	wire_write32(&b->w, ttl);
	wire_write16(&b->w, 0);
	b->count[section]++;
	return b->w.pos;
}

void builder_end(struct builder *b, size_t begun)
{
	if (!b->w.bad)
		wire_put16(b->w.data + begun - 2, (uint16_t)(b->w.pos - begun));
}

void builder_a(struct builder *b, size_t owner, uint32_t ttl, uint32_t address)
{
	size_t begun = builder_record(b, SECTION_ANSWER, owner, RR_A, ttl);

	wire_write32(&b->w, address);
	builder_end(b, begun);
}

size_t builder_tail(const struct builder *b, unsigned n)
{
	const uint8_t *name = b->q->name;
	size_t at[128], labels = 0;

	for (size_t i = 0; name[i]; i += 1u + name[i])
		at[labels++] = i;
	if (!labels)
		return BUILDER_QNAME;
	return BUILDER_QNAME + at[labels > n ? labels - n : 0];
}

void builder_soa_rdata(struct builder *b, size_t zone, uint32_t minimum)
{
	wire_write(&b->w, "\2ns", 3);
	builder_pointer(b, zone);
	wire_write(&b->w, "\12hostmaster", 11);
	builder_pointer(b, zone);
	wire_write32(&b->w, 1);	     /* serial */
	wire_write32(&b->w, 3600);   /* refresh */
	wire_write32(&b->w, 600);    /* retry */
	wire_write32(&b->w, 604800); /* expire */
	wire_write32(&b->w, minimum);
}

void builder_denial(struct builder *b, uint32_t ttl)
{
	size_t zone = builder_tail(b, 2);
	size_t begun = builder_record(b, SECTION_AUTHORITY, zone, RR_SOA, ttl);

	builder_soa_rdata(b, zone, ttl);
	builder_end(b, begun);
}

void builder_strings(struct builder *b, const void *data, size_t len)
{
	const uint8_t *p = data;

	do {
		size_t n = len < 255 ? len : 255;

		wire_write8(&b->w, (uint8_t)n);
		wire_write(&b->w, p, n);
		p += n;
		len -= n;
	} while (len);
}
