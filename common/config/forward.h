/* What the entries of `forward` mean: names of upstreams, presets and spellings. */
#ifndef COMMON_CONFIG_FORWARD_H
#define COMMON_CONFIG_FORWARD_H

#include "common/config/load.h"

/* An entry: appends what it means to the configuration, or complains (load_entry). */
void config_forward_entry(
	struct loader *l, const struct option *o, const char *text, struct config_place where);

#endif
