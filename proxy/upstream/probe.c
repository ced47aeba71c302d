#include "proxy/upstream/probe.h"

#include <string.h>

#include "proxy/upstream/pool.h"

#define LIMIT_US 4000000u

static void on_done(struct request *r)
{
	struct probe *b = container_of(r, struct probe, request);

	timer_stop(&b->pool->turn->timers, &b->limit);
}

static void on_limit(struct timer *t)
{
	struct probe *b = container_of(t, struct probe, limit);

	pool_cancel(b->pool, &b->request);
}

/* What is signed, or copied from a client's options, stays with the one who answers it. */
void probe_copy(struct probe *b, const struct request *from, uint32_t avoid)
{
	struct request *r = &b->request;

	*r = (struct request){ .done = on_done, .is_probe = true };
	r->query = from->query;
	r->query.copied = NULL;
	r->query.signed_message = NULL;
	r->query.signed_len = 0;
	memcpy(b->name, from->query.question.name, from->query.question.name_len);
	r->query.question.name = b->name;
	r->pool = b->pool;
	r->avoid = avoid;
	r->state = REQUEST_ACTIVE;
	if (timer_start(&b->pool->turn->timers, &b->limit, turn_now_us(b->pool->turn) + LIMIT_US) <
		0)
		b->pool->stats->bound_memory++;
}

void probe_init(struct probe *b, struct pool *p)
{
	*b = (struct probe){ .pool = p };
	b->limit.fire = on_limit;
}

void probe_deinit(struct probe *b)
{
	timer_stop(&b->pool->turn->timers, &b->limit);
	pool_cancel(b->pool, &b->request);
}
