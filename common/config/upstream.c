#include "common/config/upstream.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/nearest.h"
#include "common/config/value.h"

void config_upstream_deinit(struct config_upstream *u)
{
	free(u->name);
	free(u->address);
	free(u->host);
	free(u->auth_name);
	free(u->tls_cert_bundle);
	*u = (struct config_upstream){ 0 };
}

static void store_presets(struct loader *l, struct config_upstream *u)
{
	for (const struct option *o = upstream_options; o->name; o++) {
		const config_setting_t *s = config_lookup(l->upstream_presets, o->name);

		if (s)
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

static const struct config_upstream *find(const struct loader *l, const char *name, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (l->upstreams[i].name && strcmp(l->upstreams[i].name, name) == 0)
			return &l->upstreams[i];
	}
	return NULL;
}

static void check_name(
	struct loader *l, const config_setting_t *s, const struct option *o, const char *name)
{
	struct spelling spelling;
	char value[VALUE_TEXT_MAX];

	value_text(s, value);
	if (find(l, name, l->upstream_count - 1))
		value_refuse(
			l->errors, load_place(l, s), o, value, "another upstream has this name");
	/* In `forward` nobody could tell which of the two is meant. */
	if (spelling_parse(name, &spelling) == SPELLING_OK || strstr(name, "://"))
		value_refuse(l->errors, load_place(l, s), o, value,
			"a name that does not read as an address is wanted, like \"home\"");
}

static void add_address(struct loader *l, struct config_upstream *u, const struct addr *addr)
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

	if (addr_parse_ip(text, &addr) && !addr_is_any(&addr)) {
		add_address(l, u, &addr);
		return;
	}
	snprintf(value, sizeof value, "\"%.80s\"", text);
	value_refuse(l->errors, where, o, value,
		"an IP address without port is wanted, like \"9.9.9.9\" or \"2620:fe::fe\"");
}

static void store(struct loader *l, const struct option *o, const config_setting_t *s)
{
	struct config_upstream *u = &l->upstreams[l->upstream_count - 1];
	const char *text = config_setting_get_string(s);

	if (o->type == OPTION_ADDRESS && text)
		on_address(l, o, text, load_place(l, s));
	else if (o->type == OPTION_ADDRESS)
		load_array(l, o, s, on_address);
	else
		value_store(o, s, load_place(l, s), l->errors, u);
	if (o->offset == offsetof(struct config_upstream, name) && u->name)
		check_name(l, s, o, u->name);
}

void config_upstream_load(struct loader *l, const config_setting_t *group)
{
	struct config_upstream *u =
		load_grow(l, l->upstreams, l->upstream_count, sizeof *l->upstreams);

	if (!u)
		return;
	l->upstreams = u;
	u += l->upstream_count++;
	*u = (struct config_upstream){ 0 };
	load_check_known(l, upstream_options, group);
	store_presets(l, u);
	for (const struct option *o = upstream_options; o->name; o++) {
		const config_setting_t *s = config_setting_get_member(group, o->name);

		if (s)
			store(l, o, s);
		else if (!o->preset)
			errors_add(l->errors, load_place(l, group),
				"option \"%s\": not written: every upstream needs one", o->name);
	}
	for (size_t i = 0; i < u->address_count; i++)
		addr_set_port(&u->address[i], (uint16_t)u->port);
	inherit_bundle(l, u);
}

/* A place for one more upstream in the configuration's list. */
static struct config_upstream *append(struct loader *l)
{
	struct config *c = l->config;
	struct config_upstream *u = load_grow(l, c->forward, c->forward_count, sizeof *u);

	if (!u)
		return NULL;
	c->forward = u;
	u += c->forward_count++;
	*u = (struct config_upstream){ 0 };
	return u;
}

static void append_copy(struct loader *l, const struct config_upstream *from)
{
	struct config_upstream *u = append(l);

	if (!u)
		return;
	*u = *from;
	u->address = NULL;
	u->address_count = 0;
	for (size_t i = 0; i < from->address_count; i++)
		add_address(l, u, &from->address[i]);
	u->host = load_strdup(l, from->host);
	u->name = load_strdup(l, from->name);
	u->auth_name = load_strdup(l, from->auth_name);
	u->tls_cert_bundle = load_strdup(l, from->tls_cert_bundle);
}

static void append_spelling(struct loader *l, const char *text, const struct spelling *spelling)
{
	struct config_upstream *u = append(l);

	if (!u)
		return;
	store_presets(l, u);
	inherit_bundle(l, u);
	u->name = load_strdup(l, text);
	add_address(l, u, &spelling->addr);
	u->port = addr_port(&spelling->addr);
	u->auth_name = *spelling->auth_name ? load_strdup(l, spelling->auth_name) : NULL;
}

static void refuse_entry(struct loader *l, const struct option *o, const char *text,
	struct config_place where, enum spelling_verdict verdict)
{
	struct nearest best = { 0 };
	char value[VALUE_TEXT_MAX], allowed[400];

	for (size_t i = 0; i < l->upstream_count; i++) {
		if (l->upstreams[i].name)
			nearest_offer(&best, text, l->upstreams[i].name);
	}
	snprintf(value, sizeof value, "\"%.80s\"", text);
	if (best.name)
		snprintf(allowed, sizeof allowed, "no upstream has this name, did you mean \"%s\"?",
			best.name);
	else
		snprintf(allowed, sizeof allowed, "%s%s",
			verdict == SPELLING_NAME_ONLY ? "no upstream has this name, and " : "",
			spelling_error(verdict));
	value_refuse(l->errors, where, o, value, allowed);
}

void config_upstream_forward(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	const struct config_upstream *named = find(l, text, l->upstream_count);
	enum spelling_verdict verdict;
	struct spelling spelling;

	if (named) {
		append_copy(l, named);
		return;
	}
	verdict = spelling_parse(text, &spelling);
	if (verdict == SPELLING_OK)
		append_spelling(l, text, &spelling);
	else
		refuse_entry(l, o, text, where, verdict);
}
