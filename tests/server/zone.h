/* A few names with fixed records, so that trying things by hand is pleasant. */
#ifndef TESTS_SERVER_ZONE_H
#define TESTS_SERVER_ZONE_H

#include <stdbool.h>

struct builder;

/* False: the question's name is not among them.  Else the records, or a denial, are written. */
bool zone_answer(struct builder *b);

#endif
