#include "common/config/check.h"

#include <string.h>
#include <strings.h>

#include "common/config/pins.h"
#include "common/config/presets.h"
#include "common/config/spelling.h"
#include "common/config/value.h"

static void refuse(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const char *allowed)
{
	char value[VALUE_TEXT_MAX];

	snprintf(value, sizeof value, "\"%.80s\"", text);
	value_refuse(l->errors, where, o, value, allowed);
}

/* ------------------------------------------------------------------ addresses */

const char *config_address_fault(
	const char *text, bool parsed, const struct addr *addr, const char *wanted)
{
	enum spelling_verdict verdict = SPELLING_INTERFACE;

	if (!parsed && !strchr(text, '%'))
		return wanted;
	if (parsed)
		verdict = spelling_destination(addr);
	return verdict == SPELLING_OK ? NULL : spelling_error(verdict);
}

/* ------------------------------------------------------------------ dnsfwd itself */

/* A forwarding loop: each query would come back until something breaks (threats A51). */
static bool is_ourselves(const struct config *c, const struct addr *addr)
{
	for (size_t i = 0; i < c->listen_count; i++) {
		if (addr_reaches(&c->listen[i].addr, addr))
			return true;
	}
	return false;
}

static bool check_loop(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const struct addr *addr)
{
	char allowed[ADDR_TEXT_MAX + 80], ip[ADDR_TEXT_MAX];

	if (!is_ourselves(l->config, addr))
		return true;
	snprintf(allowed, sizeof allowed, "%s is where dnsfwd itself listens (option \"listen\")",
		addr_text(addr, ip));
	refuse(l, o, text, where, allowed);
	return false;
}

bool config_check_address(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const struct addr *addr)
{
	const struct presets *presets = load_presets(l);
	const struct preset *preset = presets ? presets_match(presets, addr, NULL) : NULL;

	if (!preset || !preset->retired)
		return check_loop(l, o, text, where, addr);
	refuse(l, o, text, where, preset->retired);
	return false;
}

/* ------------------------------------------------------------------ the same one twice */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcasecmp(a, b) == 0 : a == b;
}

static bool share_address(const struct config_upstream *a, const struct config_upstream *b)
{
	for (size_t i = 0; i < a->address_count; i++) {
		for (size_t j = 0; j < b->address_count; j++) {
			if (addr_equal(&a->address[i], &b->address[j]))
				return true;
		}
	}
	return false;
}

static bool same_path(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Who may answer: two that differ in it never share a session. */
static bool same_trust(const struct config_upstream *a, const struct config_upstream *b)
{
	return a->profile == b->profile && same_text(a->auth_name, b->auth_name) &&
	       same_path(a->tls_cert_bundle, b->tls_cert_bundle) && config_pins_equal(a, b);
}

static bool is_same(const struct config_upstream *a, const struct config_upstream *b)
{
	if (!same_trust(a, b) || a->transport != b->transport)
		return false;
	if (a->host && b->host)
		return a->port == b->port && same_text(a->host, b->host);
	return share_address(a, b);
}

static bool check_duplicate(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	const struct config *c = l->config;
	const struct config_upstream *last = &c->forward[c->upstream_count - 1];
	char allowed[160];

	for (const struct config_upstream *u = &c->forward[l->group]; u < last; u++) {
		if (!is_same(u, last))
			continue;
		snprintf(allowed, sizeof allowed, "it is listed already, as \"%.80s\"", u->name);
		refuse(l, o, text, where, allowed);
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------ profiles */

static const char *profile_text(enum config_profile profile)
{
	return profile == PROFILE_STRICT ? "strict" : "opportunistic";
}

/* A group that is strict in part is not strict: the others would answer what these refuse. */
static bool check_profile(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const struct config_upstream *u)
{
	const struct config_upstream *first = &l->config->forward[l->group];
	char allowed[200];

	if (u->profile == first->profile || l->profiles_told)
		return true;
	l->profiles_told = true;
	snprintf(allowed, sizeof allowed,
		"its profile is %s, but %.80s is %s: all that forward lists must have one profile",
		profile_text(u->profile), first->name, profile_text(first->profile));
	refuse(l, o, text, where, allowed);
	return false;
}

/* All of the group are: one warning is enough. */
static void warn_opportunistic(struct loader *l, const char *text, struct config_place where,
	const struct config_upstream *u)
{
	if (u->profile != PROFILE_OPPORTUNISTIC || l->config->upstream_count > l->group + 1)
		return;
	errors_add(&l->config->warnings, where,
		"forward: %.80s is opportunistic: encrypted but not authenticated if its "
		"certificate does not fit: whoever is on the path can answer",
		text);
}

/* ------------------------------------------------------------------ one that must be looked up */

/* Where one is in clear, all that is asked is. */
static bool check_plain(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const struct config_upstream *u)
{
	const struct config_upstream *first = &l->config->forward[l->group];

	if (config_is_plain(u->transport) == config_is_plain(first->transport))
		return true;
	refuse(l, o, text, where,
		"upstreams in clear (udp://, tcp://) and encrypted ones must not stand side by "
		"side");
	return false;
}

static bool check_host(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const struct config_upstream *u)
{
	char allowed[SPELLING_NAME_MAX + 160];

	if (!u->host || !l->no_bootstrap)
		return true;
	snprintf(allowed, sizeof allowed,
		"the address of %s has to be looked up, but option \"bootstrap\" is empty; write "
		"name servers there, or an address here",
		u->host);
	refuse(l, o, text, where, allowed);
	return false;
}

/* RFC 7858 3.1, RFC 8094 2: agreed on or not, that port is not for it. */
static bool check_port(struct loader *l, const struct option *o, const char *text,
	struct config_place where, const struct config_upstream *u)
{
	if (u->port != 53 || config_is_plain(u->transport))
		return true;
	refuse(l, o, text, where,
		"port 53 is that of DNS in clear, where nobody speaks TLS or DTLS; write 853, or no port");
	return false;
}

/* ------------------------------------------------------------------ what is behind it */

static const struct preset *service(struct loader *l, const struct config_upstream *u)
{
	const struct presets *presets = load_presets(l);
	const struct preset *found = NULL;

	for (size_t i = 0; presets && !found && i < u->address_count; i++)
		found = presets_match(presets, &u->address[i], NULL);
	if (presets && !found)
		found = presets_match(presets, NULL, u->host);
	if (presets && !found)
		found = presets_match(presets, NULL, u->auth_name);
	return found;
}

static const struct config_upstream *find_filter(const struct loader *l, enum config_filter filter)
{
	const struct config *c = l->config;

	for (size_t i = l->group; i < c->upstream_count; i++) {
		if (c->forward[i].filter == filter)
			return &c->forward[i];
	}
	return NULL;
}

/* Another one that filters, but something else; NULL: none. */
static const struct config_upstream *find_other_filter(
	struct loader *l, const struct config_upstream *some)
{
	const char *filter = service(l, some)->filter;

	for (size_t i = l->group; i < l->config->upstream_count; i++) {
		const struct config_upstream *u = &l->config->forward[i];

		if (u->filter == FILTER_SOME && strcmp(service(l, u)->filter, filter) != 0)
			return u;
	}
	return NULL;
}

/* What one upstream of the group does not filter, undoes the filter of the other at times. */
static void warn_mixed(struct loader *l, struct config_place where)
{
	const struct config_upstream *some = find_filter(l, FILTER_SOME), *other;

	if (l->mixed || !some)
		return;
	other = find_filter(l, FILTER_NONE);
	if (!other)
		other = find_other_filter(l, some);
	if (!other)
		return;
	l->mixed = true;
	errors_add(&l->config->warnings, where,
		"forward mixes %.80s (filters: %s) with %.80s (filters%s %s): names that the "
		"first blocks %s answered by the second; use one kind",
		some->name, service(l, some)->filter, other->name,
		other->filter == FILTER_NONE ? "" : ":",
		other->filter == FILTER_NONE ? "nothing" : service(l, other)->filter,
		other->filter == FILTER_NONE ? "are" : "may be");
}

static bool check_service(struct loader *l, const struct option *o, const char *text,
	struct config_place where, struct config_upstream *u)
{
	const struct preset *preset = service(l, u);

	if (!preset)
		return true;
	if (preset->retired) {
		refuse(l, o, text, where, preset->retired);
		return false;
	}
	u->filter = preset_filter(preset);
	if (preset->status)
		errors_add(
			&l->config->warnings, where, "forward: %.80s is %s", text, preset->status);
	warn_mixed(l, where);
	return true;
}

void config_check_forward(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	struct config_upstream *u = &l->config->forward[l->config->upstream_count - 1];

	if (!check_service(l, o, text, where, u) || !check_duplicate(l, o, text, where) ||
		!check_profile(l, o, text, where, u) || !check_plain(l, o, text, where, u))
		return;
	warn_opportunistic(l, text, where, u);
	for (size_t i = 0; i < u->address_count; i++) {
		if (!check_loop(l, o, text, where, &u->address[i]))
			return;
	}
	if (check_port(l, o, text, where, u))
		check_host(l, o, text, where, u);
}
