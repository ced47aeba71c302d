/* The values of actions, as they are written in rules.  Parts are separated by ':' or '/'. */
#ifndef TESTS_SERVER_VALUE_H
#define TESTS_SERVER_VALUE_H

#include <stdbool.h>

#include "tests/server/action.h"

bool value_none(char *value, struct action *ret);
bool value_number(char *value, struct action *ret);	    /* N -> a */
bool value_number_or_one(char *value, struct action *ret);  /* [N] -> a, else 1 */
bool value_number_or_zero(char *value, struct action *ret); /* [N] -> a, else 0 */
bool value_range(char *value, struct action *ret);	    /* N or N-M -> a, b */
bool value_pair(char *value, struct action *ret);	    /* N[/M] -> a, b; else b = 0 */
bool value_how(char *value, struct action *ret);	    /* [HOW] -> how, else fin */
bool value_number_how(char *value, struct action *ret);	    /* N[/HOW] -> a, how; else fin */
bool value_cut(char *value, struct action *ret);	    /* K|half[/HOW]; half: a = -1 */
bool value_rcode(char *value, struct action *ret);
bool value_type(char *value, struct action *ret);     /* [TYPE] -> a, else 0 */
bool value_mutation(char *value, struct action *ret); /* [SEED[/KIND]] -> a, b */
bool value_text(char *value, struct action *ret);     /* anything -> text */

bool value_aside(char *value, struct action *ret); /* WHAT[/N] -> a, b; else b = 1 */

/* Names of the mutations; the index is b of value_mutation.  Ends with NULL. */
extern const char *const mutation_names[];

bool close_how_parse(const char *text, enum close_how *ret);

#endif
