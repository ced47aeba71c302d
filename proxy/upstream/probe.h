/*
 * A copy of a real query, sent to one upstream only to learn how it answers, while another one
 * answers the client: nothing is ever sent without a client's question.  One at a time per pool.
 */
#ifndef PROXY_UPSTREAM_PROBE_H
#define PROXY_UPSTREAM_PROBE_H

#include <stdbool.h>

#include "common/base/timerq.h"
#include "common/dns/name.h"
#include "proxy/upstream/request.h"

struct pool;

struct probe {
	/* Private. */
	struct request request;
	struct pool *pool;
	struct timer limit; /* no answer for so long: over */
	uint8_t name[DNS_NAME_MAX];
};

void probe_init(struct probe *b, struct pool *p);
void probe_deinit(struct probe *b);

static inline bool probe_is_out(const struct probe *b)
{
	return b->request.state != REQUEST_IDLE;
}

/*
 * Makes it a copy of this query, ready to be given to the one upstream that `avoid` leaves.  Not
 * while one is out.
 */
void probe_copy(struct probe *b, const struct request *from, uint32_t avoid);

#endif
