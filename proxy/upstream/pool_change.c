/*
 * Which upstreams a pool has, and how one leaves: it takes nothing new, its sessions retire, and what they were
 * asked is answered there, or goes to another one when they are lost.  A little later, when nothing is left of
 * them in the turn either, requests forget it, and its owner is told.
 */
#include <string.h>

#include "proxy/upstream/pool_internal.h"
#include "proxy/upstream/ways.h"

#define CHECK_US 100000u
/* Then its sessions are cut; no client waits so long (query-timeout is 60 s at most). */
#define LEAVE_MAX_US (60ull * 1000000)

static uint64_t now_us(const struct pool *p)
{
	return turn_now_us(p->turn);
}

/* ------------------------------------------------------------------ bits */

/* One place for each, those that leave included, so that a bit never means another one. */
static uint32_t taken(const struct pool *p)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < p->count; i++)
		bits |= pool_bit(p->upstreams[i]);
	list_for_each (n, &p->leaving)
		bits |= pool_bit(container_of(n, struct upstream, leaving));
	return bits;
}

static unsigned first_free(uint32_t bits)
{
	unsigned i = 0;

	while (i < POOL_PLACES && bits & (UINT32_C(1) << i))
		i++;
	return i;
}

/* ------------------------------------------------------------------ who leaves */

static void forget_in(struct request *r, const struct upstream *u)
{
	r->avoid &= ~pool_bit(u);
	r->late_on &= ~pool_bit(u);
	r->datagrams_late_on &= ~pool_bit(u);
	if (r->own && ways_face(r->own) == u)
		r->own = NULL;
	if (r->kept &&
		(r->kept_from == u->label || (u->stream && r->kept_from == u->stream->label)))
		r->kept_from = POOL_FORMER;
}

static void forget(struct pool *p, const struct upstream *u)
{
	list_for_each (n, &p->requests)
		forget_in(container_of(n, struct request, all), u);
	forget_in(&p->probe.request, u);
}

static void say_goodbye(struct pool *p, struct upstream *u)
{
	forget(p, u);
	list_remove(&u->leaving);
	ways_deinit(u);
	p->gone(p->gone_arg, u);
}

/* Two looks in a row, as the turn in which its last session ended had something of it left. */
static void look_after(struct pool *p, struct upstream *u)
{
	if (!ways_gone(u)) {
		u->drained = false;
		if (now_us(p) - u->left_us > LEAVE_MAX_US)
			ways_deinit(u); /* what they were asked comes back */
	} else if (!u->drained) {
		u->drained = true;
	} else {
		say_goodbye(p, u);
	}
}

static void check_later(struct pool *p)
{
	if (list_empty(&p->leaving))
		return;
	if (timer_start(&p->turn->timers, &p->leaving_check, now_us(p) + CHECK_US) < 0)
		p->stats->bound_memory++; /* until the next change */
}

static void on_check(struct timer *t)
{
	struct pool *p = container_of(t, struct pool, leaving_check);

	list_for_each (n, &p->leaving)
		look_after(p, container_of(n, struct upstream, leaving));
	check_later(p);
}

static void leave(struct pool *p, struct upstream *u)
{
	u->left_us = now_us(p);
	u->drained = false;
	list_append(&p->leaving, &u->leaving);
	if (p->serving == u)
		p->serving = NULL;
	ways_leave(u);
}

/* As many places as bits: whoever left first is not waited for any longer, and gives its own up. */
static void make_room(struct pool *p)
{
	size_t n = p->count;

	list_for_each (node, &p->leaving)
		n += container_of(node, struct upstream, leaving)->place < POOL_PLACES;
	list_for_each (node, &p->leaving) {
		struct upstream *u = container_of(node, struct upstream, leaving);

		if (n + POOL_UPSTREAMS_MAX <= POOL_PLACES)
			break;
		if (u->place == POOL_PLACES)
			continue;
		ways_deinit(u); /* what they were asked comes back */
		forget(p, u);
		u->place = POOL_PLACES;
		n--;
	}
}

/* ------------------------------------------------------------------ who comes */

static bool is_among(struct upstream *const *list, size_t count, const struct upstream *u)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == u)
			return true;
	return false;
}

static void enter(struct pool *p, struct upstream *u, uint32_t *bits)
{
	u->place = first_free(*bits);
	*bits |= pool_bit(u);
	u->owner = &pool_as_owner;
	u->owner_arg = p;
	ways_init(u);
}

static void settle(struct pool *p)
{
	p->everybody = 0;
	for (size_t i = 0; i < p->count; i++) {
		p->everybody |= pool_bit(p->upstreams[i]);
		p->upstreams[i]->health.alone = p->count == 1;
	}
}

void pool_change(struct pool *p, struct upstream *const *upstreams, size_t count)
{
	struct upstream *before[POOL_UPSTREAMS_MAX], *first = p->upstreams[p->first];
	size_t before_count = p->count;
	uint32_t bits;

	make_room(p);
	bits = taken(p);
	memcpy(before, p->upstreams, sizeof before);
	p->count = count;
	p->first = 0;
	for (size_t i = 0; i < count; i++) {
		p->upstreams[i] = upstreams[i];
		if (p->upstreams[i] == first && p->policy != POLICY_FAILOVER)
			p->first = i;
		if (!is_among(before, before_count, upstreams[i]))
			enter(p, upstreams[i], &bits);
	}
	settle(p);
	for (size_t i = 0; i < before_count; i++)
		if (!is_among(upstreams, count, before[i]))
			leave(p, before[i]);
	check_later(p);
	pool_look_again(p);
}

void pool_change_init(struct pool *p)
{
	uint32_t bits = 0;

	list_init(&p->leaving);
	p->leaving_check.fire = on_check;
	for (size_t i = 0; i < p->count; i++)
		enter(p, p->upstreams[i], &bits);
	settle(p);
}

void pool_change_deinit(struct pool *p)
{
	timer_stop(&p->turn->timers, &p->leaving_check);
	list_for_each (n, &p->leaving)
		ways_deinit(container_of(n, struct upstream, leaving));
}
