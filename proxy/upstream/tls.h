/*
 * DNS over TLS (RFC 7858) as a transport: TCP, GnuTLS through memory buffers, two-octet framing.
 * GnuTLS never sees the socket: it pulls from and pushes to buffers here, so one recv() feeds many
 * records, one send() carries many, and Finished leaves with the first queries.
 */
#ifndef PROXY_UPSTREAM_TLS_H
#define PROXY_UPSTREAM_TLS_H

#include "proxy/upstream/tls_endpoint.h"

/* For transport_opener; arg is the struct tls_endpoint. */
struct transport *tls_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end);

#endif
