/* Zones of a configuration: the groups of the list `zone`. */
#ifndef COMMON_CONFIG_ZONE_H
#define COMMON_CONFIG_ZONE_H

#include "common/config/load.h"

/* A group of the list; the upstreams of `forward` have been read. */
void config_zone_load(struct loader *l, const struct config_setting_t *group);

#endif
