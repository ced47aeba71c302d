/* Names and answers as tests of common/local write them. */
#ifndef TESTS_UNIT_LOCAL_CASE_H
#define TESTS_UNIT_LOCAL_CASE_H

#include "common/dns/message.h"
#include "common/local/answer.h"
#include "common/local/suffix.h"
#include "tests/unit/cm.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const uint8_t key[SUFFIX_KEY] = { 1, 2, 3, 4, 5, 6, 7, 8 };

/* A name in wire form, folded, with its hashes. */
struct wire_name {
	uint8_t octets[DNS_NAME_MAX];
	size_t len;
	struct suffixes suffixes;
};

static inline struct wire_name *wire_name_into(struct wire_name *n, const char *text)
{
	uint8_t wire[DNS_NAME_MAX];

	n->len = name_from_text(text, wire);
	expect(text, n->len > 0);
	name_fold(n->octets, wire, n->len);
	suffixes_of(key, n->octets, n->len, &n->suffixes);
	return n;
}

/* Valid until the next call. */
static inline const struct wire_name *wire_name(const char *text)
{
	static struct wire_name n;

	return wire_name_into(&n, text);
}

/* The records of a reply, one a line: "SECTION TTL OWNER TYPE DATA". */
static inline void describe_record(
	const struct dns_message *m, const struct dns_record *r, char *text, size_t size)
{
	static const char *const sections[] = { "answer", "authority", "additional" };
	char owner_text[DNS_NAME_TEXT_MAX], data[DNS_NAME_TEXT_MAX] = "";
	uint8_t name[DNS_NAME_MAX];
	unsigned budget = 1000;
	struct wire_reader in = { .data = m->data, .len = m->len, .pos = r->start };

	assert_true(name_read(&in, &budget, name) > 0);
	name_text(name, owner_text, sizeof owner_text);
	in.pos = r->rdata;
	switch (r->type) {
	case DNS_TYPE_A:
		inet_ntop(AF_INET, m->data + r->rdata, data, sizeof data);
		break;
	case DNS_TYPE_AAAA:
		inet_ntop(AF_INET6, m->data + r->rdata, data, sizeof data);
		break;
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
	case DNS_TYPE_SOA:
		assert_true(name_read(&in, &budget, name) > 0);
		name_text(name, data, sizeof data);
		break;
	default:
		for (size_t i = r->rdata; i < r->end; i++)
			snprintf(data + 2 * (i - r->rdata), 3, "%02x", m->data[i]);
	}
	snprintf(text, size, "%s %u %s %s %s", sections[r->section], wire_get32(m->data + r->fixed + 4),
		owner_text, type_text(r->type), data);
}

/*
 * "RCODE [aa] [tc]; record; record" of a whole message, which has to be in order.  Valid until the next call.
 */
static inline const char *describe(const uint8_t *bytes, size_t len)
{
	static char text[65536];
	struct dns_message m;
	struct record_walk walk;
	struct dns_record r;
	size_t at;

	assert_int_equal(message_parse(bytes, len, &m), MESSAGE_OK);
	at = (size_t)snprintf(text, sizeof text, "%s%s%s", rcode_text(message_rcode(&m)),
		m.flags & DNS_AA ? " aa" : "", m.flags & DNS_TC ? " tc" : "");
	walk = record_walk(&m);
	while (record_next(&walk, &r)) {
		if (r.type == DNS_TYPE_OPT)
			continue;
		assert_true(sizeof text - at > 3000);
		at += (size_t)snprintf(text + at, sizeof text - at, "; ");
		describe_record(&m, &r, text + at, sizeof text - at);
		at += strlen(text + at);
	}
	return text;
}

/* The form of a client that asks this over TCP, with EDNS. */
static inline struct client_form form_of(const struct wire_name *n, uint16_t type)
{
	return (struct client_form){ .id = 0x1234,
		.flags = DNS_RD,
		.has_question = true,
		.question = { n->octets, (uint8_t)n->len, type, DNS_CLASS_IN },
		.edns = true,
		.udp_size = 1232,
		.limit = DNS_MESSAGE_MAX,
		.keepalive = -1 };
}

/* A reply as a client sees it. */
static inline const char *reply_text(
	const struct local_reply *r, const struct wire_name *n, uint16_t type)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	struct client_form f = form_of(n, type);
	size_t len = local_reply_write(r, &f, out, sizeof out);

	assert_true(len > 0);
	return describe(out, len);
}

/* The number of a type by its name. */
static inline uint16_t type_number(const char *name)
{
	for (unsigned i = 1; i < 260; i++)
		if (strcmp(type_text(i), name) == 0)
			return (uint16_t)i;
	fail_msg("no type %s", name);
	return 0;
}

#endif
