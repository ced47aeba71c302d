/* The first half of a rule: whom it means.  selector.c has a table with one row per selector. */
#ifndef TESTS_SERVER_SELECTOR_H
#define TESTS_SERVER_SELECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/server/random.h"
#include "tests/server/stats.h"

struct query;

/* Both ends included; hi == 0: anything. */
struct range {
	uint64_t lo, hi;
};

struct selector {
	char *name;    /* owned glob in lower case; NULL: any */
	uint16_t type; /* 0: any */
	bool has_transport;
	enum transport transport;
	struct range nth; /* query of its connection */
	struct range conn;
	uint64_t every;	      /* of those that match otherwise; 0: each */
	uint64_t times;	      /* only so often; 0: always */
	uint64_t skip;	      /* not the first so many */
	uint32_t chance;      /* of 1,000,000; 0: always */
	uint64_t seen, taken; /* state of every, skip and times */
};

/* What a rule is asked about: a query, or (query NULL) a connection. */
struct subject {
	const struct query *query;
	enum transport transport;
	uint64_t conn, nth;
};

enum selector_parse { SELECTOR_OK, SELECTOR_BAD, SELECTOR_UNKNOWN };

/* One "name=value" of a rule.  SELECTOR_UNKNOWN: no selector has that name. */
enum selector_parse selector_parse(struct selector *s, const char *name, const char *value);
void selector_free(struct selector *s);
bool selector_match(struct selector *s, const struct subject *what, struct random *random);

#endif
