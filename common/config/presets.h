/*
 * Public resolvers that are known by name: what presets.conf says, which the program carries inside.
 * It is parsed when somebody asks, and given back at once: nothing of it stays in memory.
 */
#ifndef COMMON_CONFIG_PRESETS_H
#define COMMON_CONFIG_PRESETS_H

#include "common/config/config.h"

#define PRESET_ADDRESS_MAX 8u
#define PRESET_ALSO_MAX	   8u

struct config_t;

enum preset_trait { TRAIT_UNSAID = 0, TRAIT_NO, TRAIT_YES };

/* One service.  All texts are borrowed from struct presets; NULL: not written. */
struct preset {
	const char *name;
	const char *address[PRESET_ADDRESS_MAX]; /* IPv4 first */
	size_t address_count;			 /* 0: retired, or a template */
	const char *auth_name;			 /* of its certificate; NULL: retired */
	const char *also[PRESET_ALSO_MAX];	 /* other names of it */
	size_t also_count;
	bool is_template;    /* ID in name and auth_name is the user's to fill in */
	const char *network; /* addresses that a retired one had */
	const char *filter;
	enum preset_trait dnssec, ecs;
	unsigned alternate_port; /* 0: none known */
	const char *status;	 /* what it is, when it is not meant for daily use */
	const char *note, *source, *date; /* SMALL has none of these: NULL */
	const char *retired; /* what happened, when, and what to use instead */
};

struct presets {
	struct preset *list; /* in the order of the file */
	size_t count;
	struct config_t *tree; /* owned */
};

/* NULL: no memory. */
struct presets *presets_load(void);
void presets_free(struct presets *p); /* NULL is fine */

/*
 * The preset that a word of len octets names, with letters of either case: also a retired one, and for
 * "nextdns/abc123" the template.  NULL: none.
 */
const struct preset *presets_find(const struct presets *p, const char *word, size_t len);

/*
 * The name of a template's host for a word that presets_find found; false: the word has no proper id.
 */
bool preset_host(const struct preset *p, const char *word, size_t len, char ret[SPELLING_NAME_MAX]);

/*
 * The service behind an address or a host name, however it was written; either may be NULL.  The
 * address decides where both are known: it is what answers.  NULL: none that we know.
 */
const struct preset *presets_match(
	const struct presets *p, const struct addr *addr, const char *host_name);

enum config_filter preset_filter(const struct preset *p);

/* For people: a table that fits 120 columns. */
void presets_print(const struct presets *p, FILE *out);
/* For programs: an array of objects, all with the same keys; what is not known is null. */
void presets_print_json(const struct presets *p, FILE *out);

#endif
