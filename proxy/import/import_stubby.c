#include "proxy/import/import.h"

#ifdef HAVE_YAML

#include <string.h>
#include <strings.h>
#include <yaml.h>

#define TLS_PORT 853u

/* One file as a tree: known keys are looked at once, so aliases cost nothing. */
struct stubby {
	struct draft *draft;
	yaml_document_t tree;
	bool opportunistic;
};

static unsigned line_of(const yaml_node_t *n)
{
	return (unsigned)n->start_mark.line + 1;
}

/* "" for what is no scalar. */
static const char *text_of(const yaml_node_t *n)
{
	return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
}

static yaml_node_t *item(struct stubby *s, const yaml_node_t *list, size_t index)
{
	if (list->type != YAML_SEQUENCE_NODE ||
		index >= (size_t)(list->data.sequence.items.top - list->data.sequence.items.start))
		return NULL;
	return yaml_document_get_node(&s->tree, list->data.sequence.items.start[index]);
}

static yaml_node_t *member(
	struct stubby *s, const yaml_node_t *map, size_t index, const char **ret_key)
{
	yaml_node_pair_t *pair;

	if (map->type != YAML_MAPPING_NODE ||
		index >= (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start))
		return NULL;
	pair = &map->data.mapping.pairs.start[index];
	*ret_key = text_of(yaml_document_get_node(&s->tree, pair->key));
	return yaml_document_get_node(&s->tree, pair->value);
}

static void refuse(struct stubby *s, const yaml_node_t *n, const char *key, const char *why)
{
	const char *text = text_of(n);

	draft_note(s->draft, line_of(n), "%s%s%s: %s", key, *text ? ": " : "", text, why);
}

/* ------------------------------------------------------------------ servers */

/* Digests other than SHA-256 have never been allowed (RFC 7858 4.2). */
static const char *read_pin(struct stubby *s, const yaml_node_t *pin)
{
	const char *value = "", *digest = "", *key = "";
	yaml_node_t *n;

	for (size_t i = 0; (n = member(s, pin, i, &key)); i++) {
		if (strcmp(key, "value") == 0)
			value = text_of(n);
		else if (strcmp(key, "digest") == 0)
			digest = text_of(n);
	}
	if (*value && strcasecmp(digest, "sha256") == 0)
		return value;
	draft_note(s->draft, line_of(pin), "tls_pubkey_pinset: a digest of \"sha256\" is wanted");
	return NULL;
}

static size_t read_pins(
	struct stubby *s, const yaml_node_t *list, const char *pins[CONFIG_PINS_MAX])
{
	size_t count = 0;
	yaml_node_t *n;

	for (size_t i = 0; count < CONFIG_PINS_MAX && (n = item(s, list, i)); i++)
		if ((pins[count] = read_pin(s, n)))
			count++;
	return count;
}

static void take_server_key(struct stubby *s, struct draft_server *server,
	const char *pins[CONFIG_PINS_MAX], const char *key, const yaml_node_t *n)
{
	uint64_t port;

	if (strcmp(key, "address_data") == 0)
		server->address = text_of(n);
	else if (strcmp(key, "tls_auth_name") == 0)
		server->auth_name = text_of(n);
	else if (strcmp(key, "tls_pubkey_pinset") == 0)
		server->pin_count = read_pins(s, n, pins);
	else if (strcmp(key, "tls_port") != 0)
		refuse(s, n, key, "there is nothing like it for one upstream");
	else if (draft_number(s->draft, line_of(n), key, text_of(n), &port) && port <= 65535)
		server->port = port == TLS_PORT ? 0 : (unsigned)port;
}

static void take_server(struct stubby *s, const yaml_node_t *map)
{
	const char *pins[CONFIG_PINS_MAX], *key;
	struct draft_server server = { .pins = pins, .opportunistic = s->opportunistic };
	struct addr addr;
	yaml_node_t *n;

	for (size_t i = 0; (n = member(s, map, i, &key)); i++)
		take_server_key(s, &server, pins, key, n);
	if (server.auth_name && !*server.auth_name)
		server.auth_name = NULL;
	if (!server.address || !addr_parse_ip(server.address, &addr))
		draft_note(s->draft, line_of(map), "address_data: \"%s\" is no address",
			server.address ? server.address : "");
	else
		draft_server(s->draft, line_of(map), &s->draft->main, &server);
}

/* ------------------------------------------------------------------ settings */

typedef void stubby_rule(struct stubby *s, const char *key, const yaml_node_t *n);

static void take_servers(struct stubby *s, const char *key, const yaml_node_t *list)
{
	yaml_node_t *n;

	(void)key;
	for (size_t i = 0; (n = item(s, list, i)); i++)
		take_server(s, n);
}

static void take_listeners(struct stubby *s, const char *key, const yaml_node_t *list)
{
	struct addr addr;
	yaml_node_t *n;

	for (size_t i = 0; (n = item(s, list, i)); i++)
		if (addr_parse(text_of(n), strlen(text_of(n)), 53, false, &addr))
			draft_add(s->draft, "listen", text_of(n));
		else
			refuse(s, n, key, "no address");
}

static void take_transports(struct stubby *s, const char *key, const yaml_node_t *list)
{
	yaml_node_t *n;

	for (size_t i = 0; (n = item(s, list, i)); i++)
		if (strcmp(text_of(n), "GETDNS_TRANSPORT_TLS") != 0)
			refuse(s, n, key, "upstreams are never asked in clear");
}

/* Every upstream is the same to it, and this may stand behind them. */
static void take_authentication(struct stubby *s, const char *key, const yaml_node_t *n)
{
	(void)key;
	s->opportunistic = strcmp(text_of(n), "GETDNS_AUTHENTICATION_NONE") == 0;
}

static void take_padding(struct stubby *s, const char *key, const yaml_node_t *n)
{
	uint64_t block;

	if (!draft_number(s->draft, line_of(n), key, text_of(n), &block))
		return;
	if (block >= 16 && block <= 512)
		s->draft->pad_block = block == 128 ? 0 : (unsigned)block;
	else
		refuse(s, n, key, "16 to 512 is allowed, 128 is taken");
}

static void take_subnet(struct stubby *s, const char *key, const yaml_node_t *n)
{
	if (strcmp(text_of(n), "1") != 0)
		refuse(s, n, key, "upstreams are always asked to tell nobody our network");
}

static void take_round_robin(struct stubby *s, const char *key, const yaml_node_t *n)
{
	bool yes;

	if (draft_bool(s->draft, line_of(n), key, text_of(n), &yes))
		draft_set_text(s->draft, "policy", yes ? "round-robin" : "failover");
}

static void take_timeout(struct stubby *s, const char *key, const yaml_node_t *n)
{
	uint64_t ms;

	if (draft_number(s->draft, line_of(n), key, text_of(n), &ms))
		draft_set_number(s->draft, line_of(n), "query-timeout", (ms + 999) / 1000);
}

static void take_outstanding(struct stubby *s, const char *key, const yaml_node_t *n)
{
	uint64_t count;

	if (!draft_number(s->draft, line_of(n), key, text_of(n), &count) || count == 0)
		return;
	if (count <= 4096)
		s->draft->max_inflight = (unsigned)count;
	else
		refuse(s, n, key, "4096 at most");
}

static void take_bundle(struct stubby *s, const char *key, const yaml_node_t *n)
{
	(void)key;
	draft_set_text(s->draft, "tls-cert-bundle", text_of(n));
}

static void take_resolution(struct stubby *s, const char *key, const yaml_node_t *n)
{
	if (strcmp(text_of(n), "GETDNS_RESOLUTION_STUB") != 0)
		refuse(s, n, key, "dnsfwd asks resolvers, not the root");
}

static const struct {
	const char *key;
	stubby_rule *rule;
	const char *why; /* there is no rule */
} keys[] = {
	{ "upstream_recursive_servers", take_servers, NULL },
	{ "listen_addresses", take_listeners, NULL },
	{ "dns_transport_list", take_transports, NULL },
	{ "tls_authentication", take_authentication, NULL },
	{ "tls_query_padding_blocksize", take_padding, NULL },
	{ "edns_client_subnet_private", take_subnet, NULL },
	{ "round_robin_upstreams", take_round_robin, NULL },
	{ "timeout", take_timeout, NULL },
	{ "limit_outstanding_queries", take_outstanding, NULL },
	{ "tls_ca_file", take_bundle, NULL },
	{ "resolution_type", take_resolution, NULL },
	{ "tls_ca_path", NULL, "a file is wanted: option \"tls-cert-bundle\"" },
	{ "idle_timeout", NULL, "how long an upstream lets a connection idle is learnt" },
	{ "tls_connection_retries", NULL, "a failing upstream is tried again while anybody waits" },
	{ "tls_backoff_time", NULL, "a failing upstream is tried again while anybody waits" },
	{ "tls_min_version", NULL, "TLS 1.2 at least; see option \"tls-priority\"" },
	{ "tls_max_version", NULL, "see option \"tls-priority\"" },
	{ "tls_cipher_list", NULL, "see option \"tls-priority\"" },
	{ "tls_ciphersuites", NULL, "see option \"tls-priority\"" },
	{ "dnssec", NULL, "signatures are passed on; take an upstream that validates" },
	{ "dnssec_return_status", NULL,
		"signatures are passed on; take an upstream that validates" },
	{ "appdata_dir", NULL, "see option \"state-dir\"" },
	{ "log_level", NULL, "see option \"log-level\"" },
};

static void take(struct stubby *s, const char *key, const yaml_node_t *n, bool servers)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (strcmp(keys[i].key, key) != 0)
			continue;
		if (!keys[i].rule && !servers)
			refuse(s, n, key, keys[i].why);
		else if (keys[i].rule && (keys[i].rule == take_servers) == servers)
			keys[i].rule(s, key, n);
		return;
	}
	if (!servers)
		refuse(s, n, key, "there is nothing like it");
}

/* Servers last: what is said of all of them may stand behind them. */
static void take_all(struct stubby *s, const yaml_node_t *root)
{
	const char *key;
	yaml_node_t *n;

	for (unsigned servers = 0; servers < 2; servers++)
		for (size_t i = 0; (n = member(s, root, i, &key)); i++)
			take(s, key, n, servers == 1);
	if (s->opportunistic)
		draft_note(s->draft, 0,
			"tls_authentication: GETDNS_AUTHENTICATION_NONE: encrypted at least; in "
			"clear never");
}

bool import_stubby(struct draft *d, const char *text, size_t len, char *error, size_t size)
{
	struct stubby s = { .draft = d };
	yaml_parser_t parser;
	yaml_node_t *root;
	bool ok = false;

	if (!yaml_parser_initialize(&parser)) {
		snprintf(error, size, "out of memory");
		return false;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &s.tree)) {
		snprintf(error, size, "line %zu: %s", parser.problem_mark.line + 1,
			parser.problem ? parser.problem : "out of memory");
		yaml_parser_delete(&parser);
		return false;
	}
	root = yaml_document_get_root_node(&s.tree);
	if (root && root->type == YAML_MAPPING_NODE) {
		take_all(&s, root);
		ok = true;
	} else {
		snprintf(error, size, "it has no keys");
	}
	yaml_document_delete(&s.tree);
	yaml_parser_delete(&parser);
	return ok;
}

#else

bool import_stubby(struct draft *d, const char *text, size_t len, char *error, size_t size)
{
	(void)d;
	(void)text;
	(void)len;
	snprintf(error, size,
		"this dnsfwd was built without libyaml, which reads stubby's files (libyaml-dev, "
		"then "
		"make); unbound.conf and resolved.conf need none");
	return false;
}

#endif
