#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config/option.h"
#include "common/local/record_line.h"
#include "proxy/import/import.h"
#include "proxy/import/unbound_lines.h"

#define DOT_PORT 853u

/* A forward-zone or stub-zone while it is read. */
struct zone {
	unsigned number, line;
	char name[256];
	bool is_stub, tls;
	struct {
		char text[300];
		unsigned line;
		bool is_host;
	} server[CONFIG_FORWARD_MAX];
	size_t count;
};

struct unbound {
	struct draft *draft;
	struct zone zone;
	bool tls_upstream; /* tls-upstream: every zone's */
	bool stale, stale_is_timed;
	bool allows; /* a network was let in */
	uint64_t cache;
};

/* ------------------------------------------------------------------ zones */

static bool is_root(const char *name)
{
	return strcmp(name, ".") == 0 || !*name;
}

/* ADDRESS[@PORT][#NAME], or a host name with the same behind it. */
static void take_server(struct unbound *u, struct draft_group *g, size_t index)
{
	struct zone *z = &u->zone;
	char *text = z->server[index].text, *hash = strchr(text, '#'), *at;
	unsigned line = z->server[index].line;
	bool tls = z->tls || u->tls_upstream;
	struct draft_server s = { .clear = !tls };
	uint64_t port = 0;

	if (hash)
		*hash = '\0';
	at = strchr(text, '@');
	if (at)
		*at = '\0';
	if (at && (!draft_number(u->draft, line, "port", at + 1, &port) || port > 65535))
		return;
	s.port = port == (tls ? DOT_PORT : 53u) ? 0 : (unsigned)port;
	s.address = z->server[index].is_host ? NULL : text;
	s.auth_name = z->server[index].is_host ? text : hash && tls ? hash + 1 : NULL;
	if (s.clear && !s.address)
		draft_note(u->draft, line, "%s: in clear an address is wanted", text);
	else
		draft_server(u->draft, line, g, &s);
	if (tls && s.address && !s.auth_name)
		draft_note(u->draft, line,
			"%s has no name behind #, so that its certificate must have the address",
			text);
}

static void finish_zone(struct unbound *u)
{
	struct zone *z = &u->zone;
	bool tls = z->tls || u->tls_upstream;
	struct draft_group *g = &u->draft->main;

	if (z->count > 0 && is_root(z->name) && !tls) {
		draft_note(u->draft, z->line,
			"the zone \".\" is forwarded in clear, which dnsfwd never does");
		g = NULL;
	} else if (z->count > 0 && !is_root(z->name)) {
		g = draft_zone(u->draft, z->line, z->name);
	}
	if (z->count > 0 && z->is_stub)
		draft_note(u->draft, z->line,
			"stub-zone %s: its servers are asked as resolvers, with recursion wanted",
			z->name);
	for (size_t i = 0; g && i < z->count; i++)
		take_server(u, g, i);
	*z = (struct zone){ .number = 0 };
}

static void add_server(struct unbound *u, const struct unbound_line *l, bool is_host)
{
	struct zone *z = &u->zone;

	if (z->count == CONFIG_FORWARD_MAX) {
		draft_note(u->draft, l->line, "%s: there are more than %u", l->value[0],
			CONFIG_FORWARD_MAX);
		return;
	}
	snprintf(z->server[z->count].text, sizeof z->server[0].text, "%s", l->value[0]);
	z->server[z->count].line = l->line;
	z->server[z->count++].is_host = is_host;
}

static void take_zone_key(struct unbound *u, const struct unbound_line *l)
{
	struct zone *z = &u->zone;
	const char *key = strchr(l->key, '-');
	bool yes = false;

	if (z->number != l->clause_number) {
		finish_zone(u);
		z->number = l->clause_number;
		z->line = l->line;
		z->is_stub = strcmp(l->clause, "stub-zone") == 0;
	}
	if (strcmp(l->key, "name") == 0)
		snprintf(z->name, sizeof z->name, "%.*s",
			(int)(strlen(l->value[0]) -
				(strlen(l->value[0]) > 1 &&
					l->value[0][strlen(l->value[0]) - 1] == '.')),
			l->value[0]);
	else if (key && strcmp(key, "-addr") == 0)
		add_server(u, l, false);
	else if (key && strcmp(key, "-host") == 0)
		add_server(u, l, true);
	else if (key && (strcmp(key, "-tls-upstream") == 0 || strcmp(key, "-ssl-upstream") == 0))
		z->tls |= draft_bool(u->draft, l->line, l->key, l->value[0], &yes) && yes;
	else
		draft_note(
			u->draft, l->line, "%s: %s: there is nothing like it", l->clause, l->key);
}

/* ------------------------------------------------------------------ settings of the server */

typedef void server_rule(struct unbound *u, const struct unbound_line *l, const char *option);

static void as_number(struct unbound *u, const struct unbound_line *l, const char *option)
{
	uint64_t n;

	if (draft_number(u->draft, l->line, l->key, l->value[0], &n))
		draft_set_number(u->draft, l->line, option, n);
}

static void as_milliseconds(struct unbound *u, const struct unbound_line *l, const char *option)
{
	uint64_t n;

	if (draft_number(u->draft, l->line, l->key, l->value[0], &n))
		draft_set_number(u->draft, l->line, option, (n + 999) / 1000);
}

static void as_bool(struct unbound *u, const struct unbound_line *l, const char *option)
{
	bool yes;

	if (draft_bool(u->draft, l->line, l->key, l->value[0], &yes))
		draft_set(u->draft, option, yes ? "true" : "false");
}

static void as_text(struct unbound *u, const struct unbound_line *l, const char *option)
{
	draft_set_text(u->draft, option, l->value[0]);
}

static void as_entry(struct unbound *u, const struct unbound_line *l, const char *option)
{
	draft_add(u->draft, option, l->value[0]);
}

static void take_interface(struct unbound *u, const struct unbound_line *l, const char *option)
{
	struct addr addr;

	if (addr_parse(l->value[0], strlen(l->value[0]), 53, false, &addr))
		draft_add(u->draft, option, l->value[0]);
	else
		draft_note(u->draft, l->line, "interface: %s: an address is wanted", l->value[0]);
}

/* This machine is let in by unbound whatever else is written. */
static void allow(struct unbound *u, const char *option, const char *network)
{
	static const char *const own[] = { "127.0.0.0/8", "::1/128" };

	for (size_t i = 0; i < 2 && !u->allows; i++)
		draft_add(u->draft, option, own[i]);
	u->allows = true;
	if (strcmp(network, own[0]) != 0 && strcmp(network, own[1]) != 0)
		draft_add(u->draft, option, network);
}

static void take_access(struct unbound *u, const struct unbound_line *l, const char *option)
{
	struct prefix prefix;

	if (l->count < 2 || !prefix_parse(l->value[0], &prefix))
		draft_note(u->draft, l->line, "access-control: \"%s\" is no network", l->value[0]);
	else if (strncmp(l->value[1], "allow", 5) == 0)
		allow(u, option, l->value[0]);
	else
		draft_note(u->draft, l->line,
			"access-control: %s %s: who is not allowed is refused", l->value[0],
			l->value[1]);
}

/* Two caches there are one here. */
static void take_cache(struct unbound *u, const struct unbound_line *l, const char *option)
{
	uint64_t octets;
	char text[24];

	if (!size_parse(l->value[0], &octets)) {
		draft_note(u->draft, l->line, "%s: \"%s\" is no size", l->key, l->value[0]);
		return;
	}
	u->cache += octets;
	size_text(u->cache, text, sizeof text);
	draft_set_text(u->draft, option, text);
}

static void take_stale(struct unbound *u, const struct unbound_line *l, const char *option)
{
	bool yes = false;

	(void)option;
	u->stale = draft_bool(u->draft, l->line, l->key, l->value[0], &yes) && yes;
}

static void take_stale_time(struct unbound *u, const struct unbound_line *l, const char *option)
{
	u->stale_is_timed = true;
	as_number(u, l, option);
}

static void take_verbosity(struct unbound *u, const struct unbound_line *l, const char *option)
{
	uint64_t n;

	if (draft_number(u->draft, l->line, l->key, l->value[0], &n))
		draft_set_text(u->draft, option, n == 0 ? "warning" : n == 1 ? "info" : "debug");
}

/* Written as they are here. */
static void take_record(struct unbound *u, const struct unbound_line *l, const char *option)
{
	struct record_line record;
	const char *why;

	if (record_line_parse(l->value[0], &record, &why))
		draft_add(u->draft, option, l->value[0]);
	else
		draft_note(u->draft, l->line, "local-data: \"%s\": %s", l->value[0], why);
}

static void take_reverse(struct unbound *u, const struct unbound_line *l, const char *option)
{
	(void)option;
	draft_note(u->draft, l->line,
		"local-data-ptr: %s: reverse names are made of A and AAAA records", l->value[0]);
}

static void take_zone_upstream(struct unbound *u, const struct unbound_line *l, const char *option)
{
	bool yes = false;

	(void)option;
	u->tls_upstream |= draft_bool(u->draft, l->line, l->key, l->value[0], &yes) && yes;
}

static void take_block(struct unbound *u, const struct unbound_line *l, const char *option)
{
	uint64_t n;

	(void)option;
	if (!draft_number(u->draft, l->line, l->key, l->value[0], &n))
		return;
	if (n >= 16 && n <= 512)
		u->draft->pad_block = (unsigned)n;
	else
		draft_note(u->draft, l->line, "%s: %s: 16 to 512 is allowed", l->key, l->value[0]);
}

static const struct {
	const char *key;
	server_rule *rule;
	const char *option;
} server_keys[] = {
	{ "interface", take_interface, "listen" },
	{ "ip-address", take_interface, "listen" },
	{ "port", as_number, "port" },
	{ "access-control", take_access, "allow" },
	{ "ip-freebind", as_bool, "freebind" },
	{ "num-threads", as_number, "workers" },
	{ "cache-min-ttl", as_number, "cache-min-ttl" },
	{ "cache-max-ttl", as_number, "cache-max-ttl" },
	{ "msg-cache-size", take_cache, "cache-size" },
	{ "rrset-cache-size", take_cache, "cache-size" },
	{ "prefetch", as_bool, "prefetch" },
	{ "serve-expired", take_stale, "serve-stale" },
	{ "serve-expired-ttl", take_stale_time, "serve-stale" },
	{ "tls-cert-bundle", as_text, "tls-cert-bundle" },
	{ "ssl-cert-bundle", as_text, "tls-cert-bundle" },
	{ "tls-upstream", take_zone_upstream, NULL },
	{ "ssl-upstream", take_zone_upstream, NULL },
	{ "edns-buffer-size", as_number, "edns-size" },
	{ "answer-cookie", as_bool, "answer-cookies" },
	{ "incoming-num-tcp", as_number, "tcp-clients" },
	{ "tcp-idle-timeout", as_milliseconds, "tcp-idle-timeout" },
	{ "ip-ratelimit", as_number, "rate-limit" },
	{ "pad-queries-block-size", take_block, NULL },
	{ "private-address", as_entry, "private-address" },
	{ "private-domain", as_entry, "private-address-except" },
	{ "local-data", take_record, "record" },
	{ "local-data-ptr", take_reverse, NULL },
	{ "verbosity", take_verbosity, "log-level" },
	{ "log-queries", as_bool, "log-queries" },
};

/* Why there is nothing like it; others are named without a reason. */
static const char *const reasons[][2] = {
	{ "qname-minimisation", "only the resolver that is asked can do that" },
	{ "auto-trust-anchor-file",
		"dnsfwd passes signatures on; take an upstream that validates" },
	{ "trust-anchor-file", "dnsfwd passes signatures on; take an upstream that validates" },
	{ "module-config", "dnsfwd passes signatures on; take an upstream that validates" },
	{ "local-zone",
		"special-use names are answered already; see options \"block\", \"record\"" },
	{ "hide-identity", "dnsfwd tells nothing of itself" },
	{ "hide-version", "dnsfwd tells nothing of itself" },
	{ "pad-queries", "queries are always padded" },
	{ "do-udp", "UDP and TCP are always taken" },
	{ "do-tcp", "UDP and TCP are always taken" },
	{ "root-hints", "dnsfwd asks resolvers, not the root" },
	{ "tls-system-cert", "the system's store is used where no other is named" },
	{ "do-daemonize", "dnsfwd stays in the foreground" },
};

static void take_server_key(struct unbound *u, const struct unbound_line *l)
{
	for (size_t i = 0; i < sizeof server_keys / sizeof server_keys[0]; i++)
		if (strcmp(server_keys[i].key, l->key) == 0) {
			server_keys[i].rule(u, l, server_keys[i].option);
			return;
		}
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (strcmp(reasons[i][0], l->key) == 0) {
			draft_note(u->draft, l->line, "%s: %s: %s", l->key, l->value[0],
				reasons[i][1]);
			return;
		}
	draft_note(u->draft, l->line, "%s: %s: there is nothing like it", l->key, l->value[0]);
}

static void take(void *arg, const struct unbound_line *l)
{
	struct unbound *u = arg;

	if (strcmp(l->clause, "server") == 0)
		take_server_key(u, l);
	else if (strcmp(l->clause, "forward-zone") == 0 || strcmp(l->clause, "stub-zone") == 0)
		take_zone_key(u, l);
	else
		draft_note(u->draft, l->line, "%s: %s: there is nothing like it",
			*l->clause ? l->clause : "outside of all", l->key);
}

void import_unbound(struct draft *d, const char *text)
{
	struct unbound u = { .draft = d };

	unbound_lines(d, text, take, &u);
	finish_zone(&u);
	/* Unbound serves none unless it is told to, and then for any time if none is said. */
	if (!u.stale)
		draft_set(d, "serve-stale", "0");
	else if (!u.stale_is_timed)
		draft_set_text(d, "serve-stale", "1d");
}
