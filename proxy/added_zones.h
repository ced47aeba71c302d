/*
 * Zones that are added while the program runs (dnsfwdctl zone): an overlay on the configuration, held to the same rules
 * as a zone of the file, through the same change of workers.  One lasts until it is taken out, its interface goes, or the
 * program ends; a reload keeps it.
 *
 * On main's thread.
 */
#ifndef PROXY_ADDED_ZONES_H
#define PROXY_ADDED_ZONES_H

#include <stddef.h>

#include "common/config/config.h"

struct added_zones;
struct config_file;
struct event_base;
struct reload;

/* All borrowed, outlive it; the overrides of the file are filled in.  NULL: out of memory. */
struct added_zones *added_zones_new(
	struct event_base *base, struct config_file *file, struct reload *reload);
void added_zones_free(struct added_zones *z); /* NULL is fine */

/*
 * Takes the place of one of the same name, added or in the file.  The words are copied.  0, or negative errno with one
 * sentence: then all is as it was.
 */
int added_zones_add(
	struct added_zones *z, const struct config_zone_words *words, char *error, size_t size);
/* The file's of that name is in force again, if there is one.  -ENOENT: it was not added. */
int added_zones_del(struct added_zones *z, const char *name, char *error, size_t size);

#endif
