/* "Did you mean ...?": how far apart two words are. */
#ifndef COMMON_CONFIG_NEAREST_H
#define COMMON_CONFIG_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* The best candidate so far; starts zeroed. */
struct nearest {
	const char *name; /* borrowed; NULL: none is near enough */
	size_t distance;  /* valid with name */
};

/* Takes the candidate if it is near to the word, and nearer than those before it. */
void nearest_offer(struct nearest *best, const char *word, const char *candidate);

#endif
