/*
 * Names must not change with the time.  A compression pointer may lead anywhere before itself, into
 * the TTL of an earlier record too; where TTLs count down, such a name would become another one, or
 * none.  Only somebody who means harm writes that, and it is not kept.
 */
#ifndef COMMON_CACHE_CLEAR_NAMES_H
#define COMMON_CACHE_CLEAR_NAMES_H

#include <stdbool.h>

#include "common/dns/message.h"

/*
 * No name of a message that parsed leads through a TTL.  The work is bounded; a message that would
 * need more (thousands of pointers to its far end) counts as one that does.
 */
bool names_clear_of_ttls(const struct dns_message *m);

#endif
