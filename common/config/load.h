/* What the parts of the loader share while one configuration is read. */
#ifndef COMMON_CONFIG_LOAD_H
#define COMMON_CONFIG_LOAD_H

#include "common/config/errors.h"
#include "common/config/option.h"
#include "common/config/source.h"

struct config_t;
struct config_setting_t;
struct presets;
struct records;

struct loader {
	struct config *config; /* being built */
	const char *file;      /* borrowed; what messages call the whole */
	struct config_source source;
	const struct config_t *upstream_presets; /* of the rows in upstream_options */
	struct config_upstream *upstreams;	 /* owned; the long forms, in the order written */
	size_t upstream_count;
	struct presets *presets;		  /* owned; NULL until somebody asks for them */
	const struct config_overrides *overrides; /* NULL: none */
	const struct config_zone
		*zone;	    /* whose upstreams are being read; NULL: those of `forward` */
	size_t group;	    /* where these begin in config->forward */
	bool no_bootstrap;  /* it is written that there is none */
	bool profiles_told; /* enough was complained of profiles */
	bool mixed;	    /* it was warned of upstreams that filter beside such that do not */
	struct records
		*records; /* owned; those of `record`, held against each other; NULL: none yet */
	struct config_errors *errors; /* borrowed */
};

/* Where the setting stands in the file; NULL: the configuration as a whole. */
struct config_place load_place(const struct loader *l, const struct config_setting_t *s);

/* Complains about settings that the table does not know. */
void load_check_known(
	struct loader *l, const struct option *table, const struct config_setting_t *group);

/* A copy; NULL for NULL, and without memory, with a complaint. */
char *load_strdup(struct loader *l, const char *text);

/* Room for one more element; NULL: no memory, and a complaint. */
void *load_grow(struct loader *l, void *array, size_t count, size_t size);

/* What is known of public resolvers; NULL: no memory, and a complaint. */
const struct presets *load_presets(struct loader *l);

/* One text of an array. */
typedef void load_entry(
	struct loader *l, const struct option *o, const char *text, struct config_place where);

/* Hands each text of an array to `entry`; complains where it is not one, or too long or short. */
void load_array(struct loader *l, const struct option *o, const struct config_setting_t *s,
	load_entry *entry);

#endif
