/*
 * The table of options: one row drives parsing, range check, default, what a reload can do, -T, and
 * the tests that hold the example file against it.
 */
#ifndef COMMON_CONFIG_OPTION_H
#define COMMON_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_BOOL,
	OPTION_NUMBER,	 /* plain integer */
	OPTION_WORKERS,	 /* number or "auto" */
	OPTION_DURATION, /* "4s", "250ms", "1d", bare number: seconds; stored in microseconds */
	OPTION_SIZE,	 /* "16M", "512k", bare number: octets */
	OPTION_STRING,
	OPTION_PRINTABLE, /* ASCII without control characters */
	OPTION_LEVEL,	  /* error, warning, info, debug */
	OPTION_POLICY,	  /* failover, fastest, round-robin */
	OPTION_PROFILE,	  /* strict, opportunistic */
	OPTION_TRANSPORT, /* tls, dtls, auto */
	OPTION_FORWARD,	  /* array of presets, upstream spellings and names */
	OPTION_SERVERS,	  /* array of addresses of name servers */
	OPTION_LISTEN,	  /* array of addresses */
	OPTION_PREFIXES,  /* array of prefixes */
	OPTION_UPSTREAMS, /* list of groups */
	OPTION_ZONES,	  /* the same */
	OPTION_ADDRESS,	  /* one IP address, or an array of them; may be left out */
	OPTION_PINS,	  /* one pin, or an array of them */
	OPTION_HOSTNAME,
	OPTION_FILES,	     /* array of paths */
	OPTION_NAMES,	     /* array of domain names */
	OPTION_SPECIALS,     /* array of special-use names that may be excepted */
	OPTION_RECORDS,	     /* array of records */
	OPTION_PRIVATE,	     /* array of prefixes, or "all" */
	OPTION_BLOCK_ANSWER, /* nxdomain, nodata, null */
	OPTION_DNS64,	     /* "", "auto", a prefix of RFC 6052 */
	OPTION_ENDPOINT,     /* "", an address of loopback, a path */
};

enum option_reload { RELOAD_LIVE, RELOAD_RESTART };

struct option {
	const char *name;
	enum option_type type : 8;
	uint16_t offset;    /* in struct config, config_upstream or config_zone */
	uint32_t min;	    /* as max */
	uint64_t max;	    /* of numbers, durations (microseconds) and sizes; of arrays: entries;
			       of texts: octets, no bound where max is 0 */
	const char *preset; /* default, as it would be written in the file; NULL: none, must be
			       written */
	enum option_reload reload;
#ifndef SMALL
	const char *help; /* one sentence; for tests that hold it against the manual page */
#endif
};

/* Rows of the top level, and of one group of `upstream` and `zone`. Ended by a row without name. */
extern const struct option config_options[];
extern const struct option upstream_options[];
extern const struct option zone_options[];

/* The known name nearest to a misspelt one, or NULL when none is near. */
const char *option_nearest(const struct option *table, const char *name);

/*
 * "250ms", "4s", "2m", "3h", "1d", "1w"; a bare number is seconds.  False: not a duration, or too
 * large.
 */
bool duration_parse(const char *text, uint64_t *ret_us);
/* "512", "64k", "16M", "1G" (powers of 1024). */
bool size_parse(const char *text, uint64_t *ret_octets);
/* Shortest text that parses to the same. */
void duration_text(uint64_t us, char *text, size_t size);
void size_text(uint64_t octets, char *text, size_t size);

#endif
