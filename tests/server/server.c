#include "tests/server/server.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/server/assoc.h"
#include "tests/server/conn.h"
#include "tests/server/listen.h"
#include "tests/server/mem.h"
#include "tests/server/tls.h"

static void free_conns(struct list *l)
{
	list_for_each (node, l)
		conn_free(container_of(node, struct conn, node));
}

static void free_assocs(struct list *l)
{
	list_for_each (node, l)
		assoc_free(container_of(node, struct assoc, node));
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	free_conns(&s->dead);
	free_assocs(&s->dead_assocs);
}

static bool listen_all(struct server *s)
{
	for (size_t i = 0; i < s->options->listener_count; i++) {
		const struct listen_option *o = &s->options->listeners[i];

		if (o->both ? !listen_add_both(s, o->address)
			    : !listen_add(s, o->transport, o->address))
			return false;
	}
	return true;
}

static bool start(struct server *s)
{
	const struct options *o = s->options;

	s->base = event_base_new();
	s->reaper = event_new(s->base, -1, EV_PERSIST, on_reap, s);
	if (o->cert) {
		s->tls = tls_server_new(o->cert, o->key, o->priority);
		if (!s->tls)
			return false;
		if (o->ticket_key && !tls_server_ticket_key(s->tls, o->ticket_key)) {
			fprintf(stderr, "--ticket-key: not 64 octets in hex\n");
			return false;
		}
		if (o->dtls_priority && !tls_server_dtls_priority(s->tls, o->dtls_priority))
			return false;
	}
	return listen_all(s);
}

struct server *server_new(const struct options *options)
{
	struct server *s = mem_new(sizeof(*s));

	s->options = options;
	s->policy = (struct answer_policy){ .pad = options->pad, .keepalive = options->keepalive };
	s->coalesce = options->coalesce;
	s->accepting = true;
	s->random = random_seeded(options->seed);
	list_init(&s->listeners);
	list_init(&s->conns);
	list_init(&s->dead);
	list_init(&s->assocs);
	list_init(&s->dead_assocs);
	s->dtls_mtu = SERVER_DTLS_MTU;
	rules_init(&s->rules, options->seed);
	record_init(&s->ring, options->ring);
	if (start(s))
		return s;
	server_free(s);
	return NULL;
}

void server_free(struct server *s)
{
	free_conns(&s->conns);
	free_conns(&s->dead);
	free_assocs(&s->assocs);
	free_assocs(&s->dead_assocs);
	listen_end(s);
	rules_clear(&s->rules);
	record_deinit(&s->ring);
	tls_server_free(s->tls);
	event_free(s->reaper);
	event_base_free(s->base);
	free(s);
}

void server_pause(struct server *s, bool on)
{
	s->paused = on;
	list_for_each (node, &s->conns)
		conn_pause(container_of(node, struct conn, node), on);
	listen_update(s);
}
