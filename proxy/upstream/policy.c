#include "proxy/upstream/policy.h"

#include "proxy/upstream/ways.h"

/* fastest: another upstream takes over when it is faster by a fifth, not by noise. */
#define FASTER_NUM 4u
#define FASTER_DEN 5u
/* fastest: a measurement older than this is made again. */
#define SAMPLE_US 30000000u
/* An upstream in doubt: a copy after so long, doubling while it does not answer well. */
#define PROBE_FIRST_US 250000u
#define PROBE_MAX_US   10000000u

static uint64_t now_us(const struct pool *p)
{
	return turn_now_us(p->turn);
}

static bool is_reliable(const struct upstream *u)
{
	return !ways_doubtful(u) && !ways_down(u);
}

static bool is_faster(const struct upstream *u, const struct upstream *than)
{
	uint64_t srtt = ways_active(u)->srtt_us, other = ways_active(than)->srtt_us;

	if (!is_reliable(u) || srtt == 0)
		return false;
	return !is_reliable(than) || other == 0 || srtt * FASTER_DEN < other * FASTER_NUM;
}

static void choose_fastest(struct pool *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (is_faster(p->upstreams[i], p->upstreams[p->first]))
			p->first = i;
}

/*
 * The next one that can be asked; the share of one that can't is everybody's, not its neighbour's.
 */
static void choose_in_turn(struct pool *p)
{
	size_t turn = (size_t)(p->rotation++ % p->count);

	for (size_t i = 0; i < p->count; i++) {
		p->first = (turn + i) % p->count;
		if (ways_ready(p->upstreams[p->first]) == 0) {
			ways_ensure(p->upstreams[p->first], NULL, false);
		} else if (!ways_doubtful(p->upstreams[p->first])) {
			p->rotation += i;
			return;
		}
	}
	p->first = turn;
}

void policy_advance(struct pool *p)
{
	if (p->count == 1)
		return;
	switch (p->policy) {
	case POLICY_FAILOVER:
		break;
	case POLICY_FASTEST:
		choose_fastest(p);
		break;
	case POLICY_ROUND_ROBIN:
		choose_in_turn(p);
		break;
	}
}

/* In doubt, so that it was passed over: copies are how it comes back. */
static struct upstream *doubtful(struct pool *p, size_t rank)
{
	size_t last = p->policy == POLICY_FAILOVER ? rank : p->count;

	for (size_t i = 0; i < last; i++) {
		struct upstream *u = policy_nth(p, (i + p->probes) % last);

		if (ways_doubtful(u)) {
			p->probes++;
			return u;
		}
	}
	return NULL;
}

static struct upstream *unmeasured(struct pool *p)
{
	if (p->policy != POLICY_FASTEST)
		return NULL;
	for (size_t i = 0; i < p->count - 1; i++) {
		struct upstream *u = policy_nth(p, 1 + (i + p->probes) % (p->count - 1));

		uint64_t sampled = ways_active(u)->sampled_us;

		if (ways_doubtful(u) || (sampled && now_us(p) - sampled < SAMPLE_US))
			continue;
		p->probes++;
		return u;
	}
	return NULL;
}

/* Of those in doubt, more and more rarely. */
static struct upstream *probe_doubtful(struct pool *p, size_t rank)
{
	struct upstream *u;

	if (now_us(p) < p->probe_us)
		return NULL;
	u = doubtful(p, rank);
	p->probe_wait_us = u && p->probe_wait_us ? 2 * p->probe_wait_us : PROBE_FIRST_US;
	if (p->probe_wait_us > PROBE_MAX_US)
		p->probe_wait_us = PROBE_MAX_US;
	p->probe_us = now_us(p) + p->probe_wait_us;
	if (!u)
		p->probe_wait_us = 0;
	return u;
}

struct upstream *policy_probe(struct pool *p, size_t rank)
{
	struct upstream *u;

	if (p->count == 1)
		return NULL;
	u = probe_doubtful(p, rank);
	if (u || now_us(p) < p->sample_us)
		return u;
	p->sample_us = now_us(p) + PROBE_FIRST_US;
	return unmeasured(p);
}

void policy_probe_missed(struct pool *p, const struct upstream *u)
{
	if (!ways_doubtful(u))
		return;
	p->probe_us = now_us(p) + PROBE_FIRST_US;
	p->probe_wait_us /= 2;
}
