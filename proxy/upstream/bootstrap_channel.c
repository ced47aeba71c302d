#include "proxy/upstream/bootstrap_channel.h"

#include <ares.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/list.h"

#define TIMEOUT_MS 1000 /* of the first try at a server; the second takes twice as long */
#define TRIES	   2	/* at each server */

struct bootstrap_channel {
	ares_channel ares;
	struct event_base *base;
	struct event *timeout;
	struct list watches; /* one for each socket of c-ares */
	enum bootstrap_family family;
	void (*done)(void *arg, enum bootstrap_family family, const struct bootstrap_result *r);
	void *arg;
};

struct watch {
	struct list node;
	struct event *event;
	evutil_socket_t fd;
};

/* ------------------------------------------------------------------ sockets and time */

/* c-ares says how long it can wait, after everything that may have changed it. */
static void arm_timeout(struct bootstrap_channel *c)
{
	struct timeval tv, *wait = ares_timeout(c->ares, NULL, &tv);

	if (wait)
		event_add(c->timeout, wait);
	else
		event_del(c->timeout);
}

static void process(struct bootstrap_channel *c, ares_socket_t readable, ares_socket_t writable)
{
	ares_process_fd(c->ares, readable, writable);
	arm_timeout(c);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	process(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	process(arg, what & EV_READ ? fd : ARES_SOCKET_BAD, what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static void unwatch(struct watch *w)
{
	event_free(w->event);
	list_remove(&w->node);
	free(w);
}

static void unwatch_socket(struct bootstrap_channel *c, evutil_socket_t fd)
{
	list_for_each (n, &c->watches) {
		struct watch *w = container_of(n, struct watch, node);

		if (w->fd == fd) {
			unwatch(w);
			return;
		}
	}
}

/* Without memory the socket is not watched, and the lookup ends by its timeouts. */
static void watch_socket(struct bootstrap_channel *c, evutil_socket_t fd, short what)
{
	struct watch *w = calloc(1, sizeof *w);

	if (!w)
		return;
	w->fd = fd;
	w->event = event_new(c->base, fd, (short)(what | EV_PERSIST), on_socket, c);
	if (!w->event || event_add(w->event, NULL) < 0) {
		if (w->event)
			event_free(w->event);
		free(w);
		return;
	}
	list_append(&c->watches, &w->node);
}

/* Comes before c-ares closes a socket, too. */
static void on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct bootstrap_channel *c = arg;

	unwatch_socket(c, fd);
	if (readable || writable)
		watch_socket(c, fd, (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0)));
}

/* ------------------------------------------------------------------ answers */

static void read_addresses(const struct ares_addrinfo *from, struct bootstrap_result *r)
{
	r->ttl_s = UINT32_MAX;
	for (const struct ares_addrinfo_node *n = from->nodes; n; n = n->ai_next) {
		struct addr a = { 0 };

		if ((n->ai_family != AF_INET && n->ai_family != AF_INET6) ||
			n->ai_addrlen > sizeof a)
			continue;
		memcpy(&a, n->ai_addr, n->ai_addrlen);
		addr_set_port(&a, 0);
		bootstrap_result_add(r, &a);
		if (n->ai_ttl >= 0 && (uint32_t)n->ai_ttl < r->ttl_s)
			r->ttl_s = (uint32_t)n->ai_ttl;
	}
	/* An alias may go sooner than what it leads to. */
	for (const struct ares_addrinfo_cname *n = from->cnames; n; n = n->next) {
		if (n->ttl >= 0 && (uint32_t)n->ttl < r->ttl_s)
			r->ttl_s = (uint32_t)n->ttl;
	}
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *from)
{
	struct bootstrap_channel *c = arg;
	struct bootstrap_result r = { .reason = ares_strerror(status) };

	(void)timeouts;
	if (status == ARES_SUCCESS) {
		read_addresses(from, &r);
		r.verdict = r.count > 0 ? BOOTSTRAP_FOUND : BOOTSTRAP_NONE;
		r.reason = r.count > 0 ? "" : "no address that can be used";
	} else if (status == ARES_ENODATA || status == ARES_ENOTFOUND) {
		r.verdict = BOOTSTRAP_NONE;
	}
	if (from)
		ares_freeaddrinfo(from);
	if (status != ARES_EDESTRUCTION)
		c->done(c->arg, c->family, &r);
}

void bootstrap_channel_look_up(struct bootstrap_channel *c, const char *name)
{
	struct ares_addrinfo_hints hints = {
		.ai_family = c->family == BOOTSTRAP_IPV6 ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM,
	};

	ares_getaddrinfo(c->ares, name, NULL, &hints, on_addresses, c);
	arm_timeout(c);
}

void bootstrap_channel_cancel(struct bootstrap_channel *c)
{
	ares_cancel(c->ares);
	arm_timeout(c);
}

/* ------------------------------------------------------------------ life */

/*
 * All that c-ares would take from the machine where an option is left out is said here; it gets an
 * empty file for resolv.conf besides, and one server that nobody can be, until the real ones are
 * set: with none it would ask 127.0.0.1.
 */
static int init(struct bootstrap_channel *c)
{
	struct in_addr nobody = { 0 };
	char lookups[] = "b", resolvconf[] = "/dev/null";
	struct ares_options o = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = TIMEOUT_MS,
		.tries = TRIES,
		.servers = &nobody,
		.nservers = 1,
		.lookups = lookups,
		.resolvconf_path = resolvconf,
		.sock_state_cb = on_state,
		.sock_state_cb_data = c,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
		   ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST | ARES_OPT_LOOKUPS |
		   ARES_OPT_RESOLVCONF | ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB;

#ifdef ARES_OPT_QUERY_CACHE
	mask |= ARES_OPT_QUERY_CACHE; /* of 0 s: when to ask again is decided above */
#endif
	return ares_init_options(&c->ares, &o, mask);
}

static int set_up(struct bootstrap_channel *c, const char *servers)
{
	int status = ares_library_init(ARES_LIB_INIT_ALL); /* counted */

	if (status != ARES_SUCCESS)
		return status;
	status = init(c);
	if (status == ARES_SUCCESS)
		status = ares_set_servers_ports_csv(c->ares, servers);
	if (status != ARES_SUCCESS && c->ares)
		ares_destroy(c->ares);
	if (status != ARES_SUCCESS)
		ares_library_cleanup();
	return status;
}

struct bootstrap_channel *bootstrap_channel_new(struct event_base *base, const char *servers,
	enum bootstrap_family family,
	void (*done)(void *arg, enum bootstrap_family family, const struct bootstrap_result *r),
	void *arg, const char **ret_reason)
{
	struct bootstrap_channel *c = calloc(1, sizeof *c);
	int status = ARES_ENOMEM;

	*ret_reason = "out of memory";
	if (!c)
		return NULL;
	list_init(&c->watches);
	c->base = base;
	c->family = family;
	c->done = done;
	c->arg = arg;
	c->timeout = evtimer_new(base, on_timeout, c);
	if (c->timeout)
		status = set_up(c, servers);
	if (status == ARES_SUCCESS)
		return c;
	*ret_reason = ares_strerror(status);
	if (c->timeout)
		event_free(c->timeout);
	free(c);
	return NULL;
}

void bootstrap_channel_free(struct bootstrap_channel *c)
{
	if (!c)
		return;
	ares_destroy(c->ares);
	ares_library_cleanup();
	list_for_each (n, &c->watches)
		unwatch(container_of(n, struct watch, node));
	event_free(c->timeout);
	free(c);
}

const char *bootstrap_channel_library(void)
{
	return ares_version(NULL);
}
