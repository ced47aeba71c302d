#include "proxy/upstream/placing.h"

#include "proxy/upstream/policy.h"
#include "proxy/upstream/ways.h"

/* Looks at those in doubt, or at those that are not. */
static bool look_at(struct pool *p, const struct request *r, bool doubtful, struct choice *c)
{
	for (size_t i = 0; i < p->count; i++) {
		struct upstream *u = policy_nth(p, i);

		if (r->avoid & pool_bit(p, u) || (p->count > 1 && ways_doubtful(u)) != doubtful)
			continue;
		c->upstream = u;
		c->rank = i;
		c->session = ways_session(u, r);
		if (c->session)
			return true;
		c->missed |= pool_bit(p, u);
		if (ways_is_awaited(u, r, &c->until_us))
			return true;
	}
	c->upstream = NULL;
	return false;
}

/* Those without a session want one: now if queries wait for it, else at leisure. */
static void ensure_missed(struct pool *p, const struct request *r, const struct choice *c)
{
	for (size_t i = 0; i < p->count; i++)
		if (c->missed & (UINT32_C(1) << i))
			ways_ensure(&p->upstreams[i], r, !c->session);
}

static void wake_at(struct pool *p, uint64_t until_us)
{
	if (timer_running(&p->patience) && p->patience.due_us <= until_us)
		return;
	if (timer_start(&p->turn->timers, &p->patience, until_us) < 0)
		p->stats->bound_memory++;
}

bool placing_choose(struct pool *p, const struct request *r, struct choice *c)
{
	*c = (struct choice){ 0 };
	if (!look_at(p, r, false, c) && p->count > 1)
		look_at(p, r, true, c);
	if (c->missed)
		ensure_missed(p, r, c);
	if (c->session)
		return true;
	if (c->upstream && c->until_us)
		wake_at(p, c->until_us);
	return false;
}
