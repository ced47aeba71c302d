#include "common/config/value.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hostmatch.h"
#include "common/config/config.h"
#include "common/config/endpoint.h"
#include "common/config/local.h"
#include "common/config/value_allowed.h"
#include "common/config/words.h"

const char *value_text(const config_setting_t *s, char text[VALUE_TEXT_MAX])
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(text, VALUE_TEXT_MAX,
			config_setting_get_format(s) == CONFIG_FORMAT_HEX ? "0x%llx" : "%lld",
			config_setting_get_int64(s));
		break;
	case CONFIG_TYPE_FLOAT:
		snprintf(text, VALUE_TEXT_MAX, "%g", config_setting_get_float(s));
		break;
	case CONFIG_TYPE_BOOL:
		snprintf(text, VALUE_TEXT_MAX, config_setting_get_bool(s) ? "true" : "false");
		break;
	case CONFIG_TYPE_STRING:
		snprintf(text, VALUE_TEXT_MAX, "\"%.80s\"", config_setting_get_string(s));
		break;
	case CONFIG_TYPE_GROUP:
		snprintf(text, VALUE_TEXT_MAX, "{ }");
		break;
	case CONFIG_TYPE_ARRAY:
		snprintf(text, VALUE_TEXT_MAX, "[ ]");
		break;
	default:
		snprintf(text, VALUE_TEXT_MAX, "( )");
	}
	return text;
}

void value_refuse(struct config_errors *e, struct config_place where, const struct option *o,
	const char *value, const char *allowed)
{
	errors_add(e, where, "option \"%s\": value %s: %s", o->name, value, allowed);
}

static bool in_range(const struct option *o, uint64_t value)
{
	return value >= o->min && value <= o->max;
}

/* Not hexadecimal: libconfig cuts such numbers to 32 bits without a word. */
static bool get_number(const config_setting_t *s, uint64_t *ret)
{
	int type = config_setting_type(s);
	long long value;

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return false;
	value = config_setting_get_int64(s);
	if (value < 0 || config_setting_get_format(s) == CONFIG_FORMAT_HEX)
		return false;
	*ret = (uint64_t)value;
	return true;
}

/* A number, or a text with a unit. */
static bool get_amount(const struct option *o, const config_setting_t *s, uint64_t *ret)
{
	const char *text = config_setting_get_string(s);
	char digits[32];
	uint64_t number;

	if (!text) {
		if (!get_number(s, &number))
			return false;
		snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
		text = digits;
	}
	return (o->type == OPTION_SIZE ? size_parse : duration_parse)(text, ret) &&
	       in_range(o, *ret);
}

static bool store_number(const struct option *o, const config_setting_t *s, unsigned *member)
{
	uint64_t number;

	if (!get_number(s, &number) || !in_range(o, number))
		return false;
	*member = (unsigned)number;
	return true;
}

static bool store_workers(const struct option *o, const config_setting_t *s, unsigned *member)
{
	const char *text = config_setting_get_string(s);

	if (!text)
		return store_number(o, s, member);
	if (strcmp(text, "auto") != 0)
		return false;
	*member = 0;
	return true;
}

static bool store_amount(const struct option *o, const config_setting_t *s, uint64_t *member)
{
	uint64_t amount = 0;

	if (!get_amount(o, s, &amount))
		return false;
	*member = amount;
	return true;
}

static bool store_bool(const config_setting_t *s, bool *member)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return false;
	*member = config_setting_get_bool(s) != 0;
	return true;
}

static bool store_word(const struct words *w, const config_setting_t *s, void *member)
{
	unsigned found;

	if (!words_find(w, config_setting_get_string(s), &found))
		return false;
	memcpy(member, &found, sizeof found);
	return true;
}

static bool is_printable(const char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			return false;
	}
	return true;
}

static bool text_allowed(const struct option *o, const char *text)
{
	const struct words *words = words_of(o->type);
	struct endpoint ignored;
	unsigned found;

	if (words)
		return words_find(words, text, &found);
	if (o->type == OPTION_ENDPOINT)
		return !*text || endpoint_parse(text, METRICS_PORT, &ignored);
	if (o->type == OPTION_PRINTABLE && !is_printable(text))
		return false;
	if (o->type == OPTION_DNS64)
		return config_dns64_valid(text);
	if (o->type == OPTION_HOSTNAME)
		return !*text || hostname_valid(text);
	return o->max == 0 || in_range(o, strlen(text));
}

static bool store_text(const struct option *o, const config_setting_t *s, char **member)
{
	const char *text = config_setting_get_string(s);
	size_t len = text ? strlen(text) : 0;
	char *copy = NULL;

	if (!text || !text_allowed(o, text))
		return false;
	if (o->type != OPTION_HOSTNAME || len > 0) {
		/* The final dot of a full name has no place in SNI (RFC 6066 3). */
		if (o->type == OPTION_HOSTNAME && text[len - 1] == '.')
			len--;
		copy = strndup(text, len);
		if (!copy)
			return false;
	}
	free(*member);
	*member = copy;
	return true;
}

bool value_is_scalar(const struct option *o)
{
	switch (o->type) {
	case OPTION_FORWARD:
	case OPTION_SERVERS:
	case OPTION_LISTEN:
	case OPTION_PREFIXES:
	case OPTION_UPSTREAMS:
	case OPTION_ZONES:
	case OPTION_ADDRESS:
	case OPTION_PINS:
		return false;
	default:
		return !config_local_is_list(o);
	}
}

static bool store(const struct option *o, const config_setting_t *s, void *member)
{
	const struct words *words = words_of(o->type);

	if (words && words->is_number)
		return store_word(words, s, member);
	switch (o->type) {
	case OPTION_BOOL:
		return store_bool(s, member);
	case OPTION_NUMBER:
		return store_number(o, s, member);
	case OPTION_WORKERS:
		return store_workers(o, s, member);
	case OPTION_DURATION:
	case OPTION_SIZE:
		return store_amount(o, s, member);
	default:
		return store_text(o, s, member);
	}
}

void value_store(const struct option *o, const config_setting_t *s, struct config_place where,
	struct config_errors *e, void *base)
{
	char value[VALUE_TEXT_MAX], allowed[300];

	if (store(o, s, (char *)base + o->offset))
		return;
	if (config_setting_get_format(s) == CONFIG_FORMAT_HEX)
		snprintf(allowed, sizeof allowed, "hexadecimal numbers are not taken");
	else
		value_allowed(o, allowed, sizeof allowed);
	value_refuse(e, where, o, value_text(s, value), allowed);
}
