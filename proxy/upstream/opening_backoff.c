#include "proxy/upstream/opening_backoff.h"

#include "proxy/upstream/opening.h"

/* While nobody waits for it, a failing upstream is tried so many times more rarely. */
#define LEISURE 10u

size_t opening_wanted(const struct upstream *u)
{
	return u->owner->wanted(u->owner_arg);
}

/* The other way to the same is the one that is used. */
static bool is_spare(const struct upstream *u)
{
	return u->prefers_stream || (u->datagrams && upstream_ready(u->datagrams) > 0);
}

bool opening_is_ahead_due(const struct upstream *u)
{
	bool active = u->last_use_us && upstream_now_us(u) - u->last_use_us < UPSTREAM_ACTIVE_US;

	return u->warming || (u->reopen && active && !is_spare(u));
}

void opening_start_timer(struct upstream *u, struct timer *t, uint64_t due_us)
{
	if (timer_start(&u->session.turn->timers, t, due_us) < 0)
		u->session.stats->bound_memory++;
}

void opening_note_fruitless(struct upstream *u)
{
	u->fruitless[u->fruitless_next] = upstream_now_us(u);
	u->fruitless_next = (u->fruitless_next + 1) % UPSTREAM_FRUITLESS_MAX;
}

uint64_t opening_fruitless_until(const struct upstream *u)
{
	uint64_t oldest = u->fruitless[u->fruitless_next];

	return oldest ? oldest + UPSTREAM_FRUITLESS_US : 0;
}

void opening_wait_before_next(struct upstream *u, uint64_t wait_us)
{
	u->next_try_us = upstream_now_us(u) + wait_us;
	u->next_probe_us = upstream_now_us(u) + LEISURE * wait_us;
	if (opening_fruitless_until(u) > u->next_try_us) {
		u->session.stats->bound_connects++;
		u->next_try_us = opening_fruitless_until(u);
	}
	if (opening_wanted(u) > 0)
		opening_start_timer(u, &u->retry, u->next_try_us);
	else if (opening_is_ahead_due(u))
		opening_start_timer(u, &u->retry, u->next_probe_us);
}

uint64_t opening_back_off(struct upstream *u)
{
	uint64_t wait = backoff_fail(&u->backoff, upstream_now_us(u), random32(u->session.random));

	opening_wait_before_next(u, wait);
	return wait;
}

void opening_fruitless(struct upstream *u, bool failed)
{
	opening_note_fruitless(u);
	if (failed)
		opening_back_off(u);
}

void opening_answered(struct upstream *u)
{
	if (u->backoff.failures == 0 && u->next_try_us == 0)
		return;
	backoff_reset(&u->backoff);
	u->local_rounds = 0;
	u->next_try_us = u->next_probe_us = 0;
}
