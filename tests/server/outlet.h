/*
 * Answers that do not leave at once: delayed, sent several times, or held back to be sent in
 * another order. Every connection and every UDP socket has one.
 */
#ifndef TESTS_SERVER_OUTLET_H
#define TESTS_SERVER_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "common/base/list.h"
#include "tests/server/random.h"
#include "tests/server/reply.h"

struct event;
struct event_base;
struct outlet;

/* Who asked, on a datagram socket; on a connection len is 0. */
struct peer {
	struct sockaddr_storage address;
	socklen_t len;
};

/*
 * frame: two octets of room for the length prefix, then the message; len counts the message.
 * May end the connection, but not free the outlet before the loop runs again.
 */
typedef void outlet_deliver(struct outlet *o, const struct peer *to, uint8_t *frame, size_t len,
	const struct delivery *how);

struct outlet {
	struct event_base *base; /* borrowed */
	struct random *random;	 /* borrowed */
	outlet_deliver *deliver;
	struct list waiting; /* each with a timer of its own */
	struct list held;    /* for shuffling */
	size_t held_count;
	struct event *held_timer; /* NULL until first used */
};

void outlet_init(
	struct outlet *o, struct event_base *base, struct random *random, outlet_deliver *deliver);
/* Forgets all that waits; the outlet is usable. */
void outlet_clear(struct outlet *o);
void outlet_deinit(struct outlet *o);
bool outlet_idle(const struct outlet *o);

/* The octets are copied where they have to wait. */
void outlet_submit(struct outlet *o, const struct peer *to, struct reply *r);

#endif
