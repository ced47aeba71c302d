/*
 * A UDP socket for DTLS: tells associations from each other by the peer's address, asks strangers for a
 * cookie, and lets every datagram pass the lines (line.h) in both directions.
 */
#ifndef TESTS_SERVER_DTLS_PORT_H
#define TESTS_SERVER_DTLS_PORT_H

#include <event2/util.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"
#include "tests/server/dtls.h"
#include "tests/server/line.h"

struct assoc;
struct listener;
struct server;

#define DTLS_PORT_BUCKETS 1024u
#define DTLS_PORT_ASSOCS  16384u /* at once; strangers beyond are not heard */

struct dtls_port {
	struct server *server;
	struct listener *listener; /* borrowed: has the socket */
	struct dtls_cookies cookies;
	struct line in, out;
	struct list buckets[DTLS_PORT_BUCKETS];
	size_t count;
};

struct dtls_port *dtls_port_new(struct server *s, struct listener *l);
/* Its associations are gone before. */
void dtls_port_free(struct dtls_port *p);

/* libevent callback of the socket; arg is the port. */
void dtls_port_on_readable(evutil_socket_t fd, short what, void *arg);
void dtls_port_send(struct dtls_port *p, const struct peer *to, const uint8_t *data, size_t len);

/* For associations: into the table and out of it. */
void dtls_port_enter(struct dtls_port *p, struct assoc *a);
void dtls_port_leave(struct dtls_port *p, struct assoc *a);

#endif
