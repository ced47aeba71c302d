/*
 * What a group of upstreams is, in one number: who may answer and how that is checked.  Answers are
 * kept under it, so that those of another group, or of this one before it was changed, are never met
 * (design 3.3).  The same over a restart.
 */
#ifndef COMMON_CONFIG_POLICY_HASH_H
#define COMMON_CONFIG_POLICY_HASH_H

#include "common/config/config.h"

/* Never 0. */
uint64_t config_policy_hash(const struct config_upstream *group, size_t count);
/*
 * Of the forward group: with private-address, too, as what is refused is not kept; so what was kept while
 * that was not refused is never met.
 */
uint64_t config_forward_hash(const struct config *c);

#endif
