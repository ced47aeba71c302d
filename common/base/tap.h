/*
 * Where copies of messages go for whoever watches (dnstap): an interface, so that those who have the
 * messages need not know who takes them.  NULL is nobody, and costs a comparison.
 *
 * One per worker, called on its thread; what it is given is borrowed for the call.  It never calls back and
 * never blocks.
 */
#ifndef COMMON_BASE_TAP_H
#define COMMON_BASE_TAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"

struct stats;

enum tap_event {
	TAP_CLIENT_QUERY,
	TAP_CLIENT_RESPONSE,
	TAP_UPSTREAM_QUERY,
	TAP_UPSTREAM_RESPONSE,
};

enum tap_over { TAP_UDP, TAP_TCP, TAP_TLS, TAP_DTLS };

struct tap_message {
	enum tap_event event;
	enum tap_over over;
	const struct addr *peer; /* the client, or the upstream */
	const uint8_t *data;
	size_t len;
	uint64_t took_us; /* responses: since their query */
};

struct tap {
	void (*message)(struct tap *t, const struct tap_message *m);
	struct stats *stats; /* the worker's, set by it: what is dropped is counted there */
};

static inline void tap_message(struct tap *t, const struct tap_message *m)
{
	if (t)
		t->message(t, m);
}

#endif
