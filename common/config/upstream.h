/* Upstreams of a configuration in their long form: the groups of the list `upstream`. */
#ifndef COMMON_CONFIG_UPSTREAM_H
#define COMMON_CONFIG_UPSTREAM_H

#include "common/config/load.h"

/* A group of the list: kept among the loader's upstreams even when something in it is wrong. */
void config_upstream_load(struct loader *l, const struct config_setting_t *group);

/* The one of this name; NULL: none. */
const struct config_upstream *config_upstream_find(const struct loader *l, const char *name);

/*
 * Warns of those that neither `forward` nor a zone names: usually a slip of the pen.  After all lists;
 * list: the list `upstream` of the file.
 */
void config_upstream_warn_unlisted(struct loader *l, const struct config_setting_t *list);

/* All options of an upstream that is not in the long form. */
void config_upstream_defaults(struct loader *l, struct config_upstream *u);

void config_upstream_add_address(
	struct loader *l, struct config_upstream *u, const struct addr *addr);

void config_upstream_deinit(struct config_upstream *u);

#endif
