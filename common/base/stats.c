#include "common/base/stats.h"

#include <stddef.h>

#ifdef NO_STATS_HELP
#define ROW(name, help) { #name }
#else
#define ROW(name, help) { #name, help }
#endif

const struct stats_row stats_rows[] = {
#define X(name, help) ROW(name, help),
	STATS_TABLE(X)
#undef X
		{ .name = NULL },
};

static const uint16_t offsets[] = {
#define X(name, help) offsetof(struct stats, name),
	STATS_TABLE(X)
#undef X
};

static uint64_t *at(const struct stats *s, unsigned i)
{
	return (uint64_t *)(void *)((char *)(uintptr_t)s + offsets[i]);
}

void stats_add(struct stats *sum, const struct stats *part)
{
	for (unsigned i = 0; i < STATS_ROWS; i++)
		*at(sum, i) += *at(part, i);
	for (unsigned i = 0; i < STATS_RCODES; i++)
		sum->rcodes[i] += part->rcodes[i];
	histogram_sum(&sum->waited, &part->waited);
	histogram_sum(&sum->rtt, &part->rtt);
	histogram_sum(&sum->handshake, &part->handshake);
}

uint64_t stats_value(const struct stats *s, unsigned i)
{
	return *at(s, i);
}
