#include "proxy/upstream/renew.h"

#include <string.h>

#include "proxy/upstream/opening.h"

static void end_sessions(struct upstream *u)
{
	list_for_each (n, &u->sessions) {
		struct session *s = container_of(n, struct session, node);

		if (s->state == SESSION_CONNECTING)
			race_closed(&u->race, &s->addr);
		history_left(s->seen); /* nobody is told of the end of it */
		session_abort(s);
	}
	u->tester = NULL;
}

static void forget_waits(struct upstream *u)
{
	backoff_reset(&u->backoff);
	u->next_try_us = u->next_probe_us = 0;
	u->local_rounds = 0;
	u->round_failed = false;
	memset(u->fruitless, 0, sizeof u->fruitless);
	u->absent_us = 0;
	u->wanted_us = 0; /* its name may stand for others here */
}

static bool is_active(const struct upstream *u)
{
	return u->last_use_us && upstream_now_us(u) - u->last_use_us < UPSTREAM_ACTIVE_US;
}

void renew_upstream(struct upstream *u, const struct addr *winner)
{
	bool warming = u->warming, had_any = !list_empty(&u->sessions);
	struct addr known = winner ? *winner : (struct addr){ 0 };

	opening_rest(u);
	end_sessions(u);
	forget_waits(u);
	race_renew(&u->race, winner ? &known : NULL);
	limits_renew(&u->limits);
	health_renew(&u->health);
	u->has_suspects = false;
	u->srtt_us = u->sampled_us = 0;
	u->warming = warming;
	u->reopen = had_any && is_active(u);
}

void renew_reopen(struct upstream *u)
{
	opening_renew(u);
}

bool renew_concerns(const struct upstream *u, const struct addr *address)
{
	const struct addr *winner = race_winner(&u->race);

	list_for_each (n, &u->sessions)
		if (addr_same_host(&container_of(n, struct session, node)->addr, address))
			return true;
	return winner && addr_same_host(winner, address);
}

static bool has_address(const struct upstream *u, const struct addr *address)
{
	for (size_t i = 0; i < u->race.count; i++)
		if (addr_same_host(&u->race.list[i].addr, address))
			return true;
	return false;
}

void renew_hope(struct upstream *u, const struct addr *address)
{
	if (upstream_ready(u) > 0 || (address && !has_address(u, address)))
		return;
	forget_waits(u);
	opening_renew(u);
}
