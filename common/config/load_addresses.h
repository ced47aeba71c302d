/* Entries of the lists that are addresses: listen, allow, bootstrap.  As load_entry (load.h). */
#ifndef COMMON_CONFIG_LOAD_ADDRESSES_H
#define COMMON_CONFIG_LOAD_ADDRESSES_H

#include "common/config/load.h"

void load_listen(
	struct loader *l, const struct option *o, const char *text, struct config_place where);
void load_prefix(
	struct loader *l, const struct option *o, const char *text, struct config_place where);
void load_server(
	struct loader *l, const struct option *o, const char *text, struct config_place where);

#endif
