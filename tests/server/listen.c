#include "tests/server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/server/buf.h"
#include "tests/server/conn.h"
#include "tests/server/dtls_port.h"
#include "tests/server/mem.h"
#include "tests/server/server.h"
#include "tests/server/udp.h"

enum { BACKLOG = 4096, ACCEPT_BATCH = 64, UDP_BUFFER = 4 << 20, BOTH_ATTEMPTS = 64 };

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_BATCH && l->fd == fd; i++) {
		int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (peer < 0)
			return;
		conn_new(l->server, l->transport, peer);
	}
}

static bool is_datagram(const struct listener *l)
{
	return l->transport == TRANSPORT_UDP || l->transport == TRANSPORT_DTLS;
}

static bool set_up(struct listener *l)
{
	int one = 1, size = UDP_BUFFER;
	struct sockaddr *sa = (struct sockaddr *)&l->address;

	if (!is_datagram(l))
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (sa->sa_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (is_datagram(l))
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(l->fd, sa, l->address_len))
		return false;
	if (!is_datagram(l) && listen(l->fd, BACKLOG))
		return false;
	return !getsockname(l->fd, sa, &l->address_len);
}

/* The one place that decides whether a socket is read.  DTLS reads what it is not to accept, and drops it. */
static void update(struct listener *l)
{
	const struct server *s = l->server;

	if (!l->event)
		return;
	if ((s->accepting || l->dtls) && !(s->paused && is_datagram(l)))
		event_add(l->event, NULL);
	else
		event_del(l->event);
}

static int new_socket(const struct listener *l)
{
	int kind = (is_datagram(l) ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;

	return socket(l->address.ss_family, kind, 0);
}

/*
 * Nobody else gets the port meanwhile.  To those who ask it is closed: this socket does not listen, or hears
 * none but itself.
 */
static void keep_port(struct listener *l)
{
	const struct sockaddr *sa = (const struct sockaddr *)&l->address;
	int one = 1;

	l->kept = new_socket(l);
	if (l->kept < 0)
		return;
	if (!is_datagram(l))
		setsockopt(l->kept, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l->kept, sa, l->address_len) ||
		(is_datagram(l) && connect(l->kept, sa, l->address_len)))
		fprintf(stderr, "keeping a port: %s\n", strerror(errno));
}

static void release_port(struct listener *l)
{
	if (l->kept >= 0)
		evutil_closesocket(l->kept);
	l->kept = -1;
}

static bool open_one(struct listener *l)
{
	if (l->fd >= 0)
		return true;
	release_port(l);
	l->fd = new_socket(l);
	if (l->fd < 0 || !set_up(l))
		return false;
	if (l->dtls)
		l->event = event_new(l->server->base, l->fd, EV_READ | EV_PERSIST,
			dtls_port_on_readable, l->dtls);
	else
		l->event = event_new(l->server->base, l->fd, EV_READ | EV_PERSIST,
			is_datagram(l) ? udp_on_readable : on_acceptable, l);
	update(l);
	return true;
}

static void close_one(struct listener *l)
{
	if (l->event)
		event_free(l->event);
	if (l->fd >= 0)
		evutil_closesocket(l->fd);
	release_port(l);
	l->event = NULL;
	l->fd = -1;
}

static bool open_or_complain(struct listener *l)
{
	if (open_one(l))
		return true;
	fprintf(stderr, "listening on %s: %s\n", transport_names[l->transport], strerror(errno));
	return false;
}

static struct listener *listener_of(struct list *node)
{
	return container_of(node, struct listener, node);
}

/* "192.0.2.1:53", "[2001:db8::1]:53"; port 0 is the kernel's choice. */
static bool parse_address(struct listener *l, const char *text)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&l->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&l->address;
	char host[INET6_ADDRSTRLEN];
	unsigned port;

	if (sscanf(text, "[%45[^]]]:%u", host, &port) == 2 && port <= 65535) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		l->address_len = sizeof(*v6);
		return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
	}
	if (sscanf(text, "%45[^:]:%u", host, &port) != 2 || port > 65535)
		return false;
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	l->address_len = sizeof(*v4);
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

static struct listener *add(struct server *s, enum transport t, const char *address)
{
	struct listener *l = mem_new(sizeof(*l));

	l->server = s;
	l->transport = t;
	l->fd = l->kept = -1;
	outlet_init(&l->outlet, s->base, &s->random, udp_deliver);
	if (t == TRANSPORT_DTLS)
		l->dtls = dtls_port_new(s, l);
	list_append(&s->listeners, &l->node);
	if (parse_address(l, address))
		return l;
	fprintf(stderr, "no address: %s\n", address);
	return NULL;
}

bool listen_add(struct server *s, enum transport t, const char *address)
{
	struct listener *l = add(s, t, address);

	return l && open_or_complain(l);
}

static uint16_t *port_of(struct listener *l)
{
	/* It is at the same place in both families. */
	return &((struct sockaddr_in *)&l->address)->sin_port;
}

bool listen_add_both(struct server *s, const char *address)
{
	struct listener *tls = add(s, TRANSPORT_TLS, address);
	struct listener *dtls = add(s, TRANSPORT_DTLS, address);
	bool any = tls && !*port_of(tls);

	for (int i = 0; tls && dtls && i < BOTH_ATTEMPTS; i++) {
		if (open_one(tls)) {
			*port_of(dtls) = *port_of(tls);
			if (open_one(dtls))
				return true;
		}
		if (!any)
			break;
		close_one(tls);
		close_one(dtls);
		*port_of(tls) = 0;
	}
	fprintf(stderr, "listening on tls and dtls: %s\n", strerror(errno));
	return false;
}

void listen_end(struct server *s)
{
	list_for_each(node, &s->listeners)
	{
		struct listener *l = listener_of(node);

		close_one(l);
		outlet_deinit(&l->outlet);
		dtls_port_free(l->dtls);
		list_remove(&l->node);
		free(l);
	}
}

void listen_stop(struct server *s)
{
	list_for_each(node, &s->listeners)
	{
		struct listener *l = listener_of(node);

		if (l->fd < 0)
			continue; /* it is stopped already */
		close_one(l);
		keep_port(l);
	}
}

bool listen_start(struct server *s)
{
	bool ok = true;

	list_for_each(node, &s->listeners) ok = open_or_complain(listener_of(node)) && ok;
	return ok;
}

void listen_update(struct server *s)
{
	list_for_each(node, &s->listeners) update(listener_of(node));
}

static void address_json(const struct listener *l, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&l->address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&l->address;

	if (l->address.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
		buf_printf(out, "\"%s:%u\"", text, ntohs(v4->sin_port));
		return;
	}
	inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
	buf_printf(out, "\"[%s]:%u\"", text, ntohs(v6->sin6_port));
}

static void transport_json(const struct server *s, enum transport t, struct buf *out)
{
	const char *comma = "";

	buf_printf(out, "\"%s\":[", transport_names[t]);
	list_for_each(node, &s->listeners)
	{
		if (listener_of(node)->transport != t)
			continue;
		buf_printf(out, "%s", comma);
		address_json(listener_of(node), out);
		comma = ",";
	}
	buf_printf(out, "],");
}

void listen_json(const struct server *s, struct buf *out)
{
	buf_printf(out, "{");
	for (enum transport t = 0; t < TRANSPORTS; t++)
		transport_json(s, t, out);
	buf_printf(out, "\"control\":\"%s\"}\n", s->options->control ? s->options->control : "");
}
