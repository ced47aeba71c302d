#include "proxy/import/draft.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config/option.h"
#include "common/config/presets.h"

#define SECOND UINT64_C(1000000)

/* ------------------------------------------------------------------ its memory */

static void free_texts(struct config_texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->text[i]);
	free(t->text);
}

static void free_group(struct draft_group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		struct draft_upstream *u = &g->upstream[i];

		for (size_t k = 0; k < u->address_count; k++)
			free(u->address[k]);
		for (size_t k = 0; k < u->pin_count; k++)
			free(u->pin[k]);
		free(u->auth_name);
	}
	free(g->name);
}

void draft_free(struct draft *d)
{
	for (size_t i = 0; i < d->option_count; i++)
		free_texts(&d->option[i].values);
	free_group(&d->main);
	for (size_t i = 0; i < d->zone_count; i++)
		free_group(&d->zone[i]);
	config_errors_free(&d->notes);
	presets_free(d->presets);
}

static char *copy(struct draft *d, const char *text)
{
	char *s = text ? strdup(text) : NULL;

	d->no_memory |= text && !s;
	return s;
}

void draft_note(struct draft *d, unsigned line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	errors_add(&d->notes, (struct config_place){ d->file, line }, "%s", text);
}

/* ------------------------------------------------------------------ options */

static struct draft_option *find(struct draft *d, const char *name, bool is_array)
{
	for (size_t i = 0; i < d->option_count; i++)
		if (strcmp(d->option[i].name, name) == 0)
			return &d->option[i];
	if (d->option_count == DRAFT_OPTIONS_MAX)
		return NULL;
	d->option[d->option_count] = (struct draft_option){ .name = name, .is_array = is_array };
	return &d->option[d->option_count++];
}

static void append(struct draft *d, struct draft_option *o, char *value)
{
	char **grown =
		o && value ? realloc(o->values.text, (o->values.count + 1) * sizeof *grown) : NULL;

	if (!grown) {
		d->no_memory = true;
		free(value);
		return;
	}
	o->values.text = grown;
	grown[o->values.count++] = value;
}

/* In quotes, as libconfig reads them. */
static char *quote(const char *text)
{
	char *out = malloc(2 * strlen(text) + 3), *p = out;

	if (!out)
		return NULL;
	*p++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*p++ = '\\';
		*p++ = *text;
	}
	memcpy(p, "\"", 2);
	return out;
}

static void replace(struct draft *d, const char *option, char *value)
{
	struct draft_option *o = find(d, option, false);

	if (o && o->values.count > 0)
		free(o->values.text[--o->values.count]);
	append(d, o, value);
}

void draft_set(struct draft *d, const char *option, const char *value)
{
	replace(d, option, copy(d, value));
}

void draft_set_text(struct draft *d, const char *option, const char *text)
{
	replace(d, option, quote(text));
}

void draft_add(struct draft *d, const char *option, const char *text)
{
	append(d, find(d, option, true), quote(text));
}

void draft_set_number(struct draft *d, unsigned line, const char *option, uint64_t value)
{
	const struct option *o = config_options;
	uint64_t unit;
	char text[24];

	while (o->name && strcmp(o->name, option) != 0)
		o++;
	unit = o->name && o->type == OPTION_DURATION ? SECOND : 1;
	if (!o->name || value > UINT64_MAX / SECOND || value * unit < o->min ||
		value * unit > o->max) {
		draft_note(
			d, line, "%" PRIu64 " is out of the range of option \"%s\"", value, option);
		return;
	}
	snprintf(text, sizeof text, "%" PRIu64 "%s", value, value > INT32_MAX ? "L" : "");
	draft_set(d, option, text);
}

bool draft_number(struct draft *d, unsigned line, const char *key, const char *text, uint64_t *ret)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-') {
		draft_note(d, line, "%s: \"%s\" is no number", key, text);
		return false;
	}
	*ret = value;
	return true;
}

bool draft_bool(struct draft *d, unsigned line, const char *key, const char *text, bool *ret)
{
	static const char *const words[][2] = { { "no", "yes" }, { "0", "1" }, { "false", "true" },
		{ "off", "on" } };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		for (size_t k = 0; k < 2; k++)
			if (strcasecmp(text, words[i][k]) == 0) {
				*ret = k == 1;
				return true;
			}
	draft_note(d, line, "%s: \"%s\" is neither yes nor no", key, text);
	return false;
}

/* ------------------------------------------------------------------ servers */

struct draft_group *draft_zone(struct draft *d, unsigned line, const char *name)
{
	for (size_t i = 0; i < d->zone_count; i++)
		if (d->zone[i].name && strcasecmp(d->zone[i].name, name) == 0)
			return &d->zone[i];
	if (d->zone_count == CONFIG_ZONE_MAX) {
		draft_note(d, line, "zone %s: there are more than %u", name, CONFIG_ZONE_MAX);
		return NULL;
	}
	d->zone[d->zone_count] = (struct draft_group){ .name = copy(d, name) };
	return &d->zone[d->zone_count++];
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcasecmp(a, b) == 0 : a == b;
}

static bool same_server(const struct draft_upstream *u, const struct draft_server *s)
{
	if (u->port != s->port || u->clear || s->clear || u->pin_count != s->pin_count ||
		u->opportunistic != s->opportunistic || u->address_count == 0 || !s->address ||
		u->address_count == CONFIG_ADDRESS_MAX || !s->auth_name ||
		!same_text(u->auth_name, s->auth_name))
		return false;
	for (size_t i = 0; i < s->pin_count; i++)
		if (!same_text(u->pin[i], s->pins[i]))
			return false;
	return true;
}

/* One that dnsfwd would refuse; files live longer than services. */
static bool is_retired(struct draft *d, unsigned line, const struct draft_server *s)
{
	const struct preset *p = NULL;
	struct addr addr;
	bool has_addr = s->address && addr_parse_ip(s->address, &addr);

	if (!d->presets)
		d->presets = presets_load();
	if (d->presets && !s->clear)
		p = presets_match(d->presets, has_addr ? &addr : NULL, s->auth_name);
	if (!p || !p->retired)
		return false;
	draft_note(d, line, "%s: %s", s->auth_name ? s->auth_name : s->address, p->retired);
	return true;
}

static void add_address(struct draft *d, struct draft_upstream *u, const char *address)
{
	if (address && (u->address[u->address_count] = copy(d, address)))
		u->address_count++;
}

void draft_server(
	struct draft *d, unsigned line, struct draft_group *g, const struct draft_server *s)
{
	struct draft_upstream *u;

	if (is_retired(d, line, s))
		return;
	for (size_t i = 0; i < g->count && !g->name; i++)
		if (same_server(&g->upstream[i], s)) {
			add_address(d, &g->upstream[i], s->address);
			return;
		}
	if (g->count == CONFIG_FORWARD_MAX) {
		draft_note(d, line, "%s: there are more than %u upstreams",
			s->address ? s->address : s->auth_name, CONFIG_FORWARD_MAX);
		return;
	}
	u = &g->upstream[g->count++];
	*u = (struct draft_upstream){ .port = s->port,
		.auth_name = copy(d, s->auth_name),
		.clear = s->clear,
		.opportunistic = s->opportunistic };
	add_address(d, u, s->address);
	for (size_t i = 0; i < s->pin_count && u->pin_count < CONFIG_PINS_MAX; i++)
		if ((u->pin[u->pin_count] = copy(d, s->pins[i])))
			u->pin_count++;
}
