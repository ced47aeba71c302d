#include "proxy/upstream/bootstrap_plan.h"

#include <string.h>

static bool contains(const struct addr *addrs, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&addrs[i], a))
			return true;
	}
	return false;
}

/* As sets: servers like to shuffle. */
static bool same_addresses(
	const struct addr *a, size_t a_count, const struct addr *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++) {
		if (!contains(b, b_count, &a[i]))
			return false;
	}
	return true;
}

void bootstrap_result_add(struct bootstrap_result *r, const struct addr *a)
{
	if (!addr_is_destination(a) || contains(r->addrs, r->count, a))
		return;
	if (r->count < BOOTSTRAP_FAMILY_MAX)
		r->addrs[r->count++] = *a;
	else
		r->unused++;
}

void bootstrap_plan_load(
	struct bootstrap_plan *p, const struct addr *addrs, size_t count, uint64_t refresh_us)
{
	p->refresh_us = refresh_us;
	for (size_t i = 0; i < count; i++) {
		enum bootstrap_family f =
			addrs[i].sa.sa_family == AF_INET6 ? BOOTSTRAP_IPV6 : BOOTSTRAP_IPV4;

		if (p->count[f] < BOOTSTRAP_FAMILY_MAX)
			p->addrs[f][p->count[f]++] = addrs[i];
	}
}

static void note_want(struct bootstrap_plan *p, uint64_t now_us)
{
	if (now_us - p->wanted_us > BOOTSTRAP_RESTLESS_GAP_US)
		p->restless_us = now_us;
	p->wanted_us = now_us;
}

static bool is_fresh(const struct bootstrap_plan *p, uint64_t now_us)
{
	if (now_us - p->restless_us >= BOOTSTRAP_RESTLESS_US &&
		now_us - p->found_us >= BOOTSTRAP_TTL_MIN_S * UINT64_C(1000000))
		return false;
	return now_us < p->refresh_us;
}

uint64_t bootstrap_plan_want(struct bootstrap_plan *p, uint64_t now_us)
{
	note_want(p, now_us);
	if (p->looking || (bootstrap_plan_known(p) && is_fresh(p, now_us)))
		return BOOTSTRAP_NEVER;
	return now_us > p->retry_us ? now_us : p->retry_us;
}

void bootstrap_plan_begin(struct bootstrap_plan *p)
{
	p->looking = true;
	p->found = false;
	p->ttl_s = BOOTSTRAP_TTL_MAX_S;
	memset(p->ended, 0, sizeof p->ended);
	memset(p->none, 0, sizeof p->none);
}

static bool replace(
	struct bootstrap_plan *p, enum bootstrap_family f, const struct addr *addrs, size_t count)
{
	bool same = same_addresses(p->addrs[f], p->count[f], addrs, count);

	if (count > 0)
		memcpy(p->addrs[f], addrs, count * sizeof *addrs);
	p->count[f] = count;
	return !same;
}

static bool succeed(struct bootstrap_plan *p, uint64_t now_us)
{
	uint32_t ttl_s = p->ttl_s > BOOTSTRAP_TTL_MIN_S ? p->ttl_s : BOOTSTRAP_TTL_MIN_S;
	bool changed = false;

	p->wait_us = 0;
	p->found_us = now_us;
	p->refresh_us = now_us + ttl_s * UINT64_C(1000000);
	/* The name no longer has addresses of that family; a family that failed keeps its own. */
	for (unsigned f = 0; f < BOOTSTRAP_FAMILIES; f++) {
		if (p->none[f] && p->count[f] > 0)
			changed |= replace(p, (enum bootstrap_family)f, NULL, 0);
	}
	return changed;
}

/* 80 % to 120 % of the wait, so that many who lost the same server do not come back together. */
static void fail(struct bootstrap_plan *p, uint64_t now_us, uint32_t random)
{
	p->wait_us = p->wait_us ? p->wait_us * 2 : BOOTSTRAP_WAIT_FIRST_US;
	if (p->wait_us > BOOTSTRAP_WAIT_MAX_US)
		p->wait_us = BOOTSTRAP_WAIT_MAX_US;
	p->retry_us = now_us + p->wait_us / 5 * 4 + ((p->wait_us / 5 * UINT64_C(2) * random) >> 32);
}

bool bootstrap_plan_end(struct bootstrap_plan *p, enum bootstrap_family family,
	const struct bootstrap_result *r, uint64_t now_us, uint32_t random)
{
	bool changed = false;

	p->ended[family] = true;
	p->none[family] = r->verdict == BOOTSTRAP_NONE;
	if (r->verdict == BOOTSTRAP_FOUND) {
		p->found = true;
		if (r->ttl_s < p->ttl_s)
			p->ttl_s = r->ttl_s;
		changed = replace(p, family, r->addrs, r->count);
	}
	if (!p->ended[BOOTSTRAP_IPV6] || !p->ended[BOOTSTRAP_IPV4])
		return changed;
	p->looking = false;
	if (p->found)
		changed |= succeed(p, now_us);
	else
		fail(p, now_us, random);
	return changed;
}

void bootstrap_plan_renew(struct bootstrap_plan *p)
{
	p->refresh_us = p->retry_us = p->wait_us = 0;
	p->restless_us = p->wanted_us = 0;
}

size_t bootstrap_plan_addresses(
	const struct bootstrap_plan *p, struct addr ret[BOOTSTRAP_ADDRESSES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < BOOTSTRAP_FAMILY_MAX; i++) {
		for (unsigned f = 0; f < BOOTSTRAP_FAMILIES; f++) {
			if (i < p->count[f])
				ret[n++] = p->addrs[f][i];
		}
	}
	return n;
}
