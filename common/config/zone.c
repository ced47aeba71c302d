#include "common/config/zone.h"

#include <libconfig.h>
#include <string.h>
#include <strings.h>

#include "common/config/forward.h"
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

/* The interface is known by then: the table has it behind the upstreams. */
static void check_interface(
	struct loader *l, const config_setting_t *group, const struct config_zone *z)
{
	for (size_t i = 0; *z->interface && i < z->count; i++)
		if (config_is_dtls(l->config->forward[z->first + i].transport))
			errors_add(l->errors, load_place(l, group),
				"option \"interface\": an upstream over DTLS cannot be bound to "
				"one; take tls://");
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
	check_interface(l, group, z);
}
