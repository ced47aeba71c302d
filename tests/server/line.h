/*
 * What happens to datagrams on their way, in one direction: lost, doubled, overtaken, repeated long
 * after, too large.  By chance, but by the same chance for the same seed.
 */
#ifndef TESTS_SERVER_LINE_H
#define TESTS_SERVER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/outlet.h"
#include "tests/server/random.h"

struct event;
struct event_base;

enum line_what { LINE_ALL = 0, LINE_HANDSHAKE, LINE_DATA };

/* Shares are of 1,000,000. */
struct line_faults {
	enum line_what what; /* which datagrams, by the type of their first record */
	uint32_t loss, dup, reorder, replay;
	size_t mtu; /* larger ones are lost; 0: none is too large */
};

#define LINE_DATAGRAM 2048u /* larger ones are neither held nor repeated */
#define LINE_MEMORY   16u   /* datagrams that may come again */

struct line_datagram {
	struct peer peer;
	size_t len; /* 0: none */
	uint8_t data[LINE_DATAGRAM];
};

typedef void line_deliver(void *arg, const struct peer *peer, const uint8_t *data, size_t len);

struct line {
	const struct line_faults *faults; /* borrowed */
	uint64_t *lost;			  /* borrowed: counts */
	line_deliver *deliver;
	void *arg;
	struct random random;
	struct event *timer; /* the held one goes without another that overtakes it */
	struct line_datagram held;
	struct line_datagram old[LINE_MEMORY];
	uint64_t carried; /* number n is at n % LINE_MEMORY */
};

/* faults, lost, deliver, arg and random are filled in. */
void line_init(struct line *l, struct event_base *base);
void line_deinit(struct line *l);
/* Delivers it, or not, or another one too. */
void line_carry(struct line *l, const struct peer *peer, const uint8_t *data, size_t len);

#endif
