/*
 * Rules: which queries (or connections) meet which actions.  The first that matches is taken;
 * without one the honest answer goes out.  The language is in README.md.
 */
#ifndef TESTS_SERVER_RULES_H
#define TESTS_SERVER_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "tests/server/action.h"
#include "tests/server/random.h"
#include "tests/server/selector.h"

struct buf;

#define RULE_ANSWERS_MAX 8u

struct rule {
	struct list node; /* in rules */
	char *text;	  /* owned; as it was written */
	struct selector selector;
	struct action_list common; /* for every answer, before its own; or for the connection */
	struct action_list answers[RULE_ANSWERS_MAX];
	size_t answer_count; /* 0: one honest answer with the common actions */
	struct random random;
	uint64_t hits;
};

struct rules {
	struct list list;
	uint64_t seed;
};

void rules_init(struct rules *r, uint64_t seed);
void rules_clear(struct rules *r);

/* Adds one rule, the text behind the word "rule".  NULL, or the part that was not understood. */
const char *rules_add(struct rules *r, const char *text);

/* The rule for a query, counted as hit; NULL: none. */
struct rule *rules_find(struct rules *r, const struct subject *s);
/* What the first rule for connections that matches a new one imposes; false: there is none. */
bool rules_accept(struct rules *r, enum transport t, uint64_t conn, struct limits *ret);

/* A JSON line for each: its text and how often it was taken. */
void rules_json(const struct rules *r, struct buf *out);

#endif
