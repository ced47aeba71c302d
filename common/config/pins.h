/* Pins of an upstream: option pin-sha256. */
#ifndef COMMON_CONFIG_PINS_H
#define COMMON_CONFIG_PINS_H

#include "common/config/load.h"

/* Appends a pin, or complains that it is none, or there already. */
void config_pins_add(struct loader *l, const struct option *o, const char *text,
	struct config_place where, struct config_upstream *u);

/* Appends all pins of another upstream. */
void config_pins_copy(
	struct loader *l, struct config_upstream *u, const struct config_upstream *from);

/* The same pins, in whatever order. */
bool config_pins_equal(const struct config_upstream *a, const struct config_upstream *b);

/* Writes them as they would stand in a file. */
void config_pins_print(const struct config_upstream *u, FILE *out);

#endif
