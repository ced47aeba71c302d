/*
 * What a received message asks.  Read strictly and by code of its own: the test resolver is also
 * the judge of what the forwarder sends.
 */
#ifndef TESTS_SERVER_QUERY_H
#define TESTS_SERVER_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/dnsname.h"

enum query_verdict {
	QUERY_OK = 0,
	QUERY_SHORT,	  /* less than a header */
	QUERY_UNREADABLE, /* no single readable question */
	QUERY_MALFORMED,  /* the question is good, something behind it is not */
};

struct query {
	const uint8_t *data; /* borrowed from the caller */
	size_t len;
	enum query_verdict verdict;
	uint16_t id, flags;
	/* valid for QUERY_OK and QUERY_MALFORMED */
	const uint8_t *name; /* plain, inside data */
	size_t name_len;
	size_t question_end;
	uint16_t type, class;
	uint32_t hash;
	/* from OPT; valid for QUERY_OK */
	bool opt, dnssec_ok, padding, keepalive;
	uint8_t version;
	uint16_t udp_size;
	const uint8_t *cookie; /* NULL: none */
	size_t cookie_len;
};

void query_read(const uint8_t *data, size_t len, struct query *ret);

/*
 * Can even a careless reader walk from record to record up to the last octet?  Pointers are not
 * followed and nothing is said about OPT.
 */
bool message_walks(const uint8_t *data, size_t len);

#endif
