/*
 * A configuration of dnsfwd that is being made from the file of another program: options, upstreams, zones, and
 * notes of what could not be carried over.  Without memory it remembers that, and draft_print says so.
 */
#ifndef PROXY_IMPORT_DRAFT_H
#define PROXY_IMPORT_DRAFT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/config/config.h"
#include "common/config/errors.h"

/* One server as it was written, with all of its addresses. */
struct draft_upstream {
	char *address[CONFIG_ADDRESS_MAX]; /* without port; owned */
	size_t address_count;		   /* 0: auth_name is looked up */
	unsigned port;			   /* 0: the usual one */
	char *auth_name;		   /* NULL: none */
	char *pin[CONFIG_PINS_MAX];	   /* base64 of SHA-256; owned */
	size_t pin_count;
	bool clear;	    /* udp://; only in a zone */
	bool opportunistic; /* need not be authenticated */
};

struct draft_group {
	char *name; /* of the zone; NULL: the default group */
	struct draft_upstream upstream[CONFIG_FORWARD_MAX];
	size_t count;
};

struct draft_option {
	const char *name; /* static */
	bool is_array;
	struct config_texts values; /* as they are to stand in the file */
};

#define DRAFT_OPTIONS_MAX 48u

struct draft {
	const char
		*file; /* whose lines notes are about; borrowed, replaced while one is included */
	struct config_errors notes;
	struct draft_option option[DRAFT_OPTIONS_MAX];
	size_t option_count;
	struct draft_group main;
	struct draft_group zone[CONFIG_ZONE_MAX];
	size_t zone_count;
	/* Of every upstream; 0, NULL: not said. */
	unsigned pad_block, max_inflight;
	struct presets *presets; /* owned; NULL until a server is looked up */
	bool no_memory;
};

void draft_free(struct draft *d);

/* What is not carried over, and why. */
void draft_note(struct draft *d, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A value in the syntax of the file (true, 12), or a text; the last one counts. */
void draft_set(struct draft *d, const char *option, const char *value);
void draft_set_text(struct draft *d, const char *option, const char *text);
/* One more text of an array. */
void draft_add(struct draft *d, const char *option, const char *text);
/* A number (seconds where it is a duration), if the option takes it; a note if not. */
void draft_set_number(struct draft *d, unsigned line, const char *option, uint64_t value);
/* A number that is written so; a note if it is none. */
bool draft_number(struct draft *d, unsigned line, const char *key, const char *text, uint64_t *ret);
/* "yes" and "no", as others write them; a note if it is neither. */
bool draft_bool(struct draft *d, unsigned line, const char *key, const char *text, bool *ret);

/* The zone of that name, made if need be; NULL: too many, or no memory; a note. */
struct draft_group *draft_zone(struct draft *d, unsigned line, const char *name);

/*
 * One server.  An address goes to the one before in this group that has the same name, port and pins; in a
 * zone every one stands alone.  A note, and nothing else, where there are too many, or the service has closed.
 * Texts are copied.
 */
struct draft_server {
	const char *address; /* NULL: by name */
	unsigned port;
	const char *auth_name;
	const char *const *pins;
	size_t pin_count;
	bool clear, opportunistic;
};
void draft_server(
	struct draft *d, unsigned line, struct draft_group *g, const struct draft_server *server);

/* The whole configuration, notes on top.  more: upstreams for the default group where it has none. */
void draft_print(
	const struct draft *d, const char *name, const char *const *more, size_t count, FILE *out);

#endif
