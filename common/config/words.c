#include "common/config/words.h"

#include <stdio.h>
#include <string.h>

#include "common/config/config.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static const char *const levels[] = { "error", "warning", "info", "debug" };
static const char *const policies[] = { [POLICY_FAILOVER] = "failover",
	[POLICY_FASTEST] = "fastest",
	[POLICY_ROUND_ROBIN] = "round-robin" };
static const char *const profiles[] = {
	[PROFILE_STRICT] = "strict", [PROFILE_OPPORTUNISTIC] = "opportunistic"
};
static const char *const transports[] = {
	[TRANSPORT_TLS] = "tls", [TRANSPORT_DTLS] = "dtls", [TRANSPORT_AUTO] = "auto"
};
static const char *const blocks[] = {
	[BLOCK_NXDOMAIN] = "nxdomain", [BLOCK_NODATA] = "nodata", [BLOCK_NULL] = "null"
};

/* They are written as numbers, whichever enum it is. */
_Static_assert(sizeof(enum config_policy) == sizeof(unsigned) &&
		       sizeof(enum config_profile) == sizeof(unsigned) &&
		       sizeof(enum config_transport) == sizeof(unsigned) &&
		       sizeof(enum config_block_answer) == sizeof(unsigned),
	"an enum has the size of a number");

static const struct words table[] = {
	{ OPTION_LEVEL, false, levels, COUNT_OF(levels) },
	{ OPTION_POLICY, true, policies, COUNT_OF(policies) },
	{ OPTION_PROFILE, true, profiles, COUNT_OF(profiles) },
	{ OPTION_TRANSPORT, true, transports, COUNT_OF(transports) },
	{ OPTION_BLOCK_ANSWER, true, blocks, COUNT_OF(blocks) },
};

const struct words *words_of(enum option_type type)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}

bool words_find(const struct words *w, const char *text, unsigned *ret)
{
	for (unsigned i = 0; text && i < w->count; i++) {
		if (strcmp(text, w->word[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

void words_list(const struct words *w, char *text, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < w->count && at < size; i++) {
		const char *before = i == 0 ? "" : i + 1 == w->count ? " or " : ", ";

		at += (size_t)snprintf(text + at, size - at, "%s\"%s\"", before, w->word[i]);
	}
}
