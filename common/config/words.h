/* Options whose value is one of a few words, and how these are written. */
#ifndef COMMON_CONFIG_WORDS_H
#define COMMON_CONFIG_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/option.h"

/* As many as `count` words; by number, as the enum of the option has them. */
struct words {
	enum option_type type;
	bool is_number; /* the member is the enum; else it is the text */
	const char *const *word;
	size_t count;
};

/* NULL: other values are allowed. */
const struct words *words_of(enum option_type type);

/* False: text is none of them, or NULL. */
bool words_find(const struct words *w, const char *text, unsigned *ret);

/* For complaints: "a", "b" or "c". */
void words_list(const struct words *w, char *text, size_t size);

#endif
