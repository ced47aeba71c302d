/*
 * One connection of an audit: the product's TLS over a socket that is waited for.  Not for the daemon:
 * calls block, until a point in time that the caller says.
 *
 * Times are those of audit_wait.h.  Single-threaded.
 */
#ifndef PROXY_CTL_AUDIT_LINK_H
#define PROXY_CTL_AUDIT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "proxy/ctl/audit_wait.h"
#include "proxy/upstream/tickets.h"
#include "proxy/upstream/tls_engine.h"
#include "proxy/upstream/transport.h"

struct tls_policy;

struct audit_link {
	int fd; /* -1: closed */
	struct addr peer;
	struct tls_engine engine;
	struct transport_end end;	   /* why it is closed */
	struct tickets *tickets;	   /* borrowed; where they are kept */
	unsigned tickets_seen;		   /* of this connection */
	uint64_t connect_us, handshake_us; /* how long each took */
	size_t used;			   /* octets of engine.plain that were given out */
};

/*
 * Connects and shakes hands, resuming with a ticket (taken; NULL: none).  policy, tickets and ticket's
 * owner outlive the link.  False: link->end says why; audit_link_close is due either way.
 */
bool audit_link_open(struct audit_link *l, const struct addr *to, const struct tls_policy *policy,
	struct tickets *tickets, struct ticket *ticket, uint64_t until_us);

/* All messages, each with its length in front, in one go.  False: it is closed. */
bool audit_link_send(struct audit_link *l, const uint8_t *framed, size_t len, uint64_t until_us);

/*
 * The next message, valid until the next call; NULL: none came in time (l->fd is still open), or it is
 * closed.
 */
const uint8_t *audit_link_receive(struct audit_link *l, uint64_t until_us, size_t *ret_len);

void audit_link_close(struct audit_link *l);

static inline bool audit_link_is_open(const struct audit_link *l)
{
	return l->fd >= 0;
}

#endif
