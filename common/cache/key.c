#include "common/cache/key.h"

#include "common/base/siphash.h"

#define HASHED_FIXED (offsetof(struct cache_key, name) - offsetof(struct cache_key, policy))

_Static_assert(HASHED_FIXED == 14, "no padding in what is hashed");

static size_t hashed_len(const struct cache_key *k)
{
	return HASHED_FIXED + k->name_len;
}

void cache_key_make(struct cache_key *ret, const uint8_t secret[16], const struct dns_question *q,
	unsigned flags, uint64_t policy)
{
	ret->policy = policy;
	ret->type = q->type;
	ret->class = q->class;
	ret->flags = (uint8_t)flags;
	ret->name_len = q->name_len;
	name_fold(ret->name, q->name, q->name_len);
	ret->hash = siphash(secret, &ret->policy, hashed_len(ret));
}

bool cache_key_equal(const struct cache_key *a, const struct cache_key *b)
{
	return a->hash == b->hash && a->name_len == b->name_len &&
	       memcmp(&a->policy, &b->policy, hashed_len(a)) == 0;
}
