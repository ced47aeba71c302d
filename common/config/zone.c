#include "common/config/zone.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config/forward.h"
#include "common/config/upstream.h"
#include "common/config/value.h"

static struct config_zone *append(struct loader *l)
{
	struct config *c = l->config;
	struct config_zone *z = load_grow(l, c->zone, c->zone_count, sizeof *z);

	if (!z)
		return NULL;
	c->zone = z;
	z += c->zone_count++;
	*z = (struct config_zone){ .first = c->upstream_count };
	z->interface = load_strdup(l, "");
	return z;
}

static void check_name(struct loader *l, const config_setting_t *s, const struct option *o,
	const struct config_zone *z)
{
	char value[VALUE_TEXT_MAX];

	value_text(s, value);
	if (!z->name) {
		value_refuse(l->errors, load_place(l, s), o, value,
			"a name is wanted, like \"corp.example\"");
		return;
	}
	for (const struct config_zone *other = l->config->zone; other < z; other++)
		if (other->name && strcasecmp(other->name, z->name) == 0)
			value_refuse(l->errors, load_place(l, s), o, value,
				"another zone has this name");
}

static void read_upstreams(
	struct loader *l, const struct option *o, const config_setting_t *s, struct config_zone *z)
{
	l->zone = z;
	l->group = z->first;
	l->profiles_told = l->mixed = false;
	load_array(l, o, s, config_forward_entry);
	z->count = l->config->upstream_count - z->first;
	l->zone = NULL;
}

void config_zone_load(struct loader *l, const config_setting_t *group)
{
	struct config_zone *z = append(l);

	if (!z)
		return;
	load_check_known(l, zone_options, group);
	for (const struct option *o = zone_options; o->name; o++) {
		const config_setting_t *s = config_setting_get_member(group, o->name);
		size_t before = l->errors->count;

		if (!s && !o->preset)
			errors_add(l->errors, load_place(l, group),
				"option \"%s\": not written: every zone needs one", o->name);
		if (!s)
			continue;
		if (o->type == OPTION_FORWARD)
			read_upstreams(l, o, s, z);
		else
			value_store(o, s, load_place(l, s), l->errors, z);
		if (o->type == OPTION_HOSTNAME && l->errors->count == before)
			check_name(l, s, o, z);
	}
}

/* ------------------------------------------------------------------ added while the program runs */

/* With or without the final dot. */
static bool same_name(const char *a, const char *b)
{
	size_t len = strlen(a), other = strlen(b);

	len -= len > 1 && a[len - 1] == '.';
	other -= other > 1 && b[other - 1] == '.';
	return len == other && strncasecmp(a, b, len) == 0;
}

void config_zone_drop_replaced(
	struct loader *l, const struct config_zone_words *zones, size_t count)
{
	struct config *c = l->config;
	struct config_zone *last = c->zone_count > 0 ? &c->zone[c->zone_count - 1] : NULL;

	for (size_t i = 0; last && last->name && i < count; i++) {
		if (!same_name(last->name, zones[i].name))
			continue;
		while (c->upstream_count > last->first)
			config_upstream_deinit(&c->forward[--c->upstream_count]);
		free(last->name);
		free(last->interface);
		c->zone_count--;
		return;
	}
}

static bool put_text(config_setting_t *group, const char *name, const char *text)
{
	config_setting_t *s = config_setting_add(group, name, CONFIG_TYPE_STRING);

	return s && config_setting_set_string(s, text) == CONFIG_TRUE;
}

/* As if it had been written; texts need no escapes this way. */
static bool write_words(config_setting_t *group, const struct config_zone_words *w)
{
	config_setting_t *forward;

	if (!put_text(group, "name", w->name) ||
		(w->interface && !put_text(group, "interface", w->interface)))
		return false;
	forward = config_setting_add(group, "forward", CONFIG_TYPE_ARRAY);
	for (size_t i = 0; forward && i < w->forward_count; i++)
		if (!config_setting_set_string_elem(forward, -1, w->forward[i]))
			return false;
	return forward;
}

static void load_one(struct loader *l, const struct config_zone_words *w)
{
	size_t before = l->config->zone_count;
	config_t tree;

	config_init(&tree);
	if (write_words(config_root_setting(&tree), w))
		config_zone_load(l, config_root_setting(&tree));
	else
		errors_add(l->errors, load_place(l, NULL), "out of memory");
	if (l->config->zone_count > before)
		l->config->zone[before].added = true;
	config_destroy(&tree);
}

void config_zone_load_added(struct loader *l, const struct config_zone_words *zones, size_t count)
{
	struct config_source source = l->source;
	const char *file = l->file;

	l->source = (struct config_source){ 0 }; /* they have no lines */
	for (size_t i = 0; i < count; i++) {
		char place[300];

		snprintf(place, sizeof place, "zone %s", zones[i].name);
		l->file = place;
		load_one(l, &zones[i]);
	}
	l->file = file;
	l->source = source;
}

void config_zone_load_portal(struct loader *l, const char *resolver, unsigned number)
{
	static const struct config_place nowhere = { "portal", 0 };
	const struct option *o = zone_options;
	struct config_zone *z = append(l);

	if (!z)
		return;
	while (o->type != OPTION_FORWARD)
		o++;
	z->added = true;
	z->portal = number;
	z->name = load_strdup(l, "captive portal"); /* no name of DNS is such */
	l->zone = z;
	l->group = z->first;
	l->profiles_told = l->mixed = false;
	config_forward_entry(l, o, resolver, nowhere);
	z->count = l->config->upstream_count - z->first;
	l->zone = NULL;
}
