/* Equal questions in flight, by the hash of their key: asked once (RFC 5452 5, threats A09). */
#include <stdlib.h>

#include "proxy/resolve/lookup_internal.h"

static struct lookup **bucket_of(const struct lookups *l, uint64_t hash)
{
	return &l->bucket[hash & l->bucket_mask];
}

struct lookup *joining_find(const struct lookups *l, const struct lookup_ask *a)
{
	struct lookup *k;

	if (!l->bucket || !a->joinable)
		return NULL;
	for (k = *bucket_of(l, a->key.hash); k; k = k->next)
		if (cache_key_equal(&k->key, &a->key) && k->request.pool == a->pool &&
			(!a->wants_ad || k->request.query.authentic_data ||
				k->request.query.dnssec_ok))
			return k;
	return NULL;
}

void joining_add(struct lookups *l, struct lookup *k)
{
	struct lookup **bucket;

	if (!l->bucket || !k->joinable)
		return;
	bucket = bucket_of(l, k->key.hash);
	k->next = *bucket;
	*bucket = k;
}

void joining_remove(struct lookups *l, struct lookup *k)
{
	struct lookup **at;

	if (!l->bucket || !k->joinable)
		return;
	for (at = bucket_of(l, k->key.hash); *at; at = &(*at)->next) {
		if (*at != k)
			continue;
		*at = k->next;
		break;
	}
	k->joinable = false;
}

void joining_init(struct lookups *l)
{
	size_t count = 16;

	while (count < l->setup.max && count < 65536)
		count *= 2;
	l->bucket_mask = count - 1;
	l->bucket = calloc(count, sizeof(struct lookup *));
}

void joining_deinit(struct lookups *l)
{
	free(l->bucket);
	l->bucket = NULL;
}
