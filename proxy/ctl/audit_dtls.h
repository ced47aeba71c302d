/* Whether a resolver speaks DTLS (RFC 8094) beside TLS, on the same port. */
#ifndef PROXY_CTL_AUDIT_DTLS_H
#define PROXY_CTL_AUDIT_DTLS_H

#include "proxy/ctl/audit.h"

struct tls_policy;

#define AUDIT_DTLS_US 2500000u

/* A handshake; the policy is one of dtls_policy_new.  Writes facts->dtls and dtls_text. */
void audit_dtls(const struct addr *to, const struct tls_policy *policy, uint64_t until_us,
	struct audit_facts *facts);

#endif
