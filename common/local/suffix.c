#include "common/local/suffix.h"

#include <string.h>

#include "common/base/siphash.h"

uint64_t suffix_extend(const uint8_t key[SUFFIX_KEY], uint64_t rest, const uint8_t *label)
{
	uint8_t block[sizeof rest + 1 + DNS_LABEL_MAX];
	size_t len = *label + (size_t)1;

	memcpy(block, &rest, sizeof rest);
	memcpy(block + sizeof rest, label, len);
	return siphash(key, block, sizeof rest + len);
}

void suffixes_of(
	const uint8_t key[SUFFIX_KEY], const uint8_t *name, size_t len, struct suffixes *ret)
{
	uint64_t hash = 0;
	size_t pos = 0;

	ret->name = name;
	ret->len = len;
	for (ret->count = 0; name[pos]; ret->count++) {
		ret->at[ret->count] = (uint8_t)pos;
		pos += name[pos] + (size_t)1;
	}
	for (unsigned i = ret->count; i-- > 0;) {
		hash = suffix_extend(key, hash, name + ret->at[i]);
		ret->hash[i] = hash;
	}
}
