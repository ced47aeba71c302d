/*
 * From a setting in the file to a member of the configuration, as the option's row says: types of
 * one value.
 */
#ifndef COMMON_CONFIG_VALUE_H
#define COMMON_CONFIG_VALUE_H

#include "common/config/errors.h"
#include "common/config/option.h"

struct config_setting_t;

#define VALUE_TEXT_MAX 100u

/* A value as it was written, roughly, for messages; returns text. */
const char *value_text(const struct config_setting_t *s, char text[VALUE_TEXT_MAX]);

/* Complains that an option's value is not what is allowed. */
void value_refuse(struct config_errors *e, struct config_place where, const struct option *o,
	const char *value, const char *allowed);

/* Whether the option's type has one value, and not an array or list of its own. */
bool value_is_scalar(const struct option *o);

/*
 * Stores the value into base (the struct of the table's offsets), or complains and leaves it as it
 * was.
 */
void value_store(const struct option *o, const struct config_setting_t *s,
	struct config_place where, struct config_errors *e, void *base);

/* Writes the member as it would stand in a file: "53", "\"4s\"". */
void value_print(const struct option *o, const void *base, FILE *out);

/* A text in quotes, escaped. */
void value_print_text(const char *text, FILE *out);

#endif
