/*
 * What a rule can do.  actions.c has a table with one row per action: its name, how its value is
 * read, and what it does to an answer, or from a connection that was just accepted.  A new
 * misbehaviour is a row.
 */
#ifndef TESTS_SERVER_ACTION_H
#define TESTS_SERVER_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/server/reply.h"

struct action_row;
struct limits;

/* An action with its value, as it stands in a rule. */
struct action {
	const struct action_row *row;
	long a, b; /* numbers, as the row means them */
	enum close_how how;
	char *text; /* owned; NULL if the row takes none */
};

struct action_row {
	const char *name;
	/* value is NULL where none was written; it may be changed */
	bool (*parse)(char *value, struct action *ret);
	void (*on_reply)(struct reply *r, const struct action *a);
	void (*on_accept)(struct limits *l, const struct action *a); /* instead of on_reply */
	const char *value_help;
};

#define ACTIONS_MAX 16u

struct action_list {
	struct action items[ACTIONS_MAX];
	size_t count;
};

/* "name" or "name=value"; text is changed.  False: not understood (or too many). */
bool action_list_add(struct action_list *l, char *text);
void action_list_free(struct action_list *l);
void action_list_reply(const struct action_list *l, struct reply *r);
void action_list_accept(const struct action_list *l, struct limits *ret);
bool action_list_is_for_conns(const struct action_list *l);

/* The table; ends with a row without name. */
extern const struct action_row action_rows[];

#endif
