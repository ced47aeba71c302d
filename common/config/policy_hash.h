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

#endif
