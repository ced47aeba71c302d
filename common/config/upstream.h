/*
 * Upstreams of a configuration: their long form, and what `forward` makes of names and spellings.
 */
#ifndef COMMON_CONFIG_UPSTREAM_H
#define COMMON_CONFIG_UPSTREAM_H

#include "common/config/load.h"

/*
 * A group of the list `upstream`: kept among the loader's upstreams even when something in it is
 * wrong.
 */
void config_upstream_load(struct loader *l, const struct config_setting_t *group);

/* An entry of `forward`: appends what it means to the configuration, or complains. */
void config_upstream_forward(
	struct loader *l, const struct option *o, const char *text, struct config_place where);

void config_upstream_deinit(struct config_upstream *u);

#endif
