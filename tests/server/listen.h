/* The sockets that queries come to. */
#ifndef TESTS_SERVER_LISTEN_H
#define TESTS_SERVER_LISTEN_H

#include <event2/util.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "common/base/list.h"
#include "tests/server/outlet.h"
#include "tests/server/stats.h"

struct buf;
struct dtls_port;
struct event;
struct server;

struct listener {
	struct list node; /* in server's listeners */
	struct server *server;
	enum transport transport;
	struct sockaddr_storage address; /* with the real port once it was bound */
	socklen_t address_len;
	evutil_socket_t fd;	/* -1 while stopped */
	evutil_socket_t kept;	/* holds the port while stopped; or -1 */
	struct event *event;	/* NULL while stopped */
	struct outlet outlet;	/* UDP only */
	struct dtls_port *dtls; /* owned; DTLS only */
};

/* False after a message on stderr. */
bool listen_add(struct server *s, enum transport t, const char *address);
/* TLS and DTLS on the same port, which is one that is free for both where it is 0. */
bool listen_add_both(struct server *s, const char *address);
/* Frees all. */
void listen_end(struct server *s);

/* Closes all, or opens them again on the ports they had, which nobody else gets meanwhile. */
void listen_stop(struct server *s);
bool listen_start(struct server *s);
/* The server's `accepting` or `paused` has changed. */
void listen_update(struct server *s);

/* The line that says what was bound. */
void listen_json(const struct server *s, struct buf *out);

#endif
