/* Zones of a configuration: the groups of the list `zone`. */
#ifndef COMMON_CONFIG_ZONE_H
#define COMMON_CONFIG_ZONE_H

#include "common/config/load.h"

/* A group of the list; the upstreams of `forward` have been read. */
void config_zone_load(struct loader *l, const struct config_setting_t *group);

/* The zones of the overrides, after those of the list: complaints call them by their name. */
void config_zone_load_added(struct loader *l, const struct config_zone_words *zones, size_t count);
/* Takes the last zone back if it is one that these replace. */
void config_zone_drop_replaced(
	struct loader *l, const struct config_zone_words *zones, size_t count);

/*
 * The upstream of a captive portal, in a zone that has no names of its own: which go there is said elsewhere.  In
 * clear, wherever it is.
 */
void config_zone_load_portal(struct loader *l, const char *resolver, unsigned number);

#endif
