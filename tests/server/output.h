/*
 * Answers into a connection: the plain case at once, the special ones (paced, cut, in small
 * records, with a lying prefix) through a queue that keeps the order.
 */
#ifndef TESTS_SERVER_OUTPUT_H
#define TESTS_SERVER_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "tests/server/reply.h"

struct conn;
struct outlet;
struct peer;

/* outlet_deliver of connections. */
void output_deliver(struct outlet *o, const struct peer *to, uint8_t *frame, size_t len,
	const struct delivery *how);
/* Plaintext into the connection, in records as `how` has them; NULL: as few as possible. */
void output_write(struct conn *c, const uint8_t *data, size_t len, const struct delivery *how);
/* What was collected to share records. */
void output_end_batch(struct conn *c);
void output_clear(struct conn *c);

#endif
