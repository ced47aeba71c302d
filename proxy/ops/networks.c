#include "proxy/ops/networks.h"

#include <stdio.h>
#include <string.h>

void networks_init(struct networks *n)
{
	*n = (struct networks){ .here = 0 };
}

void network_of(const struct route *r, struct network *ret)
{
	*ret = (struct network){ .gateway = r->gateway };
	if (!if_indextoname(r->interface, ret->interface))
		snprintf(ret->interface, sizeof ret->interface, "#%u", r->interface);
	if (r->neighbour == ROUTE_NEIGHBOUR_KNOWN && r->gateway.sa.sa_family != AF_UNSPEC) {
		memcpy(ret->mac, r->mac, r->mac_len);
		ret->mac_len = r->mac_len;
	}
}

static bool same_mac(const struct network *a, const struct network *b)
{
	return a->mac_len == b->mac_len && memcmp(a->mac, b->mac, a->mac_len) == 0;
}

/* But for the hardware address. */
static bool is_alike(const struct network *a, const struct network *b)
{
	return a->used && strcmp(a->interface, b->interface) == 0 &&
	       addr_same_host(&a->gateway, &b->gateway);
}

static size_t find(const struct networks *n, const struct network *w)
{
	size_t alike = NETWORKS_MAX, count = 0;

	for (size_t i = 0; i < NETWORKS_MAX; i++) {
		if (!is_alike(&n->list[i], w))
			continue;
		if (same_mac(&n->list[i], w))
			return i;
		if (w->mac_len > 0 && n->list[i].mac_len > 0)
			continue;
		alike = i;
		count++;
	}
	return count == 1 ? alike : NETWORKS_MAX;
}

/* A free place, or that of the one left longest ago. */
static size_t find_room(const struct networks *n)
{
	size_t oldest = 0;

	for (size_t i = 1; i < NETWORKS_MAX; i++)
		if (n->list[i].used < n->list[oldest].used)
			oldest = i;
	return oldest;
}

static void set_mac(struct network *known, const struct network *w)
{
	if (w->mac_len == 0)
		return;
	memcpy(known->mac, w->mac, w->mac_len);
	known->mac_len = w->mac_len;
}

bool networks_enter(struct networks *n, const struct network *w)
{
	size_t i = find(n, w);
	bool fresh = i == NETWORKS_MAX;

	if (fresh) {
		i = find_room(n);
		n->list[i] = *w;
	}
	set_mac(&n->list[i], w);
	n->list[i].used = ++n->clock;
	n->here = i;
	return fresh;
}

void networks_learn(struct networks *n, const struct network *w)
{
	struct network *here = &n->list[n->here];

	if (!here->used) /* the first that we see */
		networks_enter(n, w);
	else if (is_alike(here, w) && here->mac_len == 0)
		set_mac(here, w);
}

/* ------------------------------------------------------------------ changes */

static bool same_way(const struct route *a, const struct route *b)
{
	return a->interface == b->interface && addr_same_host(&a->source, &b->source) &&
	       addr_same_host(&a->gateway, &b->gateway);
}

static bool same_neighbour(const struct route *before, const struct route *now)
{
	if (before->neighbour != ROUTE_NEIGHBOUR_KNOWN || now->neighbour == ROUTE_NEIGHBOUR_UNKNOWN)
		return true;
	return now->neighbour == ROUTE_NEIGHBOUR_KNOWN && before->mac_len == now->mac_len &&
	       memcmp(before->mac, now->mac, now->mac_len) == 0;
}

/* A hardware address that can't be seen just now is not forgotten. */
static void keep(struct way_out *w, const struct route *now, bool same)
{
	struct route before = w->route;

	w->route = *now;
	w->lost = false;
	if (!same || before.neighbour != ROUTE_NEIGHBOUR_KNOWN ||
		now->neighbour != ROUTE_NEIGHBOUR_UNKNOWN)
		return;
	w->route.neighbour = before.neighbour;
	w->route.mac_len = before.mac_len;
	memcpy(w->route.mac, before.mac, sizeof before.mac);
}

bool way_out_see(struct way_out *w, const struct route *now)
{
	bool same;

	if (!now->reachable) {
		w->lost = true;
		return false;
	}
	same = w->route.reachable && !w->lost && same_way(&w->route, now) &&
	       same_neighbour(&w->route, now);
	keep(w, now, same);
	return !same;
}
