/*
 * DNS over TLS (RFC 7858) as a transport: TCP, GnuTLS through memory buffers, two-octet framing.
 * GnuTLS never sees the socket: it pulls from and pushes to buffers here, so one recv() feeds many
 * records, one send() carries many, and Finished leaves with the first queries.
 */
#ifndef PROXY_UPSTREAM_TLS_H
#define PROXY_UPSTREAM_TLS_H

#include "common/base/addr.h"
#include "common/base/list.h"
#include "proxy/upstream/tickets.h"
#include "proxy/upstream/transport.h"

struct loop;
struct tls_policy;
struct trust;

/* What one upstream's connections have in common; borrowed by each, outlives them. */
struct tls_endpoint {
	struct loop *loop;
	const struct tls_policy *policy;
	/*
	 * Called when a full handshake begins and the policy's trust anchors are not loaded;
	 * tls_trust_loaded comes some time later.  Meanwhile what the server says is left unread.
	 */
	void (*want_trust)(void *arg, struct trust *t);
	void *want_arg;
	/* Private: tls_endpoint_init. */
	struct tickets tickets;
	struct list waiting; /* connections, for the trust anchors */
};

/* After the first members are set. */
void tls_endpoint_init(struct tls_endpoint *e);
/* Its connections are gone. */
void tls_endpoint_deinit(struct tls_endpoint *e);

/* The anchors are loaded, or could not be: the connections of this endpoint that wait go on. */
void tls_trust_loaded(struct tls_endpoint *e);

/* For transport_opener; arg is the struct tls_endpoint. */
struct transport *tls_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end);

#endif
