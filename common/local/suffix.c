#include "common/local/suffix.h"

#include "common/base/le.h"

/* Odd, so that nothing is lost in a multiplication. */
struct factors {
	uint64_t first, second;
};

static struct factors factors_of(const uint8_t key[SUFFIX_KEY])
{
	return (struct factors){ le_read64(key) | 1, le_read64(key + 8) | 1 };
}

/* Each step can be undone, so two names collide only where their steps meet by chance. */
static uint64_t mix(const struct factors *f, uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * (f->first ^ 0x9e3779b97f4a7c14u);
	hash ^= hash >> 32;
	hash *= f->second ^ 0xbf58476d1ce4e5b8u;
	return hash ^ hash >> 29;
}

/* The length octet comes along: it parts the labels. */
static uint64_t extend(const struct factors *f, uint64_t hash, const uint8_t *label)
{
	size_t len = *label + (size_t)1, pos = 0;

	for (; pos + 8 <= len; pos += 8)
		hash = mix(f, hash, le_read64(label + pos));
	return mix(f, hash + 1, le_read_few(label + pos, len - pos));
}

uint64_t suffix_extend(const uint8_t key[SUFFIX_KEY], uint64_t rest, const uint8_t *label)
{
	struct factors f = factors_of(key);

	return extend(&f, rest, label);
}

void suffixes_of(
	const uint8_t key[SUFFIX_KEY], const uint8_t *name, size_t len, struct suffixes *ret)
{
	struct factors f = factors_of(key);
	uint64_t hash = 0;
	size_t pos = 0;

	ret->name = name;
	ret->len = len;
	for (ret->count = 0; name[pos]; ret->count++) {
		ret->at[ret->count] = (uint8_t)pos;
		pos += name[pos] + (size_t)1;
	}
	for (unsigned i = ret->count; i-- > 0;) {
		hash = extend(&f, hash, name + ret->at[i]);
		ret->hash[i] = hash;
	}
}
