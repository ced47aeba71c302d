/* Main's part of a change of groups: what is new is made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/policy_hash.h"
#include "proxy/groups_internal.h"
#include "proxy/loop.h"
#include "proxy/member.h"
#include "proxy/resolve/portal.h"
#include "proxy/upstream/ways.h"

/* ------------------------------------------------------------------ what upstreams want */

static void on_want_addresses(void *arg, struct upstream *up)
{
	struct groups *g = arg;
	const struct member *m = member_of(ways_face(up));

	if (m->number != MEMBER_LEFT)
		g->want_addresses(g->want_arg, m->number);
}

static void on_want_trust(void *arg, struct trust *t)
{
	struct groups *g = arg;

	g->want_trust(g->trust_arg, t);
}

/* ------------------------------------------------------------------ preparing */

static bool allocate(struct groups_change *c, const struct config *fresh)
{
	struct groups_table *t = &c->table;

	t->upstream_count = fresh->upstream_count;
	t->count = 1 + fresh->zone_count;
	t->member = calloc(t->upstream_count, sizeof(struct member *));
	t->group = calloc(t->count, sizeof(struct group *));
	t->zones = calloc(t->count, sizeof *t->zones);
	c->plan = calloc(t->count, sizeof *c->plan);
	c->written = calloc(t->upstream_count, sizeof *c->written);
	return t->member && t->group && t->zones && c->plan && c->written;
}

static void plan_groups(struct groups_change *c, const struct config *fresh)
{
	c->table.forward_count = fresh->forward_count;
	c->plan[0] = (struct group_plan){ .count = fresh->forward_count,
		.policy = fresh->policy,
		.cache_policy = config_forward_hash(fresh),
		.opportunistic = fresh->forward->profile == PROFILE_OPPORTUNISTIC };
	for (size_t i = 0; i < fresh->zone_count; i++) {
		const struct config_zone *z = &fresh->zone[i];
		const struct config_upstream *first = &fresh->forward[z->first];
		struct route_zone *route = &c->table.zones[i];

		c->plan[1 + i] = (struct group_plan){ .first = z->first,
			.count = z->count,
			.policy = z->policy,
			.cache_policy = config_policy_hash(first, z->count),
			.opportunistic = first->profile == PROFILE_OPPORTUNISTIC,
			/* In clear nothing is asked that no client waits for (design 5, Plain). */
			.no_refresh = config_is_plain(first->transport) };
		snprintf(c->plan[1 + i].interface, IF_NAMESIZE, "%s", z->interface);
		if (z->portal) { /* its names are the portal's, and nothing is kept */
			c->plan[1 + i].cache_policy = 0;
			c->plan[1 + i].portal = z->portal;
		} else {
			route->name_len = name_from_text(z->name, route->name);
		}
	}
}

static void on_authenticated(void *arg, struct upstream *up)
{
	struct groups *g = arg;
	const struct member *m = member_of(ways_face(up));

	if (g->portal && portal_is_open(g->portal) && m->number < g->now.forward_count)
		portal_close(g->portal, PORTAL_ANSWERED, up->label);
}

static bool make_member(struct groups *g, struct groups_change *c, const struct config *fresh,
	const struct group_plan *plan, size_t i)
{
	const struct config_upstream *u = &fresh->forward[i];
	struct member_setup setup = { .loop = g->loop,
		.upstream = u,
		.device = plan->interface,
		.tls = c->setup.policies[i],
		.dtls = c->setup.dtls_policies[i],
		.cookies = &g->cookies,
		.want_addresses = on_want_addresses,
		.want_trust = on_want_trust,
		.authenticated = on_authenticated,
		.arg = g };
	size_t len = u->address_count * sizeof *u->address;

	c->table.member[i] = member_new(&setup);
	if (len == 0)
		return c->table.member[i];
	c->written[i].addr = malloc(len);
	if (!c->written[i].addr)
		return false;
	memcpy(c->written[i].addr, u->address, len);
	c->written[i].count = u->address_count;
	return c->table.member[i];
}

static bool make_members(struct groups *g, struct groups_change *c, const struct config *fresh)
{
	for (size_t k = 0; k < c->table.count; k++) {
		const struct group_plan *plan = &c->plan[k];

		for (size_t i = plan->first; i < plan->first + plan->count; i++)
			if (c->change.upstream[i] == CHANGE_NONE &&
				!make_member(g, c, fresh, plan, i))
				return false;
	}
	return true;
}

/* The forward group is always there, once there is one. */
static bool make_groups(struct groups_change *c)
{
	for (size_t k = 0; k < c->table.count; k++) {
		if (k == 0 ? !c->change.first : c->change.zone[k - 1] != CHANGE_NONE)
			continue;
		c->table.group[k] = calloc(1, sizeof(struct group));
		if (!c->table.group[k])
			return false;
	}
	return true;
}

struct groups_change *groups_prepare(struct groups *g, const struct config *fresh,
	const struct config_change *change, const struct groups_setup *setup)
{
	struct groups_change *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->change = *change;
	c->setup = *setup;
	if (allocate(c, fresh)) {
		plan_groups(c, fresh);
		if (make_members(g, c, fresh) && make_groups(c))
			return c;
	}
	groups_change_free(c);
	return NULL;
}

void groups_table_free(struct groups_table *t)
{
	free(t->zones);
	free(t->group);
	free(t->member);
}

void groups_change_free(struct groups_change *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->table.member && i < c->table.upstream_count; i++)
		member_free(c->table.member[i]);
	for (size_t i = 0; c->table.group && i < c->table.count; i++)
		free(c->table.group[i]);
	for (size_t i = 0; c->written && i < c->table.upstream_count; i++)
		free(c->written[i].addr);
	groups_table_free(&c->table);
	free(c->written);
	free(c->plan);
	free(c);
}
