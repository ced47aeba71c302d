/*
 * DNS over DTLS (RFC 8094) as a transport: a connected UDP socket, DTLS 1.2 through memory, one message a
 * record and a record a datagram, without a length in front.  info.max_message is what such a
 * datagram takes on this path; it may change while the session lives.
 *
 * Datagrams may be lost: whoever sends a message repeats it.  What proves nothing ends nothing: alerts in
 * clear, ICMP, forgeries (threats A07).  Once ready, `ended` comes for what is sealed with our keys
 * alone, for the bounds of a key, and for too much that is no answer; `doubted` at most once a
 * minute, for a fatal alert in clear.
 */
#ifndef PROXY_UPSTREAM_DTLS_H
#define PROXY_UPSTREAM_DTLS_H

#include "proxy/upstream/tls_endpoint.h"

/* From the first ClientHello on; then `ended` with FAULT_TIMEOUT (RFC 8094 3.1). */
#define DTLS_HANDSHAKE_US (15ull * 1000000)
/* From one doubt to the next: what forgeries can make us do. */
#define DTLS_DOUBT_US (60ull * 1000000)

/*
 * For transport_opener; arg is a struct tls_endpoint whose policy is one of dtls_policy_new.  The
 * ClientHello leaves before it returns.
 *
 * Before the server has said anything, an ICMP message that nobody listens there ends the attempt at once
 * (STAGE_UDP, FAULT_PROTOCOL), so that another transport may be tried; a fatal alert in clear does if
 * another one answers our repeated flight, or nothing does.  Where no socket of ours can reach the
 * server it is FAULT_LOCAL.
 */
struct transport *dtls_open(void *arg, const struct addr *to,
	const struct transport_handler *handler, void *handler_arg, struct transport_end *ret_end);

#endif
