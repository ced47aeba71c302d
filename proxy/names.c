#include "proxy/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/log.h"
#include "proxy/self.h"
#include "proxy/upstream/bootstrap.h"
#include "proxy/upstream/bootstrap_plan.h"
#include "proxy/worker.h"

_Static_assert(CONFIG_ALL_MAX <= BOOTSTRAP_NAMES_MAX, "every upstream may have a name");
_Static_assert(CONFIG_BOOTSTRAP_MAX <= BOOTSTRAP_SERVERS_MAX, "every server is asked");

#define NO_NAME SIZE_MAX
#define WHY_MAX 300

/* A name and what it stands for. */
struct host {
	char *text; /* owned */
	struct addr addrs[BOOTSTRAP_ADDRESSES_MAX];
	size_t count;
	bool lost; /* some worker could not be told */
};

/* Some worker wants the addresses of this upstream. */
struct want {
	struct notice notice;
	struct names *names;
};

struct names {
	struct names_setup setup;
	struct want wants[CONFIG_ALL_MAX]; /* by upstream */
	struct bootstrap *bootstrap; /* NULL: no upstream has a name */
	struct host hosts[CONFIG_ALL_MAX];
	const char *texts[CONFIG_ALL_MAX]; /* of these, for bootstrap */
	size_t host_count;
	size_t host_of[CONFIG_ALL_MAX];		   /* by upstream; NO_NAME: addresses are written */
	struct addr servers[CONFIG_BOOTSTRAP_MAX]; /* as configured */
	size_t server_count;
	char *state_dir; /* a copy: they outlive the configuration that they were made for */
	bool nobody_to_ask; /* no bootstrap server is of use */
	bool stopped;
};

struct address_mail {
	struct mail mail;
	size_t upstream;
	struct addr addrs[BOOTSTRAP_ADDRESSES_MAX];
	size_t count;
};

struct unknown_mail {
	struct mail mail;
	size_t upstream;
	char why[WHY_MAX];
};

/* ------------------------------------------------------------------ to the workers */

static void discard_unknown(struct mail *m)
{
	free(container_of(m, struct unknown_mail, mail));
}

static void deliver_unknown(struct mail *m, void *receiver)
{
	struct unknown_mail *k = container_of(m, struct unknown_mail, mail);

	worker_set_unknown(receiver, k->upstream, k->why);
	free(k);
}

/* So that clients hear of it; without memory or room they hear less. */
static void explain(const struct names *n, size_t upstream, const char *what, const char *why)
{
	for (size_t i = 0; i < n->setup.worker_count; i++) {
		struct unknown_mail *m = calloc(1, sizeof *m);

		if (!m)
			return;
		m->upstream = upstream;
		snprintf(m->why, sizeof m->why, "%s%s", what, why);
		m->mail.deliver = deliver_unknown;
		m->mail.discard = discard_unknown;
		if (!mailbox_offer(worker_mailbox(n->setup.workers[i]), &m->mail))
			free(m);
	}
}

static void explain_host(const struct names *n, size_t host, const char *what, const char *why)
{
	for (size_t i = 0; i < n->setup.config->upstream_count; i++) {
		if (n->host_of[i] == host)
			explain(n, i, what, why);
	}
}

static void discard_addresses(struct mail *m)
{
	free(container_of(m, struct address_mail, mail));
}

static void deliver_addresses(struct mail *m, void *receiver)
{
	struct address_mail *a = container_of(m, struct address_mail, mail);

	worker_set_addresses(receiver, a->upstream, a->addrs, a->count);
	free(a);
}

static bool post(struct worker *w, const struct address_mail *from)
{
	struct address_mail *m = malloc(sizeof *m);

	if (!m)
		return false;
	*m = *from;
	m->mail.deliver = deliver_addresses;
	m->mail.discard = discard_addresses;
	if (mailbox_offer(worker_mailbox(w), &m->mail))
		return true;
	free(m);
	return false;
}

static bool contains(const struct addr *addrs, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&addrs[i], a))
			return true;
	}
	return false;
}

/* Adds the port; false: it leads back to us.  Told in the log when the address is new. */
static bool set_port(
	const struct names *n, const struct config_upstream *u, struct addr *a, bool fresh)
{
	char text[ADDR_TEXT_MAX];

	addr_set_port(a, (uint16_t)u->port);
	if (!self_is_reached(
		    n->setup.listen, n->setup.listen_count, a, config_has_two_ways(u->transport)))
		return true;
	if (fresh)
		log_error("upstream %s: its name stands for %s, which is where dnsfwd itself "
			  "listens; this address is not used",
			u->name, addr_text(a, text));
	return false;
}

static void post_to_all(struct names *n, size_t upstream, struct host *h, const struct host *before)
{
	struct address_mail mail = { .upstream = upstream };

	for (size_t i = 0; i < h->count; i++) {
		struct addr *a = &mail.addrs[mail.count];

		*a = h->addrs[i];
		if (set_port(n, &n->setup.config->forward[upstream], a,
			    !contains(before->addrs, before->count, &h->addrs[i])))
			mail.count++;
	}
	/* What the workers have is better than nothing. */
	if (mail.count == 0) {
		explain(n, upstream, "its name stands for where dnsfwd itself listens", "");
		return;
	}
	for (size_t i = 0; i < n->setup.worker_count; i++)
		h->lost |= !post(n->setup.workers[i], &mail);
}

static void post_host(struct names *n, size_t host, const struct host *before)
{
	n->hosts[host].lost = false;
	for (size_t i = 0; i < n->setup.config->upstream_count; i++) {
		if (n->host_of[i] == host)
			post_to_all(n, i, &n->hosts[host], before);
	}
}

static void on_found(void *arg, size_t host, const struct addr *addrs, size_t count)
{
	struct names *n = arg;
	struct host before = n->hosts[host];

	if (n->stopped)
		return;
	memcpy(n->hosts[host].addrs, addrs, count * sizeof *addrs);
	n->hosts[host].count = count;
	if (n->setup.changed)
		n->setup.changed(n->setup.changed_arg); /* before anybody connects there */
	post_host(n, host, &before);
}

static void on_failed(void *arg, size_t host, const char *reason)
{
	const struct names *n = arg;

	if (!n->stopped)
		explain_host(n, host, "its name cannot be looked up: ", reason);
}

/* ------------------------------------------------------------------ from the workers */

static void deliver_want(struct mail *m, void *receiver)
{
	struct want *w = container_of(notice_taken(m), struct want, notice);
	struct names *n = w->names;
	size_t host = n->host_of[w - n->wants];

	(void)receiver;
	if (host == NO_NAME || n->stopped)
		return; /* it is about what was before a reload */
	if (n->hosts[host].lost)
		post_host(n, host, &n->hosts[host]);
	bootstrap_want(n->bootstrap, host);
}

void names_want(void *arg, size_t upstream)
{
	struct names *n = arg;

	mailbox_notify(n->setup.mailbox, &n->wants[upstream].notice);
}

static void init_wants(struct names *n)
{
	for (size_t i = 0; i < CONFIG_ALL_MAX; i++) {
		n->wants[i].names = n;
		notice_init(&n->wants[i].notice, deliver_want);
	}
}

/* ------------------------------------------------------------------ life */

/* Two upstreams may differ in nothing but the port. */
static size_t find_host(const struct names *n, const char *text)
{
	for (size_t i = 0; text && i < n->host_count; i++)
		if (strcasecmp(n->hosts[i].text, text) == 0)
			return i;
	return NO_NAME;
}

static void number_upstreams(struct names *n, const struct config *c)
{
	for (size_t i = 0; i < CONFIG_ALL_MAX; i++)
		n->host_of[i] = i < c->upstream_count ? find_host(n, c->forward[i].host) : NO_NAME;
}

/* False: no memory. */
static bool gather_hosts(struct names *n, const struct config *c)
{
	for (size_t i = 0; i < c->upstream_count; i++) {
		const char *text = c->forward[i].host;

		if (!text || find_host(n, text) != NO_NAME)
			continue;
		n->hosts[n->host_count].text = strdup(text);
		if (!n->hosts[n->host_count].text)
			return false;
		n->host_count++;
	}
	return true;
}

static bool is_usable(const struct names *n, const struct addr *server)
{
	char text[ADDR_TEXT_MAX];

	if (self_is_reached(n->setup.listen, n->setup.listen_count, server, true)) {
		log_error("bootstrap server %s is where dnsfwd itself listens; it is not asked",
			addr_text(server, text));
		return false;
	}
	/* c-ares of Debian 12 has no place for the interface. */
	if (server->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&server->in6.sin6_addr)) {
		log_error("bootstrap server %s is link-local; such a server can't be asked",
			addr_text(server, text));
		return false;
	}
	return true;
}

static bool open_bootstrap(struct names *n, char *error, size_t size)
{
	const struct config *c = n->setup.config;
	struct addr servers[CONFIG_BOOTSTRAP_MAX];
	struct bootstrap_setup setup = { .base = n->setup.base,
		.servers = servers,
		.names = n->texts,
		.name_count = n->host_count,
		.state_dir = n->state_dir,
		.found = on_found,
		.failed = on_failed,
		.arg = n };

	for (size_t i = 0; i < n->host_count; i++)
		n->texts[i] = n->hosts[i].text;
	for (size_t i = 0; i < c->bootstrap_count; i++) {
		if (is_usable(n, &c->bootstrap[i]))
			servers[setup.server_count++] = c->bootstrap[i];
	}
	n->nobody_to_ask = setup.server_count == 0;
	if (n->nobody_to_ask)
		log_error("no bootstrap server can be asked for the names of upstreams; write "
			  "other ones, like bootstrap = [ \"9.9.9.9\" ]");
	n->bootstrap = bootstrap_new(&setup, error, size);
	return n->bootstrap != NULL;
}

static void take_over(struct names *n, const struct names *before)
{
	for (size_t i = 0; i < n->host_count; i++) {
		size_t k = find_host(before, n->hosts[i].text);

		if (k == NO_NAME)
			continue;
		memcpy(n->hosts[i].addrs, before->hosts[k].addrs, sizeof n->hosts[i].addrs);
		n->hosts[i].count = before->hosts[k].count;
	}
}

struct names *names_new(
	const struct names_setup *setup, const struct names *before, char *error, size_t size)
{
	struct names *n = calloc(1, sizeof *n);
	const struct config *c = setup->config;

	snprintf(error, size, "out of memory");
	if (!n)
		return NULL;
	n->setup = *setup;
	init_wants(n);
	for (size_t i = 0; i < c->bootstrap_count; i++)
		n->servers[i] = c->bootstrap[i];
	n->server_count = c->bootstrap_count;
	n->state_dir = strdup(c->state_dir);
	if (n->state_dir && gather_hosts(n, c)) {
		number_upstreams(n, c);
		if (before)
			take_over(n, before);
		if (n->host_count == 0 || open_bootstrap(n, error, size))
			return n;
	}
	names_free(n);
	return NULL;
}

/* Names that are not needed any more cost nothing until somebody wants them. */
bool names_suits(const struct names *n, const struct config *c)
{
	for (size_t i = 0; i < c->upstream_count; i++)
		if (c->forward[i].host && find_host(n, c->forward[i].host) == NO_NAME)
			return false;
	return addr_lists_equal(n->servers, n->server_count, c->bootstrap, c->bootstrap_count);
}

static void explain_nobody(const struct names *n)
{
	for (size_t i = 0; n->nobody_to_ask && i < n->host_count; i++)
		explain_host(
			n, i, "its name cannot be looked up: ", "no bootstrap server can be asked");
}

void names_change(struct names *n, const struct config *c)
{
	n->setup.config = c;
	number_upstreams(n, c);
	for (size_t i = 0; i < n->host_count; i++)
		if (n->hosts[i].count > 0)
			post_host(n, i, &n->hosts[i]);
	explain_nobody(n);
}

void names_free(struct names *n)
{
	if (!n)
		return;
	bootstrap_free(n->bootstrap);
	for (size_t i = 0; i < n->host_count; i++)
		free(n->hosts[i].text);
	free(n->state_dir);
	free(n);
}

void names_renew(struct names *n)
{
	if (n->bootstrap)
		bootstrap_renew(n->bootstrap);
}

size_t names_addresses(const struct names *n, size_t upstream, struct addr *ret, size_t max)
{
	size_t host = n->host_of[upstream], count;

	if (host == NO_NAME)
		return 0;
	count = n->hosts[host].count < max ? n->hosts[host].count : max;
	memcpy(ret, n->hosts[host].addrs, count * sizeof *ret);
	return count;
}

void names_start(struct names *n)
{
	if (n->bootstrap)
		bootstrap_start(n->bootstrap);
	explain_nobody(n);
}

void names_stop(struct names *n)
{
	n->stopped = true;
}
