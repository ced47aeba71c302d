/*
 * Judges the peer of a TLS session in its handshake, before a query is sent (RFC 8310 8.1, RFC 7858
 * 4.2, RFC 9525 6; standards 8): the chain up to our trust anchors with dates, serverAuth, OCSP and
 * a subjectAltName for the expected name, or for the address where no name is expected, never the
 * CN; and the pins.  All that the policy has must hold.
 */
#ifndef PROXY_UPSTREAM_VERIFY_H
#define PROXY_UPSTREAM_VERIFY_H

#include <stdbool.h>
#include <time.h>

#include "common/base/addr.h"
#include "proxy/upstream/transport.h"

struct tls_policy;
struct gnutls_session_int;

struct verify_result {
	bool authenticated;
	bool local;	  /* not judged, for a reason of ours: the trust store can't be read */
	time_t not_after; /* of the leaf; 0: not known */
	/* Why it is not authenticated: what was presented and what was expected, in a sentence. */
	char reason[TRANSPORT_TEXT_MAX];
};

void verify_peer(struct gnutls_session_int *session, const struct tls_policy *policy,
	const struct addr *addr, struct verify_result *ret);

#endif
