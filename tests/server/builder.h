/* Writing the sections of an honest answer. */
#ifndef TESTS_SERVER_BUILDER_H
#define TESTS_SERVER_BUILDER_H

#include "common/dns/wire.h"
#include "tests/server/query.h"

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTIONS };

#define BUILDER_QNAME  12u /* offset of the question's name, as owner */
#define EDE_NONE_ASKED (-1)

struct builder {
	struct wire_writer w;
	const struct query *q;
	uint16_t count[SECTIONS];
	unsigned rcode; /* 12 bits */
	int ede;	/* or EDE_NONE_ASKED */
};

/*
 * A record whose owner is the name at offset `owner` of the message; RDATA is written by the caller
 * to b->w, then builder_end gets what this returned.
 */
size_t builder_record(
	struct builder *b, enum section section, size_t owner, uint16_t type, uint32_t ttl);
void builder_end(struct builder *b, size_t begun);

void builder_a(struct builder *b, size_t owner, uint32_t ttl, uint32_t address);
/* The SOA of a negative answer: its owner is the name's last two labels. */
void builder_denial(struct builder *b, uint32_t ttl);
/* SOA's RDATA for the zone at offset `zone`. */
void builder_soa_rdata(struct builder *b, size_t zone, uint32_t minimum);
/* Where the last n labels of the question's name begin, as an offset of the message. */
size_t builder_tail(const struct builder *b, unsigned n);
void builder_pointer(struct builder *b, size_t offset);
/* len octets as character-strings, in any RDATA. */
void builder_strings(struct builder *b, const void *data, size_t len);

#endif
