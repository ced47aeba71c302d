/* Writing messages piece by piece for tests. */
#ifndef TESTS_UNIT_BUILD_H
#define TESTS_UNIT_BUILD_H

#include "common/dns/message.h"
#include "common/dns/name.h"
#include "common/dns/wire.h"
#include "tests/unit/hex.h"

static inline void put_hex(struct wire_writer *w, const char *hex)
{
	w->pos += hex_bytes(hex, w->data + w->pos, w->cap - w->pos);
}

static inline void put_name(struct wire_writer *w, const char *text)
{
	uint8_t name[DNS_NAME_MAX];

	wire_write(w, name, name_from_text(text, name));
}

static inline void put_header(struct wire_writer *w, uint16_t id, uint16_t flags, uint16_t qdcount)
{
	wire_write16(w, id);
	wire_write16(w, flags);
	wire_write16(w, qdcount);
	wire_zero(w, 6);
}

static inline void put_question(struct wire_writer *w, const char *name, uint16_t type)
{
	put_name(w, name);
	wire_write16(w, type);
	wire_write16(w, DNS_CLASS_IN);
}

/* One record more in the section's count. */
static inline void count_record(struct wire_writer *w, enum dns_section section)
{
	uint8_t *p = w->data + 6 + 2 * (size_t)section;

	wire_put16(p, (uint16_t)(wire_get16(p) + 1));
}

/* Behind the owner: TYPE, class IN, TTL, RDLENGTH. */
static inline void put_fixed(struct wire_writer *w, uint16_t type, uint16_t rdlen)
{
	wire_write16(w, type);
	wire_write16(w, DNS_CLASS_IN);
	wire_write32(w, 300);
	wire_write16(w, rdlen);
}

/* A record whose owner is a pointer to `owner`, with rdlen octets of RDATA, all `fill`. */
static inline void put_record(struct wire_writer *w, enum dns_section section, uint16_t owner,
	uint16_t type, uint16_t rdlen, uint8_t fill)
{
	uint8_t *p;

	count_record(w, section);
	wire_write16(w, (uint16_t)(0xc000 | owner));
	put_fixed(w, type, rdlen);
	p = wire_reserve(w, rdlen);
	if (p)
		memset(p, fill, rdlen);
}

/* An OPT with options as hex. */
static inline void put_opt(struct wire_writer *w, const char *options)
{
	size_t rdlen;

	count_record(w, DNS_ADDITIONAL);
	put_hex(w, "00 0029 0200 00000000");
	rdlen = w->pos;
	wire_write16(w, 0);
	put_hex(w, options);
	wire_put16(w->data + rdlen, (uint16_t)(w->pos - rdlen - 2));
}

#endif
