#include "proxy/upstream/race.h"

#include <string.h>

#define RETEST_FIRST_US 10000000u
#define RETEST_MAX_US	600000000u

/* ------------------------------------------------------------------ the addresses */

static size_t find(const struct race *r, const struct addr *addr)
{
	for (size_t i = 0; i < r->count; i++)
		if (addr_equal(&r->list[i].addr, addr))
			return i;
	return RACE_NONE;
}

/* The next of that family from *at on; NULL: none left. */
static const struct addr *next_of(const struct addr *in, size_t count, bool v6, size_t *at)
{
	while (*at < count) {
		const struct addr *a = &in[(*at)++];

		if ((a->sa.sa_family == AF_INET6) == v6)
			return a;
	}
	return NULL;
}

static void append(struct race *r, const struct race *old, const struct addr *addr)
{
	size_t known = find(old, addr);

	if (r->count == RACE_ADDRESSES_MAX || find(r, addr) != RACE_NONE)
		return;
	if (known != RACE_NONE) {
		r->list[r->count] = old->list[known];
		if (known == old->winner)
			r->winner = r->count;
	} else {
		r->list[r->count] = (struct race_address){ .addr = *addr };
	}
	r->count++;
}

void race_set(struct race *r, const struct addr *in, size_t count)
{
	struct race old = *r;
	size_t at6 = 0, at4 = 0;
	const struct addr *a6, *a4;

	*r = (struct race){ .single = old.single,
		.winner = RACE_NONE,
		.retest_us = old.retest_us,
		.retest_wait_us = old.retest_wait_us };
	do {
		a6 = next_of(in, count, true, &at6);
		a4 = next_of(in, count, false, &at4);
		if (a6)
			append(r, &old, a6);
		if (a4)
			append(r, &old, a4);
	} while (a6 || a4);
	if (r->winner == RACE_NONE || r->winner == 0) {
		r->retest_us = r->retest_wait_us = 0;
	} else if (r->retest_us == 0) { /* new ones rank before the winner */
		r->retest_us = 1;
		r->retest_wait_us = RETEST_FIRST_US;
	}
}

void race_renew(struct race *r, const struct addr *winner)
{
	struct race old = *r;

	*r = (struct race){ .single = old.single, .winner = RACE_NONE };
	for (size_t i = 0; i < old.count; i++)
		r->list[i].addr = old.list[i].addr;
	r->count = old.count;
	if (winner)
		r->winner = find(r, winner);
	if (r->winner == RACE_NONE || r->winner == 0)
		return;
	r->retest_us = 1; /* it won there long ago, perhaps */
	r->retest_wait_us = RETEST_FIRST_US;
}

/* ------------------------------------------------------------------ the order */

/* The i-th to be tried: the winner, then by rank. */
static size_t by_preference(const struct race *r, size_t i)
{
	if (r->winner == RACE_NONE)
		return i;
	if (i == 0)
		return r->winner;
	return i <= r->winner ? i - 1 : i;
}

bool race_is_new(const struct race *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i].tried_us == 0)
			return true;
	return false;
}

void race_begin(struct race *r)
{
	for (size_t i = 0; i < r->count; i++)
		r->list[i].in_round = false;
}

bool race_round_open(const struct race *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!r->list[i].in_round)
			return true;
	return false;
}

static unsigned attempts(const struct race *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->list[i].open;
	return n;
}

/* The one that has waited longest for another attempt. */
static size_t next_joined(const struct race *r)
{
	size_t best = RACE_NONE;

	for (size_t k = 0; k < r->count; k++) {
		size_t i = by_preference(r, k);

		if (r->list[i].open < (r->single ? 1 : RACE_JOINED_MAX) &&
			(best == RACE_NONE || r->list[i].tried_us < r->list[best].tried_us))
			best = i;
	}
	return best;
}

size_t race_next(const struct race *r, uint64_t quiet_us, uint64_t *ret_due_us)
{
	size_t best;

	*ret_due_us = 0;
	if (attempts(r) >= RACE_ATTEMPTS_MAX)
		return RACE_NONE;
	for (size_t k = 0; k < r->count; k++) {
		size_t i = by_preference(r, k);

		if (r->list[i].in_round)
			continue;
		*ret_due_us = quiet_us ? quiet_us + RACE_DELAY_US : 0;
		return i;
	}
	best = next_joined(r);
	if (best == RACE_NONE)
		return best;
	*ret_due_us = r->list[best].tried_us + RACE_JOIN_US;
	if (quiet_us && *ret_due_us < quiet_us + RACE_DELAY_US)
		*ret_due_us = quiet_us + RACE_DELAY_US;
	return best;
}

/* ------------------------------------------------------------------ what happened */

void race_opened(struct race *r, size_t i, uint64_t now_us)
{
	r->list[i].tried_us = now_us;
	r->list[i].in_round = true;
	r->list[i].open++;
}

void race_closed(struct race *r, const struct addr *to)
{
	size_t i = find(r, to);

	if (i != RACE_NONE && r->list[i].open > 0)
		r->list[i].open--;
}

void race_won(struct race *r, const struct addr *to, uint64_t now_us)
{
	size_t i = find(r, to);

	if (i == RACE_NONE)
		return;
	if (i == 0) {
		r->retest_us = r->retest_wait_us = 0;
	} else if (i != r->winner) {
		r->retest_wait_us = RETEST_FIRST_US;
		r->retest_us = now_us + r->retest_wait_us;
	}
	r->winner = i;
}

bool race_is_better(const struct race *r, const struct addr *to)
{
	size_t i = find(r, to);

	return i != RACE_NONE && r->winner != RACE_NONE && i < r->winner;
}

size_t race_retest(const struct race *r, uint64_t now_us)
{
	if (!r->retest_us || now_us < r->retest_us || r->winner == RACE_NONE || r->winner == 0)
		return RACE_NONE;
	return 0;
}

void race_retest_failed(struct race *r, uint64_t now_us)
{
	/* 0: what it was tested against had changed meanwhile. */
	r->retest_wait_us = r->retest_wait_us ? 2 * r->retest_wait_us : RETEST_FIRST_US;
	if (r->retest_wait_us > RETEST_MAX_US)
		r->retest_wait_us = RETEST_MAX_US;
	r->retest_us = now_us + r->retest_wait_us;
}
