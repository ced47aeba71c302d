#include "proxy/upstream/pool.h"

#include <assert.h>
#include <stdio.h>

/* A matched answer that does not parse is asked for once more, then it is the upstream's word. */
#define BAD_ANSWERS_MAX 2

static void wait_in_queue(struct pool *p, struct request *r)
{
	r->state = REQUEST_WAITING;
	list_append(r->sent_before ? &p->again : &p->waiting, &r->node);
	p->waiting_count++;
}

/* The one that goes next; there is one. */
static struct request *next_waiting(struct pool *p)
{
	struct list *n = list_take(&p->again);

	if (!n)
		n = list_take(&p->waiting);
	p->waiting_count--;
	return container_of(n, struct request, node);
}

static void place(struct pool *p, struct request *r)
{
	struct session *s = upstream_session(&p->upstream);

	if (s && p->waiting_count == 0) {
		session_submit(s, r);
		return;
	}
	if (!s && p->upstream.ready > 0)
		p->stats->bound_inflight++;
	wait_in_queue(p, r);
	if (s)
		turn_defer(p->turn, &p->dispatch);
	else
		upstream_ensure(&p->upstream);
}

static void on_dispatch(struct turn_work *w)
{
	struct pool *p = container_of(w, struct pool, dispatch);
	struct session *s;

	while (p->waiting_count > 0 && (s = upstream_session(&p->upstream)))
		session_submit(s, next_waiting(p));
	if (p->waiting_count > 0)
		upstream_ensure(&p->upstream);
}

/* ------------------------------------------------------------------ the ends */

static void deliver(struct turn_work *w)
{
	struct request *r = container_of(w, struct request, work);

	r->state = REQUEST_IDLE;
	r->done(r);
}

static struct ede why_lost(struct pool *p, const struct request *r)
{
	if (r->bad_answers >= BAD_ANSWERS_MAX) {
		snprintf(p->reason, sizeof p->reason, "%s: its answers are malformed",
			p->upstream.label);
		return (struct ede){ EDE_INVALID_DATA, p->reason };
	}
	snprintf(p->reason, sizeof p->reason, "%s: asked %d times, lost each time: %s",
		p->upstream.label, REQUEST_SENDS_MAX, upstream_last_loss(&p->upstream));
	return (struct ede){ EDE_NETWORK_ERROR, p->reason };
}

/* In the deferred phase: what to do with a query whose session did not answer it. */
static void reconsider(struct turn_work *w)
{
	struct request *r = container_of(w, struct request, work);
	struct pool *p = r->pool;

	if (r->sends >= REQUEST_SENDS_MAX || r->bad_answers >= BAD_ANSWERS_MAX) {
		r->answered = false;
		r->failure = why_lost(p, r);
		deliver(w);
	} else {
		place(p, r);
	}
}

/* Its place in the session may be free now. */
static void on_returned(void *arg, struct request *r)
{
	struct pool *p = arg;

	r->work.run = reconsider;
	turn_defer(p->turn, &r->work);
	if (p->waiting_count > 0)
		turn_defer(p->turn, &p->dispatch);
}

static void on_answered(void *arg, struct request *r)
{
	struct pool *p = arg;

	r->answered = true;
	r->state = REQUEST_DONE;
	r->work.run = deliver;
	turn_defer(p->turn, &r->work);
	if (p->waiting_count > 0)
		turn_defer(p->turn, &p->dispatch);
}

static bool on_wanted(void *arg)
{
	const struct pool *p = arg;

	return p->waiting_count > 0;
}

static void on_room(void *arg)
{
	struct pool *p = arg;

	turn_defer(p->turn, &p->dispatch);
}

static const struct upstream_owner upstream_owner = {
	.wanted = on_wanted,
	.room = on_room,
	.returned = on_returned,
	.answered = on_answered,
};

/* ------------------------------------------------------------------ for those above */

void pool_init(struct pool *p)
{
	p->turn = p->upstream.session.turn;
	p->stats = p->upstream.session.stats;
	p->dispatch.run = on_dispatch;
	p->upstream.owner = &upstream_owner;
	p->upstream.owner_arg = p;
	list_init(&p->again);
	list_init(&p->waiting);
	upstream_init(&p->upstream);
}

void pool_deinit(struct pool *p)
{
	assert(p->waiting_count == 0);
	upstream_deinit(&p->upstream);
	turn_forget(&p->dispatch);
}

void pool_submit(struct pool *p, struct request *r)
{
	r->pool = p;
	r->session = NULL;
	r->sends = r->bad_answers = 0;
	r->sent_before = false;
	r->node = (struct list){ 0 };
	r->work = (struct turn_work){ 0 };
	upstream_touch(&p->upstream);
	place(p, r);
}

void pool_cancel(struct pool *p, struct request *r)
{
	switch (r->state) {
	case REQUEST_IDLE:
		break;
	case REQUEST_WAITING:
		list_remove(&r->node);
		p->waiting_count--;
		break;
	case REQUEST_QUEUED:
	case REQUEST_SENT:
		session_forget(r->session, r);
		if (p->waiting_count > 0)
			turn_defer(p->turn, &p->dispatch);
		break;
	case REQUEST_RETURNED:
	case REQUEST_DONE:
		turn_forget(&r->work);
		break;
	}
	r->state = REQUEST_IDLE;
}

struct ede pool_reason(struct pool *p, const struct request *r)
{
	const char *reason;

	switch (upstream_standing(&p->upstream, &reason)) {
	case UPSTREAM_STARTING:
		snprintf(p->reason, sizeof p->reason, "%s: still connecting", reason);
		return (struct ede){ EDE_NOT_READY, p->reason };
	case UPSTREAM_DOWN:
		return (struct ede){ EDE_NO_REACHABLE_AUTHORITY, reason };
	case UPSTREAM_UP:
		break;
	}
	snprintf(p->reason, sizeof p->reason, "%s: %s", reason,
		r->state == REQUEST_WAITING ? "too many queries in flight" : "no answer in time");
	return (struct ede){ EDE_NETWORK_ERROR, p->reason };
}
