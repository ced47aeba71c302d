/* What each upstream must show (tls_policy.h), and whether DTLS may be spoken at all with this library. */
#ifndef PROXY_POLICIES_H
#define PROXY_POLICIES_H

#include <stddef.h>

#include "common/config/config.h"

struct tls_policy;
struct trusts;

/* One for each upstream of config->forward. */
struct policies {
	struct tls_policy **tls;  /* owned; NULL: in clear */
	struct tls_policy **dtls; /* owned; NULL: not over DTLS */
	size_t count;
};

/*
 * The configuration and the trusts are borrowed until policies_deinit.  0; -ENOMEM, -EINVAL with one sentence:
 * one can't be made.
 */
int policies_init(struct policies *p, const struct config *config, struct trusts *trusts,
	char *error, size_t size);
/* After a failure, too, and of one that is zeroed. */
void policies_deinit(struct policies *p);

/*
 * A library with holes that any datagram reaches is not used unless that is wanted (threats A67).  0; -EINVAL
 * with one sentence.
 */
int policies_check_library(const struct config *config, char *error, size_t size);

#endif
