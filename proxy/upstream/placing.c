#include "proxy/upstream/placing.h"

#include "proxy/upstream/policy.h"
#include "proxy/upstream/ways.h"

/* Looks at those in doubt, or at those that are not; avoid: bits of those passed by. */
static bool look_at(
	struct pool *p, const struct request *r, uint32_t avoid, bool doubtful, struct choice *c)
{
	for (size_t i = 0; i < p->count; i++) {
		struct upstream *u = policy_nth(p, i);

		if (avoid & pool_bit(u) || (p->count > 1 && ways_doubtful(u)) != doubtful)
			continue;
		c->upstream = u;
		c->rank = i;
		c->session = ways_session(u, r);
		if (c->session)
			return true;
		c->missed |= pool_bit(u);
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
		if (c->missed & pool_bit(p->upstreams[i]))
			ways_ensure(p->upstreams[i], r, !c->session);
}

static void wake_at(struct pool *p, uint64_t until_us)
{
	if (timer_running(&p->patience) && p->patience.due_us <= until_us)
		return;
	if (timer_start(&p->turn->timers, &p->patience, until_us) < 0)
		p->stats->bound_memory++;
}

/*
 * Lost so often that one sending is left: not where it was lost last, if another has a session for it
 * or will have one soon.
 */
static bool look_elsewhere(struct pool *p, const struct request *r, struct choice *c)
{
	if (p->count == 1 || !r->own || r->sends + 1u < REQUEST_SENDS_MAX)
		return false;
	return look_at(p, r, r->avoid | pool_bit(r->own), false, c) && (c->session || c->until_us);
}

bool placing_choose(struct pool *p, const struct request *r, struct choice *c)
{
	*c = (struct choice){ 0 };
	if (!look_elsewhere(p, r, c) && !look_at(p, r, r->avoid, false, c) && p->count > 1)
		look_at(p, r, r->avoid, true, c);
	if (c->missed)
		ensure_missed(p, r, c);
	if (c->session)
		return true;
	if (c->upstream && c->until_us)
		wake_at(p, c->until_us);
	return false;
}
