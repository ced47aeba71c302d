#include "common/config/load_addresses.h"

#include <stdio.h>
#include <string.h>

#include "common/config/check.h"
#include "common/config/value.h"

#define DNS_PORT 53u

void load_listen(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	struct config *c = l->config;
	struct config_listen entry = { 0 }, *list;
	char value[VALUE_TEXT_MAX];
	bool parsed = addr_parse(text, strlen(text), (uint16_t)c->port, true, &entry.addr);
	const char *fault = config_address_fault(text, parsed, &entry.addr,
		"an IP address is wanted, with a port where it is not the usual one, like "
		"\"127.0.0.1\", \"127.0.0.1:5353\" or \"[::1]:5353\"");

	snprintf(value, sizeof value, "\"%.80s\"", text);
	if (fault && !addr_is_any(&entry.addr)) {
		value_refuse(l->errors, where, o, value, fault);
		return;
	}
	for (size_t i = 0; i < c->listen_count; i++) {
		if (addr_equal(&c->listen[i].addr, &entry.addr)) {
			value_refuse(l->errors, where, o, value, "this address is listed already");
			return;
		}
	}
	list = load_grow(l, c->listen, c->listen_count, sizeof *list);
	if (!list)
		return;
	c->listen = list;
	list[c->listen_count++] = entry;
}

void load_prefix(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	struct config *c = l->config;
	struct prefix prefix, *list;
	char value[VALUE_TEXT_MAX];

	if (!prefix_parse(text, &prefix)) {
		snprintf(value, sizeof value, "\"%.80s\"", text);
		value_refuse(l->errors, where, o, value,
			"a network is wanted, like \"192.168.1.0/24\" (all bits behind the prefix "
			"are "
			"zero), or an address");
		return;
	}
	list = load_grow(l, c->allow, c->allow_count, sizeof *list);
	if (!list)
		return;
	c->allow = list;
	list[c->allow_count++] = prefix;
}

void load_server(
	struct loader *l, const struct option *o, const char *text, struct config_place where)
{
	struct config *c = l->config;
	struct addr addr, *list;
	char value[VALUE_TEXT_MAX];
	bool parsed = addr_parse(text, strlen(text), DNS_PORT, false, &addr);
	const char *fault = config_address_fault(text, parsed, &addr,
		"the IP address of a name server is wanted, with a port where it is not 53, "
		"like \"9.9.9.9\", \"192.0.2.1:5353\" or \"[2620:fe::fe]:53\"");

	snprintf(value, sizeof value, "\"%.80s\"", text);
	if (!fault && addr_is_among(c->bootstrap, c->bootstrap_count, &addr))
		fault = "this address is listed already";
	if (fault) {
		value_refuse(l->errors, where, o, value, fault);
		return;
	}
	if (!config_check_address(l, o, text, where, &addr))
		return;
	list = load_grow(l, c->bootstrap, c->bootstrap_count, sizeof *list);
	if (!list)
		return;
	c->bootstrap = list;
	list[c->bootstrap_count++] = addr;
}
