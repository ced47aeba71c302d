/* The last queries received, as they came: a ring of bounded length. */
#ifndef TESTS_SERVER_RECORD_H
#define TESTS_SERVER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "tests/server/stats.h"

struct buf;
struct query;

/* Where a query came in. */
struct origin {
	enum transport transport;
	uint64_t conn;	     /* number of the connection, 0 on UDP */
	uint64_t seq;	     /* 1 is the connection's (UDP: the server's) first query */
	uint32_t record_len; /* plaintext octets of the TLS record (read, datagram) that ended it */
	uint32_t record_span; /* number of records that it touched */
};

struct record_entry {
	struct origin origin;
	uint8_t *data; /* owned */
	size_t len;
	uint32_t hash; /* of the name, 0 if there was none */
};

struct record_ring {
	struct record_entry *entries; /* owned */
	size_t size;
	uint64_t total; /* ever added; entry n is at n % size */
};

void record_init(struct record_ring *r, size_t size);
void record_deinit(struct record_ring *r);
void record_clear(struct record_ring *r);
void record_add(struct record_ring *r, const struct origin *origin, const struct query *q);

/* The last n as JSON lines, the oldest first. */
void record_json(const struct record_ring *r, uint64_t n, struct buf *out);

/* How often this question is in the ring; type 0: any. */
uint64_t record_count(
	const struct record_ring *r, const uint8_t *name, size_t name_len, uint16_t type);

#endif
