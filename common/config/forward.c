#include "common/config/forward.h"

#include <stdlib.h>
#include <string.h>

#include "common/config/check.h"
#include "common/config/nearest.h"
#include "common/config/pins.h"
#include "common/config/presets.h"
#include "common/config/upstream.h"
#include "common/config/value.h"

#define TLS_PORT 853u

/* One entry, and where it stands. */
struct entry {
	struct loader *loader;
	const struct option *option;
	const char *text;
	struct config_place where;
};

static void refuse(const struct entry *e, const char *allowed)
{
	char value[VALUE_TEXT_MAX];

	snprintf(value, sizeof value, "\"%.80s\"", e->text);
	value_refuse(e->loader->errors, e->where, e->option, value, allowed);
}

/* A place for one more upstream in the configuration's list. */
static struct config_upstream *append(struct loader *l)
{
	struct config *c = l->config;
	struct config_upstream *u = load_grow(l, c->forward, c->upstream_count, sizeof *u);

	if (!u)
		return NULL;
	c->forward = u;
	u += c->upstream_count++;
	*u = (struct config_upstream){ 0 };
	return u;
}

/* ------------------------------------------------------------------ one of the long form */

static bool append_copy(struct loader *l, const struct config_upstream *from)
{
	struct config_upstream *u = append(l);

	if (!u)
		return false;
	*u = *from;
	u->address = NULL;
	u->address_count = 0;
	u->pins = NULL;
	u->pin_count = 0;
	for (size_t i = 0; i < from->address_count; i++)
		config_upstream_add_address(l, u, &from->address[i]);
	config_pins_copy(l, u, from);
	u->host = load_strdup(l, from->host);
	u->name = load_strdup(l, from->name);
	u->auth_name = load_strdup(l, from->auth_name);
	u->tls_cert_bundle = load_strdup(l, from->tls_cert_bundle);
	return true;
}

/* ------------------------------------------------------------------ presets */

static struct config_upstream *append_default(const struct entry *e, uint16_t port)
{
	struct loader *l = e->loader;
	struct config_upstream *u = append(l);

	if (!u)
		return NULL;
	config_upstream_defaults(l, u);
	u->name = load_strdup(l, e->text);
	u->port = port;
	return u;
}

static void add_addresses(
	struct loader *l, struct config_upstream *u, const struct preset *p, uint16_t port)
{
	struct addr addr;

	for (size_t i = 0; i < p->address_count; i++) {
		if (!addr_parse_ip(p->address[i], &addr))
			continue;
		addr_set_port(&addr, port);
		config_upstream_add_address(l, u, &addr);
	}
}

/* `len` octets of the text name the preset. */
static bool append_preset(const struct entry *e, const struct preset *p, size_t len, uint16_t port)
{
	struct loader *l = e->loader;
	char host[SPELLING_NAME_MAX];
	struct config_upstream *u;

	if (p->retired) {
		refuse(e, p->retired);
		return false;
	}
	if (p->is_template && !preset_host(p, e->text, len, host)) {
		refuse(e, "behind the / stands your own id, as the service gave it to you");
		return false;
	}
	u = append_default(e, port);
	if (!u)
		return false;
	if (p->is_template)
		u->host = load_strdup(l, host);
	else
		add_addresses(l, u, p, port);
	u->auth_name = load_strdup(l, p->is_template ? host : p->auth_name);
	return true;
}

/* ------------------------------------------------------------------ spellings */

/* Loopback, private, unique local and link-local addresses. */
static bool is_of_own_network(const struct addr *addr)
{
	static const char *const networks[] = { "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12",
		"192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10" };
	struct prefix prefix;

	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
		if (prefix_parse(networks[i], &prefix) && prefix_match(&prefix, addr))
			return true;
	return false;
}

static bool is_plain(const struct spelling *spelling)
{
	return spelling->scheme == SCHEME_UDP || spelling->scheme == SCHEME_TCP;
}

/* Never in clear, but for names of a network of one's own (design 5). */
static bool may_be_plain(const struct entry *e, const struct spelling *spelling)
{
	const struct loader *l = e->loader;

	if (!l->zone)
		refuse(e, "udp:// and tcp:// are DNS in clear, which has its place in a zone only; "
			  "write it like \"tls://9.9.9.9#dns.quad9.net\" or "
			  "\"tls://dns.quad9.net\"");
	else if (!l->zone->portal && !l->config->insecure_plain &&
		 !is_of_own_network(&spelling->addr))
		refuse(e, "in clear only a network of one's own is asked (loopback, private and "
			  "link-local addresses); option \"insecure-plain\" allows others");
	else
		return true;
	return false;
}

static bool append_spelling(const struct entry *e, const struct spelling *spelling)
{
	static const enum config_transport transports[] = {
		[SCHEME_TLS] = TRANSPORT_TLS,
		[SCHEME_DTLS] = TRANSPORT_DTLS,
		[SCHEME_UDP] = TRANSPORT_UDP,
		[SCHEME_TCP] = TRANSPORT_TCP,
	};
	struct loader *l = e->loader;
	struct config_upstream *u = append_default(e, spelling->port);

	if (!u)
		return false;
	u->transport = transports[spelling->scheme];
	if (*spelling->host)
		u->host = load_strdup(l, spelling->host);
	else
		config_upstream_add_address(l, u, &spelling->addr);
	if (*spelling->auth_name)
		u->auth_name = load_strdup(l, spelling->auth_name);
	return true;
}

/* Neither a preset nor an upstream: perhaps one is meant that has nearly this name. */
static void refuse_word(const struct entry *e, const struct presets *presets)
{
	const struct loader *l = e->loader;
	struct nearest best = { 0 };
	char allowed[200];

	for (size_t i = 0; i < l->upstream_count; i++) {
		if (l->upstreams[i].name)
			nearest_offer(&best, e->text, l->upstreams[i].name);
	}
	for (size_t i = 0; i < presets->count; i++) {
		if (!presets->list[i].retired)
			nearest_offer(&best, e->text, presets->list[i].name);
	}
	snprintf(allowed, sizeof allowed, "unknown preset or upstream, did you mean \"%s\"?",
		best.name ? best.name : "");
	refuse(e, best.name ? allowed : spelling_error(SPELLING_WORD));
}

static bool read_spelling(const struct entry *e, const struct presets *presets)
{
	struct spelling spelling;
	enum spelling_verdict verdict = spelling_parse(e->text, &spelling);

	if (verdict == SPELLING_WORD) {
		refuse_word(e, presets);
	} else if (verdict != SPELLING_OK) {
		refuse(e, spelling_error(verdict));
	} else if (presets_find(presets, spelling.host, strlen(spelling.host)) &&
		   !strchr(spelling.host, '.')) {
		/* Nobody has a host of this name, so the look-up would fail for ever. */
		refuse(e, "this is a preset, write its name without tls://");
	} else if (!is_plain(&spelling) || may_be_plain(e, &spelling)) {
		return append_spelling(e, &spelling);
	}
	return false;
}

/* What is written in the file comes first. */
static bool read_entry(const struct entry *e)
{
	const struct config_upstream *named = config_upstream_find(e->loader, e->text);
	const struct presets *presets;
	const struct preset *preset;
	uint16_t port = TLS_PORT;
	size_t len;

	if (named)
		return append_copy(e->loader, named);
	presets = load_presets(e->loader);
	if (!presets)
		return false;
	len = spelling_split_port(e->text, strlen(e->text), &port);
	preset = presets_find(presets, e->text, len);
	return preset ? append_preset(e, preset, len, port) : read_spelling(e, presets);
}

void config_forward_entry(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	const struct entry e = { l, o, text, where };

	if (l->config->upstream_count >= CONFIG_ALL_MAX)
		refuse(&e, "too many: forward and all zones may have 64 in all");
	else if (read_entry(&e))
		config_check_forward(l, o, text, where);
}
