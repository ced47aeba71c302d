/* Any bytes as a snapshot: taken whole or not at all, and what was taken can be given and kept again. */
#include "common/cache/snapshot.h"

#include <string.h>

#include "common/base/siphash.h"
#include "tests/fuzz/fuzz.h"

static uint8_t copy[1 << 17];

/* The fuzzer can't find a checksum by itself. */
static size_t with_sum(const uint8_t *data, size_t size)
{
	static const uint8_t no_key[16];
	uint64_t sum;

	if (size > sizeof copy - 8)
		size = sizeof copy - 8;
	memcpy(copy, data, size);
	sum = siphash(no_key, copy, size);
	wire_put32(copy + size, (uint32_t)(sum >> 32));
	wire_put32(copy + size + 4, (uint32_t)sum);
	return size + 8;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cache_settings s = { .size = CACHE_SIZE_MIN, .max_ttl_s = 86400, .stale_s = 86400 };
	struct cache *c = cache_new(&s), *again = cache_new(&s);
	struct bytes b = { 0 };
	struct cache_figures f;
	size_t count, len, kept;

	must(c && again);
	snapshot_take(c, data, size, 1000, 1u << 31, &count);
	len = with_sum(data, size);
	if (snapshot_take(c, copy, len, 1000, 1u << 31, &count) != NULL)
		must(count == 0);
	cache_get_figures(c, &f);
	must(f.octets <= CACHE_SIZE_MIN && f.entries <= count);
	must(snapshot_make(c, 1000, 5, &b) == 0);
	must(snapshot_take(again, bytes_front(&b), bytes_len(&b), 1000, 5, &kept) == NULL);
	must(kept == f.entries);
	bytes_free(&b);
	cache_free(c);
	cache_free(again);
	return 0;
}
