#include "proxy/resolve/route.h"

#include "proxy/resolve/portal.h"

static const struct route_zone *find(const struct routes *r, const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < r->zone_count; i++)
		if (r->zones[i].name_len == len && name_equal(r->zones[i].name, name, len))
			return &r->zones[i];
	return NULL;
}

static unsigned count_labels(const uint8_t *name)
{
	unsigned n = 0;

	for (; *name; name += 1 + *name)
		n++;
	return n;
}

/* The whole name, then without its first label, and so on: the longest zone is met first. */
struct pool *route_find(const struct routes *r, const struct dns_question *q, unsigned *ret_labels)
{
	const uint8_t *name = q->name, *end = q->name + q->name_len;

	if (r->portal_pool && portal_has(r->portal, r->portal_number, name, q->name_len)) {
		*ret_labels = count_labels(name);
		return r->portal_pool;
	}
	for (; r->zone_count > 0 && name < end && *name; name += 1 + *name) {
		const struct route_zone *z = find(r, name, (size_t)(end - name));

		if (!z)
			continue;
		*ret_labels = count_labels(name);
		return z->pool;
	}
	*ret_labels = 0;
	return r->forward;
}
