#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config/option.h"
#include "proxy/import/import.h"

#define LINE_MAX_OCTETS 4096u

/* How resolved would ask them (DNSOverTLS=). */
enum tls_mode { TLS_UNSAID = 0, TLS_NO, TLS_OPPORTUNISTIC, TLS_YES };

struct server {
	char *text;
	unsigned line;
	struct server *next;
};

struct resolved {
	struct draft *draft;
	struct server *dns, *fallback;
	enum tls_mode tls;
	unsigned tls_line, line;
	bool in_section, no_stub, extra;
};

/* ------------------------------------------------------------------ lists of servers */

static void forget(struct server **list)
{
	while (*list) {
		struct server *next = (*list)->next;

		free((*list)->text);
		free(*list);
		*list = next;
	}
}

static void append(struct resolved *r, struct server **list, const char *text)
{
	struct server *s = calloc(1, sizeof *s);

	if (!s || !(s->text = strdup(text))) {
		r->draft->no_memory = true;
		free(s);
		return;
	}
	s->line = r->line;
	while (*list)
		list = &(*list)->next;
	*list = s;
}

/* An empty assignment begins anew (systemd.syntax(7)). */
static void collect(struct resolved *r, struct server **list, char *value)
{
	char *word;

	if (!*value)
		forget(list);
	while ((word = strsep(&value, " \t")))
		if (*word)
			append(r, list, word);
}

/* ADDRESS[:PORT][%INTERFACE][#NAME], an IPv6 address with port in brackets. */
static void take_server(struct resolved *r, const struct server *from)
{
	struct draft *d = r->draft;
	char ip[ADDR_TEXT_MAX];
	char *hash = strchr(from->text, '#'), *scope;
	struct draft_server s = { .opportunistic = r->tls == TLS_OPPORTUNISTIC };
	struct addr addr;

	if (hash)
		*hash = '\0';
	s.auth_name = hash && hash[1] ? hash + 1 : NULL;
	scope = strchr(from->text, '%');
	if (scope && strncasecmp(from->text, "fe80:", 5) != 0 &&
		strncasecmp(from->text, "[fe80:", 6) != 0) {
		draft_note(d, from->line, "DNS: the interface %s of %s: upstreams leave by any",
			scope + 1, from->text);
		*scope = '\0';
	}
	if (!addr_parse(from->text, strlen(from->text), 853, false, &addr)) {
		draft_note(d, from->line, "DNS: \"%s\" is not understood", from->text);
		return;
	}
	s.address = addr_ip_text(&addr, ip);
	s.port = addr_port(&addr) == 853 ? 0 : addr_port(&addr);
	if (!s.auth_name && !s.opportunistic)
		draft_note(d, from->line,
			"DNS: %s has no name behind #, so that its certificate must have the "
			"address",
			from->text);
	draft_server(d, from->line, &d->main, &s);
}

/* ------------------------------------------------------------------ settings */

static void take_tls(struct resolved *r, const char *value)
{
	bool yes = false;

	r->tls_line = r->line;
	if (strcasecmp(value, "opportunistic") == 0)
		r->tls = TLS_OPPORTUNISTIC;
	else if (draft_bool(r->draft, r->line, "DNSOverTLS", value, &yes))
		r->tls = yes ? TLS_YES : TLS_NO;
}

static void take_domains(struct resolved *r, char *value)
{
	char *word;

	while ((word = strsep(&value, " \t"))) {
		if (!*word || strcmp(word, "~.") == 0)
			continue; /* everything goes to dnsfwd anyway */
		if (*word == '~')
			draft_note(r->draft, r->line,
				"Domains: %s: a zone needs servers of its own, see option \"zone\"",
				word);
		else
			draft_note(r->draft, r->line,
				"Domains: %s: search lists are for resolv.conf: \"search %s\"",
				word, word);
	}
}

static void take_cache(struct resolved *r, const char *value)
{
	bool yes = true;

	if (strcasecmp(value, "no-negative") == 0)
		draft_note(
			r->draft, r->line, "Cache=no-negative: what does not exist is kept, too");
	else if (draft_bool(r->draft, r->line, "Cache", value, &yes) && !yes)
		draft_set(r->draft, "cache-size", "0");
}

static void take_hosts(struct resolved *r, const char *value)
{
	bool yes = true;

	if (draft_bool(r->draft, r->line, "ReadEtcHosts", value, &yes) && !yes)
		draft_set(r->draft, "hosts", "[ ]");
}

static void take_stale(struct resolved *r, const char *value)
{
	uint64_t us;

	if (duration_parse(value, &us))
		draft_set_number(r->draft, r->line, "serve-stale", us / 1000000);
	else
		draft_note(r->draft, r->line, "StaleRetentionSec: \"%s\" is not understood", value);
}

/* [udp:|tcp:]ADDRESS[:PORT]: dnsfwd takes both on each. */
static void take_listener(struct resolved *r, const char *value)
{
	struct addr addr;

	if (strncmp(value, "udp:", 4) == 0 || strncmp(value, "tcp:", 4) == 0)
		value += 4;
	if (!addr_parse(value, strlen(value), 53, false, &addr)) {
		draft_note(r->draft, r->line, "DNSStubListenerExtra: \"%s\" is no address", value);
		return;
	}
	draft_add(r->draft, "listen", value);
	r->extra = true;
}

static void refuse(struct resolved *r, const char *key, const char *value)
{
	static const char *const rows[][2] = {
		{ "DNSSEC", "dnsfwd passes signatures on; take an upstream that validates" },
		{ "LLMNR", "dnsfwd does not do it" },
		{ "MulticastDNS", "dnsfwd does not do it; avahi does" },
		{ "DNSStubListener", "dnsfwd listens where option \"listen\" says" },
		{ "ResolveUnicastSingleLabel", "names without a dot are asked for like others" },
		{ "CacheFromLocalhost", "what upstreams on this machine say is kept as well" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcasecmp(rows[i][0], key) == 0) {
			draft_note(r->draft, r->line, "%s=%s: %s", key, value, rows[i][1]);
			return;
		}
	draft_note(r->draft, r->line, "%s=%s: there is nothing like it", key, value);
}

static void take(struct resolved *r, const char *key, char *value)
{
	if (strcasecmp(key, "DNS") == 0)
		collect(r, &r->dns, value);
	else if (strcasecmp(key, "FallbackDNS") == 0)
		collect(r, &r->fallback, value);
	else if (strcasecmp(key, "DNSOverTLS") == 0)
		take_tls(r, value);
	else if (strcasecmp(key, "Domains") == 0)
		take_domains(r, value);
	else if (strcasecmp(key, "Cache") == 0)
		take_cache(r, value);
	else if (strcasecmp(key, "ReadEtcHosts") == 0)
		take_hosts(r, value);
	else if (strcasecmp(key, "StaleRetentionSec") == 0)
		take_stale(r, value);
	else if (strcasecmp(key, "DNSStubListenerExtra") == 0)
		take_listener(r, value);
	else
		refuse(r, key, value);
	if (strcasecmp(key, "DNSStubListener") == 0)
		r->no_stub = strcasecmp(value, "no") == 0 || strcasecmp(value, "false") == 0 ||
			     strcasecmp(value, "off") == 0 || strcmp(value, "0") == 0;
}

/* ------------------------------------------------------------------ lines */

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

static void take_line(struct resolved *r, char *line)
{
	char *key = trim(line), *value = strchr(key, '=');

	if (!*key || *key == '#' || *key == ';')
		return;
	if (*key == '[') {
		r->in_section = strcasecmp(key, "[Resolve]") == 0;
		return;
	}
	if (!value || !r->in_section) {
		draft_note(r->draft, r->line, "\"%s\" is not understood", key);
		return;
	}
	*value = '\0';
	take(r, trim(key), trim(value + 1));
}

/* What DNSStubListenerExtra names stands beside the stub, unless there is none. */
static void take_listeners(struct resolved *r)
{
	if (r->extra && !r->no_stub)
		for (size_t i = 0; i < 2; i++)
			draft_add(r->draft, "listen", i == 0 ? "127.0.0.1" : "::1");
}

/* FallbackDNS is for when there is nothing else: also here. */
static void take_servers(struct resolved *r)
{
	if (r->tls == TLS_NO)
		draft_note(r->draft, r->tls_line,
			"DNSOverTLS=no: dnsfwd asks them encrypted, and never in clear");
	if (r->tls == TLS_OPPORTUNISTIC)
		draft_note(r->draft, r->tls_line,
			"DNSOverTLS=opportunistic: encrypted, not authenticated, and never in "
			"clear");
	for (const struct server *s = r->dns ? r->dns : r->fallback; s; s = s->next)
		take_server(r, s);
	for (const struct server *s = r->dns ? r->fallback : NULL; s; s = s->next)
		draft_note(r->draft, s->line, "FallbackDNS: %s: not needed beside DNS", s->text);
}

void import_resolved(struct draft *d, const char *text)
{
	struct resolved r = { .draft = d };
	char line[LINE_MAX_OCTETS];

	for (; *text; text += *text == '\n') {
		size_t len = strcspn(text, "\n");

		r.line++;
		if (len < sizeof line) {
			memcpy(line, text, len);
			line[len] = '\0';
			take_line(&r, line);
		} else {
			draft_note(d, r.line, "the line is too long");
		}
		text += len;
	}
	take_servers(&r);
	take_listeners(&r);
	forget(&r.dns);
	forget(&r.fallback);
}
