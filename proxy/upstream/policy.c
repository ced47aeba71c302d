#include "proxy/upstream/policy.h"

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
	return !health_doubtful(&u->health) && !u->health.down_since_us;
}

static bool is_faster(const struct upstream *u, const struct upstream *than)
{
	if (!is_reliable(u) || u->srtt_us == 0)
		return false;
	return !is_reliable(than) || than->srtt_us == 0 ||
	       u->srtt_us * FASTER_DEN < than->srtt_us * FASTER_NUM;
}

static void choose_fastest(struct pool *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (is_faster(&p->upstreams[i], &p->upstreams[p->first]))
			p->first = i;
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
		p->first = p->rotation++ % p->count;
		break;
	}
}

/* In doubt, so that it was passed over: copies are how it comes back. */
static struct upstream *doubtful(struct pool *p, size_t rank)
{
	size_t last = p->policy == POLICY_FAILOVER ? rank : p->count;

	for (size_t i = 0; i < last; i++) {
		struct upstream *u = policy_nth(p, (i + p->probes) % last);

		if (health_doubtful(&u->health)) {
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
	for (size_t i = 1; i < p->count; i++) {
		struct upstream *u = policy_nth(p, i);

		if (u->sampled_us == 0 || now_us(p) - u->sampled_us >= SAMPLE_US)
			return u;
	}
	return NULL;
}

struct upstream *policy_probe(struct pool *p, size_t rank)
{
	struct upstream *u;

	if (p->count == 1 || now_us(p) < p->probe_us)
		return NULL;
	u = doubtful(p, rank);
	if (u) {
		p->probe_wait_us = p->probe_wait_us ? 2 * p->probe_wait_us : PROBE_FIRST_US;
		if (p->probe_wait_us > PROBE_MAX_US)
			p->probe_wait_us = PROBE_MAX_US;
	} else {
		p->probe_wait_us = 0;
		u = unmeasured(p);
	}
	p->probe_us = now_us(p) + (p->probe_wait_us ? p->probe_wait_us : PROBE_FIRST_US);
	return u;
}

void policy_probe_missed(struct pool *p)
{
	p->probe_us = now_us(p) + PROBE_FIRST_US;
	p->probe_wait_us /= 2;
}
