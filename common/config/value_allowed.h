/* What an option of one value may be, in words, for complaints. */
#ifndef COMMON_CONFIG_VALUE_ALLOWED_H
#define COMMON_CONFIG_VALUE_ALLOWED_H

#include <stddef.h>

struct option;

/* A clause: "a whole number from 1 to 65535 is wanted". */
void value_allowed(const struct option *o, char *text, size_t size);

#endif
