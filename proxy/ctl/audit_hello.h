/*
 * Whether a server would speak TLS 1.1, which dnsfwd itself cannot offer any more: a ClientHello of our own
 * and the first octets of what is said to it.  No handshake comes of it.
 */
#ifndef PROXY_CTL_AUDIT_HELLO_H
#define PROXY_CTL_AUDIT_HELLO_H

#include "proxy/ctl/audit.h"

#define AUDIT_HELLO_MAX 512u

/* The octets of a ClientHello for TLS 1.1 at most, with this name (NULL: none); their count. */
size_t audit_hello_build(const char *name, uint8_t out[AUDIT_HELLO_MAX]);

/* What the first octets of the answer mean; unknown: there are not enough. */
enum audit_answer audit_hello_judge(const uint8_t *data, size_t len);

/* Asks; unknown where it does not come to that. */
enum audit_answer audit_hello_ask(const struct addr *to, const char *name, uint64_t until_us);

#endif
