#include "tests/server/outlet.h"

#include <event2/event.h>
#include <stdlib.h>

#include "tests/server/mem.h"

struct pending {
	struct list node; /* in waiting or held */
	struct outlet *outlet;
	struct event *timer; /* NULL in held */
	struct peer to;
	struct delivery how;
	uint8_t *frame; /* owned */
	size_t len;
};

static struct timeval in_ms(uint32_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
}

static void pending_free(struct pending *p)
{
	list_remove(&p->node);
	if (p->timer)
		event_free(p->timer);
	free(p->frame);
	free(p);
}

void outlet_init(
	struct outlet *o, struct event_base *base, struct random *random, outlet_deliver *deliver)
{
	*o = (struct outlet){ .base = base, .random = random, .deliver = deliver };
	list_init(&o->waiting);
	list_init(&o->held);
}

static void clear(struct list *l)
{
	list_for_each(node, l) pending_free(container_of(node, struct pending, node));
}

void outlet_clear(struct outlet *o)
{
	clear(&o->waiting);
	clear(&o->held);
	o->held_count = 0;
	if (o->held_timer)
		event_del(o->held_timer);
}

void outlet_deinit(struct outlet *o)
{
	outlet_clear(o);
	if (o->held_timer)
		event_free(o->held_timer);
	o->held_timer = NULL;
}

bool outlet_idle(const struct outlet *o)
{
	return list_empty(&o->waiting) && list_empty(&o->held);
}

/* The pending one is off every list before it is delivered: that may clear the outlet. */
static void send_off(struct pending *p)
{
	list_remove(&p->node);
	for (uint32_t i = 0; i <= p->how.copies; i++)
		p->outlet->deliver(p->outlet, &p->to, p->frame, p->len, &p->how);
	pending_free(p);
}

static void hold(struct outlet *o, struct pending *p);

static void on_delay_over(evutil_socket_t fd, short what, void *arg)
{
	struct pending *p = arg;

	(void)fd;
	(void)what;
	if (!p->how.shuffle) {
		send_off(p);
		return;
	}
	list_remove(&p->node);
	event_free(p->timer);
	p->timer = NULL;
	hold(p->outlet, p);
}

static struct pending *take_any(struct outlet *o, size_t index)
{
	struct list *node = o->held.next;

	while (index--)
		node = node->next;
	list_remove(node);
	return container_of(node, struct pending, node);
}

static void release_held(struct outlet *o)
{
	struct list all;

	if (o->held_timer)
		event_del(o->held_timer);
	list_init(&all);
	while (o->held_count) {
		struct pending *p = take_any(o, random_below(o->random, o->held_count--));

		list_append(&all, &p->node);
	}
	/* A connection may end on the way: what is left then goes nowhere, as deliver sees to. */
	while (!list_empty(&all))
		send_off(container_of(all.next, struct pending, node));
}

static void on_held_long(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	release_held(arg);
}

static void hold(struct outlet *o, struct pending *p)
{
	struct timeval tv = in_ms(p->how.shuffle_ms);

	if (!o->held_timer)
		o->held_timer = evtimer_new(o->base, on_held_long, o);
	if (list_empty(&o->held))
		evtimer_add(o->held_timer, &tv);
	list_append(&o->held, &p->node);
	if (++o->held_count >= p->how.shuffle)
		release_held(o);
}

static void keep(struct outlet *o, const struct peer *to, const struct reply *r)
{
	struct pending *p = mem_new(sizeof(*p));
	struct timeval tv = in_ms(r->how.delay_ms);

	p->outlet = o;
	if (to)
		p->to = *to;
	p->how = r->how;
	p->len = r->len;
	p->frame = mem_copy(r->frame, 2 + r->len);
	if (!r->how.delay_ms) {
		hold(o, p);
		return;
	}
	p->timer = evtimer_new(o->base, on_delay_over, p);
	list_append(&o->waiting, &p->node);
	evtimer_add(p->timer, &tv);
}

void outlet_submit(struct outlet *o, const struct peer *to, struct reply *r)
{
	if (r->how.delay_ms || r->how.shuffle) {
		keep(o, to, r);
		return;
	}
	for (uint32_t i = 0; i <= r->how.copies; i++)
		o->deliver(o, to, r->frame, r->len, &r->how);
}
