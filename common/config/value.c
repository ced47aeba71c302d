#include "common/config/value.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hostmatch.h"
#include "common/config/config.h"
#include "common/config/endpoint.h"
#include "common/config/local.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static const char *const policy_names[] = { [POLICY_FAILOVER] = "failover",
	[POLICY_FASTEST] = "fastest",
	[POLICY_ROUND_ROBIN] = "round-robin" };
static const char *const profile_names[] = {
	[PROFILE_STRICT] = "strict", [PROFILE_OPPORTUNISTIC] = "opportunistic"
};
static const char *const transport_names[] = {
	[TRANSPORT_TLS] = "tls", [TRANSPORT_DTLS] = "dtls", [TRANSPORT_AUTO] = "auto"
};
static const char *const block_names[] = {
	[BLOCK_NXDOMAIN] = "nxdomain", [BLOCK_NODATA] = "nodata", [BLOCK_NULL] = "null"
};

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

/* The range of the row, as it is written in the file. */
static void range_text(const struct option *o, char *min, char *max, size_t size)
{
	if (o->type == OPTION_DURATION) {
		duration_text(o->min, min, size);
		duration_text(o->max, max, size);
	} else if (o->type == OPTION_SIZE) {
		size_text(o->min, min, size);
		size_text(o->max, max, size);
	} else {
		snprintf(min, size, "%llu", (unsigned long long)o->min);
		snprintf(max, size, "%llu", (unsigned long long)o->max);
	}
}

static void allowed_text(const struct option *o, char *text, size_t size)
{
	char min[32], max[32];

	range_text(o, min, max, sizeof min);
	switch (o->type) {
	case OPTION_BOOL:
		snprintf(text, size, "write true or false");
		break;
	case OPTION_NUMBER:
		snprintf(text, size, "a whole number from %s to %s is wanted", min, max);
		break;
	case OPTION_WORKERS:
		snprintf(
			text, size, "a whole number from %s to %s or \"auto\" is wanted", min, max);
		break;
	case OPTION_DURATION:
		snprintf(text, size,
			"a duration from %s to %s is wanted, like \"4s\" or \"250ms\" "
			"(ms, s, m, h, d, w), or a whole number of seconds",
			min, max);
		break;
	case OPTION_SIZE:
		snprintf(text, size,
			"a size from %s to %s is wanted, like \"512k\" or \"16M\", "
			"or a whole number of octets",
			min, max);
		break;
	case OPTION_LEVEL:
		snprintf(text, size, "\"error\", \"warning\", \"info\" or \"debug\" is wanted");
		break;
	case OPTION_POLICY:
		snprintf(text, size,
			"\"failover\", \"fastest\" or \"round-robin\" is wanted");
		break;
	case OPTION_PROFILE:
		snprintf(text, size, "\"strict\" or \"opportunistic\" is wanted");
		break;
	case OPTION_TRANSPORT:
		snprintf(text, size, "\"tls\", \"dtls\" or \"auto\" is wanted");
		break;
	case OPTION_BLOCK_ANSWER:
		snprintf(text, size, "\"nxdomain\", \"nodata\" or \"null\" is wanted");
		break;
	case OPTION_DNS64:
		snprintf(text, size,
			"a prefix of 32, 40, 48, 56, 64 or 96 bits is wanted, like "
			"\"64:ff9b::/96\", or \"auto\"");
		break;
	case OPTION_ENDPOINT:
		snprintf(text, size,
			"an address that no other machine reaches, like \"127.0.0.1:9953\" or "
			"\"[::1]:9953\", or the path of a Unix socket is wanted");
		break;
	case OPTION_PRINTABLE:
		snprintf(text, size,
			"a text of at most %s printable characters (ASCII) in quotes is wanted",
			max);
		break;
	case OPTION_HOSTNAME:
		snprintf(text, size,
			"a host name in quotes is wanted, like \"dns.quad9.net\": "
			"letters, digits, '-', '_' and dots, no wildcard and no address");
		break;
	default:
		if (o->max > 0)
			snprintf(text, size, "a text of %s to %s characters in quotes is wanted",
				min, max);
		else
			snprintf(text, size, "a text in quotes is wanted");
	}
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

/* Which of the names the text is. */
static bool find_name(const char *const *names, size_t count, const char *text, size_t *ret)
{
	for (size_t i = 0; text && i < count; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool store_policy(const config_setting_t *s, enum config_policy *member)
{
	size_t found;

	if (!find_name(policy_names, COUNT_OF(policy_names), config_setting_get_string(s), &found))
		return false;
	*member = (enum config_policy)found;
	return true;
}

static bool store_profile(const config_setting_t *s, enum config_profile *member)
{
	size_t found;

	if (!find_name(
		    profile_names, COUNT_OF(profile_names), config_setting_get_string(s), &found))
		return false;
	*member = (enum config_profile)found;
	return true;
}

static bool store_transport(const config_setting_t *s, enum config_transport *member)
{
	size_t found;

	if (!find_name(transport_names, COUNT_OF(transport_names), config_setting_get_string(s),
		    &found))
		return false;
	*member = (enum config_transport)found;
	return true;
}

static bool store_block_answer(const config_setting_t *s, enum config_block_answer *member)
{
	size_t found;

	if (!find_name(block_names, COUNT_OF(block_names), config_setting_get_string(s), &found))
		return false;
	*member = (enum config_block_answer)found;
	return true;
}

static bool is_level(const char *text)
{
	size_t found;

	return find_name(level_names, COUNT_OF(level_names), text, &found);
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
	struct endpoint ignored;

	if (o->type == OPTION_ENDPOINT)
		return !*text || endpoint_parse(text, METRICS_PORT, &ignored);
	if (o->type == OPTION_LEVEL)
		return is_level(text);
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
	case OPTION_POLICY:
		return store_policy(s, member);
	case OPTION_PROFILE:
		return store_profile(s, member);
	case OPTION_TRANSPORT:
		return store_transport(s, member);
	case OPTION_BLOCK_ANSWER:
		return store_block_answer(s, member);
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
		allowed_text(o, allowed, sizeof allowed);
	value_refuse(e, where, o, value_text(s, value), allowed);
}

void value_print_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void print_amount(const struct option *o, uint64_t amount, FILE *out)
{
	char text[32] = "";

	(o->type == OPTION_SIZE ? size_text : duration_text)(amount, text, sizeof text);
	fprintf(out, "\"%s\"", text);
}

void value_print(const struct option *o, const void *base, FILE *out)
{
	const void *member = (const char *)base + o->offset;
	const char *text;

	switch (o->type) {
	case OPTION_BOOL:
		fputs(*(const bool *)member ? "true" : "false", out);
		break;
	case OPTION_NUMBER:
	case OPTION_WORKERS:
		if (o->type == OPTION_WORKERS && *(const unsigned *)member == 0)
			fputs("\"auto\"", out);
		else
			fprintf(out, "%u", *(const unsigned *)member);
		break;
	case OPTION_DURATION:
	case OPTION_SIZE:
		print_amount(o, *(const uint64_t *)member, out);
		break;
	case OPTION_POLICY:
		value_print_text(policy_names[*(const enum config_policy *)member], out);
		break;
	case OPTION_PROFILE:
		value_print_text(profile_names[*(const enum config_profile *)member], out);
		break;
	case OPTION_TRANSPORT:
		value_print_text(transport_names[*(const enum config_transport *)member], out);
		break;
	case OPTION_BLOCK_ANSWER:
		value_print_text(block_names[*(const enum config_block_answer *)member], out);
		break;
	default:
		text = *(char *const *)member;
		value_print_text(text ? text : "", out);
	}
}
