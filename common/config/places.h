/* Sockets of dnsfwd's own that would be in each other's way. */
#ifndef COMMON_CONFIG_PLACES_H
#define COMMON_CONFIG_PLACES_H

#include "common/config/load.h"

/*
 * When all else is read: complains of `metrics` where queries are taken, and of two of `control`, `metrics`
 * and `dnstap` that have one path.  The one that is opened last would fail, with all the rest done.
 */
void config_check_places(struct loader *l, const struct config_setting_t *root);

#endif
