#include "common/config/upstream.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/check.h"
#include "common/config/pins.h"
#include "common/config/value.h"

void config_upstream_deinit(struct config_upstream *u)
{
	free(u->name);
	free(u->address);
	free(u->host);
	free(u->auth_name);
	free(u->pins);
	free(u->tls_cert_bundle);
	*u = (struct config_upstream){ 0 };
}

static void store_presets(struct loader *l, struct config_upstream *u)
{
	for (const struct option *o = upstream_options; o->name; o++) {
		const config_setting_t *s = config_lookup(l->upstream_presets, o->name);

		if (s && value_is_scalar(o))
			value_store(o, s, load_place(l, NULL), l->errors, u);
	}
}

/* What is not written here is as at the top level. */
static void inherit_bundle(struct loader *l, struct config_upstream *u)
{
	char *bundle;

	if (u->tls_cert_bundle && *u->tls_cert_bundle)
		return;
	bundle = load_strdup(l, l->config->tls_cert_bundle);
	free(u->tls_cert_bundle);
	u->tls_cert_bundle = bundle;
}

void config_upstream_defaults(struct loader *l, struct config_upstream *u)
{
	store_presets(l, u);
	inherit_bundle(l, u);
}

static const struct config_upstream *find(const struct loader *l, const char *name, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (l->upstreams[i].name && strcmp(l->upstreams[i].name, name) == 0)
			return &l->upstreams[i];
	}
	return NULL;
}

const struct config_upstream *config_upstream_find(const struct loader *l, const char *name)
{
	return find(l, name, l->upstream_count);
}

static void check_name(
	struct loader *l, const config_setting_t *s, const struct option *o, const char *name)
{
	struct spelling spelling;
	enum spelling_verdict verdict = spelling_parse(name, &spelling);
	bool is_address = verdict == SPELLING_LINK || verdict == SPELLING_NOBODY;
	char value[VALUE_TEXT_MAX];

	value_text(s, value);
	if (find(l, name, l->upstream_count - 1))
		value_refuse(
			l->errors, load_place(l, s), o, value, "another upstream has this name");
	/*
	 * In `forward` nobody could tell which of the two is meant.  A host name or a preset is fine:
	 * what is written in the file comes first, so that a preset that is new cannot take its place.
	 */
	if (is_address || (verdict == SPELLING_OK && !*spelling.host) || strstr(name, "://"))
		value_refuse(l->errors, load_place(l, s), o, value,
			"a name that does not read as an address is wanted, like \"home\"");
}

void config_upstream_add_address(
	struct loader *l, struct config_upstream *u, const struct addr *addr)
{
	struct addr *list = load_grow(l, u->address, u->address_count, sizeof *list);

	if (!list)
		return;
	u->address = list;
	list[u->address_count++] = *addr;
}

static void on_address(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	struct config_upstream *u = &l->upstreams[l->upstream_count - 1];
	char value[VALUE_TEXT_MAX];
	struct addr addr;
	bool parsed = addr_parse_ip(text, &addr);
	const char *fault = config_address_fault(text, parsed, &addr,
		"an IP address without port is wanted, like \"9.9.9.9\" or \"2620:fe::fe\"");

	snprintf(value, sizeof value, "\"%.80s\"", text);
	if (!fault && addr_is_among(u->address, u->address_count, &addr))
		fault = "this address is listed already";
	if (fault) {
		value_refuse(l->errors, where, o, value, fault);
		return;
	}
	config_upstream_add_address(l, u, &addr);
}

static void on_pin(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	config_pins_add(l, o, text, where, &l->upstreams[l->upstream_count - 1]);
}

/* One text is as good as an array of one. */
static void load_texts(
	struct loader *l, const struct option *o, const config_setting_t *s, load_entry *entry)
{
	const char *text = config_setting_get_string(s);

	if (text)
		entry(l, o, text, load_place(l, s));
	else
		load_array(l, o, s, entry);
}

static void store(struct loader *l, const struct option *o, const config_setting_t *s)
{
	struct config_upstream *u = &l->upstreams[l->upstream_count - 1];
	size_t before = l->errors->count;

	if (o->type == OPTION_ADDRESS)
		load_texts(l, o, s, on_address);
	else if (o->type == OPTION_PINS)
		load_texts(l, o, s, on_pin);
	else
		value_store(o, s, load_place(l, s), l->errors, u);
	/* Whether it would mix profiles cannot be said. */
	if (o->type == OPTION_PROFILE && l->errors->count > before)
		l->profiles_told = true;
	if (o->offset == offsetof(struct config_upstream, name) && u->name)
		check_name(l, s, o, u->name);
}

/* Where no address is written, the name of the certificate is the one to look up. */
static void complete_host(
	struct loader *l, struct config_upstream *u, const config_setting_t *group)
{
	const config_setting_t *s = config_setting_get_member(group, "auth-name");
	const char *written = s ? config_setting_get_string(s) : "";

	if (config_setting_get_member(group, "address"))
		return;
	if (u->auth_name)
		u->host = load_strdup(l, u->auth_name);
	else if (written && !*written) /* else it was refused, and that is enough */
		errors_add(l->errors, load_place(l, group),
			"option \"address\": not written: every upstream needs one, or an "
			"auth-name "
			"that can be looked up");
}

void config_upstream_load(struct loader *l, const config_setting_t *group)
{
	struct config_upstream *u =
		load_grow(l, l->upstreams, l->upstream_count, sizeof *l->upstreams);

	if (!u)
		return;
	l->upstreams = u;
	u += l->upstream_count++;
	*u = (struct config_upstream){ .long_form = true };
	load_check_known(l, upstream_options, group);
	store_presets(l, u);
	for (const struct option *o = upstream_options; o->name; o++) {
		const config_setting_t *s = config_setting_get_member(group, o->name);

		if (s)
			store(l, o, s);
		else if (!o->preset && o->type != OPTION_ADDRESS)
			errors_add(l->errors, load_place(l, group),
				"option \"%s\": not written: every upstream needs one", o->name);
	}
	complete_host(l, u, group);
	for (size_t i = 0; i < u->address_count; i++)
		addr_set_port(&u->address[i], (uint16_t)u->port);
	inherit_bundle(l, u);
}

static bool is_listed(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->upstream_count; i++) {
		if (c->forward[i].long_form && c->forward[i].name &&
			strcmp(c->forward[i].name, name) == 0)
			return true;
	}
	return false;
}

void config_upstream_warn_unlisted(struct loader *l, const config_setting_t *list)
{
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
		const char *name;

		if (config_setting_lookup_string(group, "name", &name) && !is_listed(l->config, name))
			errors_add(&l->config->warnings, load_place(l, group),
				"upstream \"%.80s\": named by neither forward nor a zone, and so "
				"asked for nothing",
				name);
	}
}
