#include "tests/server/zone.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "tests/server/builder.h"
#include "tests/server/rrtype.h"

#define ZONE_TTL 3600u

struct fixed {
	const char *name;
	uint16_t type;
	const char *data; /* SOA: unused */
};

static const struct fixed records[] = {
	{ "example.com", RR_SOA, "" },
	{ "example.com", RR_NS, "ns1.example.com" },
	{ "example.com", RR_A, "192.0.2.10" },
	{ "example.com", RR_AAAA, "2001:db8::10" },
	{ "example.com", RR_MX, "10 mail.example.com" },
	{ "example.com", RR_TXT, "v=spf1 -all" },
	{ "www.example.com", RR_A, "192.0.2.80" },
	{ "www.example.com", RR_AAAA, "2001:db8::80" },
	{ "mail.example.com", RR_A, "192.0.2.25" },
	{ "ns1.example.com", RR_A, "192.0.2.53" },
	{ "example.net", RR_SOA, "" },
	{ "example.net", RR_NS, "ns1.example.com" },
	{ "example.net", RR_A, "192.0.2.20" },
	{ "example.net", RR_AAAA, "2001:db8::20" },
	{ "www.example.net", RR_A, "192.0.2.81" },
	{ "localhost", RR_A, "127.0.0.1" },
	{ "localhost", RR_AAAA, "::1" },
	{ "1.0.0.127.in-addr.arpa", RR_PTR, "localhost" },
};

static void write_name(struct builder *b, const char *text)
{
	uint8_t name[DNSNAME_MAX];

	wire_write(&b->w, name, dnsname_parse(text, name));
}

static void write_address(struct builder *b, int family, const char *text)
{
	uint8_t address[16];

	inet_pton(family, text, address);
	wire_write(&b->w, address, family == AF_INET ? 4 : 16);
}

static void write_mx(struct builder *b, const char *text)
{
	char *name;

	wire_write16(&b->w, (uint16_t)strtoul(text, &name, 10));
	write_name(b, name + 1);
}

static void write_rdata(struct builder *b, const struct fixed *rr)
{
	switch (rr->type) {
	case RR_A:
		write_address(b, AF_INET, rr->data);
		break;
	case RR_AAAA:
		write_address(b, AF_INET6, rr->data);
		break;
	case RR_MX:
		write_mx(b, rr->data);
		break;
	case RR_TXT:
		builder_strings(b, rr->data, strlen(rr->data));
		break;
	case RR_SOA:
		builder_soa_rdata(b, BUILDER_QNAME, 60);
		break;
	default:
		write_name(b, rr->data);
	}
}

static void write_record(struct builder *b, const struct fixed *rr)
{
	size_t begun = builder_record(b, SECTION_ANSWER, BUILDER_QNAME, rr->type, ZONE_TTL);

	write_rdata(b, rr);
	builder_end(b, begun);
}

static bool same_name(const struct builder *b, const char *text)
{
	uint8_t name[DNSNAME_MAX];

	return dnsname_equal(name, dnsname_parse(text, name), b->q->name, b->q->name_len);
}

bool zone_answer(struct builder *b)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		if (!same_name(b, records[i].name))
			continue;
		known = true;
		if (b->q->type == records[i].type || b->q->type == RR_ANY)
			write_record(b, &records[i]);
	}
	if (known && !b->count[SECTION_ANSWER])
		builder_denial(b, 60);
	return known;
}
