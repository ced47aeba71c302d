/* Options of what is answered here: lists of files, names, records and networks. */
#ifndef COMMON_CONFIG_LOCAL_H
#define COMMON_CONFIG_LOCAL_H

#include "common/config/load.h"

/* Whether the option is one of these lists. */
bool config_local_is_list(const struct option *o);

/* One entry of it, checked; a load_entry. */
void config_local_entry(
	struct loader *l, const struct option *o, const char *text, struct config_place where);

/* Complains where local-domain (o, as it was written at `where`) can't be one. */
void config_local_check(struct loader *l, const struct option *o, struct config_place where);

/* After the last one. */
void config_local_done(struct loader *l);

/* The list as it would stand in a file. */
void config_local_print(const struct option *o, const struct config *c, FILE *out);

/* "", "auto", or a prefix with one of the lengths of RFC 6052 2.2. */
bool config_dns64_valid(const char *text);

#endif
