#include "proxy/ctl/audit_lookup.h"

#include <event2/event.h>
#include <stdio.h>

#include "proxy/upstream/bootstrap_channel.h"

struct lookup {
	struct event_base *base;
	struct bootstrap_channel *channel[BOOTSTRAP_FAMILIES];
	struct addr *addrs;
	size_t count;
	uint16_t port;
	unsigned pending;
	const char *reason;
};

static void on_done(void *arg, enum bootstrap_family family, const struct bootstrap_result *r)
{
	struct lookup *l = arg;

	(void)family;
	for (size_t i = 0; i < r->count && l->count < AUDIT_ADDRESSES_MAX; i++) {
		l->addrs[l->count] = r->addrs[i];
		addr_set_port(&l->addrs[l->count++], l->port);
	}
	if (r->verdict != BOOTSTRAP_FOUND)
		l->reason = r->reason;
	if (--l->pending == 0)
		event_base_loopbreak(l->base);
}

static void write_servers(const struct config *c, char *out, size_t size)
{
	char text[ADDR_TEXT_MAX];
	size_t len = 0;

	*out = '\0';
	for (size_t i = 0; i < c->bootstrap_count && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? "," : "",
			addr_text(&c->bootstrap[i], text));
}

static bool begin(struct lookup *l, const struct config *c, const char *host)
{
	char servers[CONFIG_BOOTSTRAP_MAX * (ADDR_TEXT_MAX + 1)];

	write_servers(c, servers, sizeof servers);
	for (unsigned f = 0; f < BOOTSTRAP_FAMILIES; f++) {
		l->channel[f] = bootstrap_channel_new(
			l->base, servers, (enum bootstrap_family)f, on_done, l, &l->reason);
		if (!l->channel[f])
			return false;
	}
	l->pending = BOOTSTRAP_FAMILIES;
	for (unsigned f = 0; f < BOOTSTRAP_FAMILIES; f++)
		bootstrap_channel_look_up(l->channel[f], host);
	return true;
}

static void run(struct lookup *l, const struct config *c, const char *host)
{
	const struct timeval limit = { AUDIT_LOOKUP_US / 1000000u, 0 };

	if (begin(l, c, host) && l->pending > 0) {
		event_base_loopexit(l->base, &limit);
		event_base_dispatch(l->base);
	}
	for (unsigned f = 0; f < BOOTSTRAP_FAMILIES; f++)
		bootstrap_channel_free(l->channel[f]);
}

size_t audit_lookup(const struct config *c, const struct config_upstream *u,
	struct addr addrs[AUDIT_ADDRESSES_MAX], char *error, size_t size)
{
	struct lookup l = { .base = event_base_new(),
		.addrs = addrs,
		.port = (uint16_t)u->port,
		.reason = "no answer" };

	if (!l.base) {
		snprintf(error, size, "out of memory");
		return 0;
	}
	if (c->bootstrap_count > 0)
		run(&l, c, u->host);
	else
		l.reason = "the configuration names no bootstrap server";
	event_base_free(l.base);
	if (l.count == 0)
		snprintf(error, size, "looking up %s: %s", u->host, l.reason);
	return l.count;
}
