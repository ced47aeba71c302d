#include "common/base/stats.h"

#include <stddef.h>

const struct stats_row stats_rows[] = {
#define X(name, help) { #name, help },
	STATS_TABLE(X)
#undef X
		{ NULL, NULL },
};

static const uint16_t offsets[] = {
#define X(name, help) offsetof(struct stats, name),
	STATS_TABLE(X)
#undef X
};

#define COUNT (sizeof offsets / sizeof offsets[0])

static uint64_t *at(const struct stats *s, unsigned i)
{
	return (uint64_t *)(void *)((char *)(uintptr_t)s + offsets[i]);
}

void stats_add(struct stats *sum, const struct stats *part)
{
	for (unsigned i = 0; i < COUNT; i++)
		*at(sum, i) += *at(part, i);
}

uint64_t stats_value(const struct stats *s, unsigned i)
{
	return *at(s, i);
}
