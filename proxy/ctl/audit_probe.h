/*
 * One audit: reaches a resolver, shakes hands with it, asks it, and writes down what it finds.  Blocks, for
 * as long as it was given; every step has a limit of its own within that.
 */
#ifndef PROXY_CTL_AUDIT_PROBE_H
#define PROXY_CTL_AUDIT_PROBE_H

#include "common/config/config.h"
#include "proxy/ctl/audit.h"
#include "proxy/ctl/audit_names.h"

struct audit_target {
	const struct config_upstream *upstream;
	const char *tls_priority;
	const struct addr *addrs; /* with ports */
	size_t count;
};

struct audit_limits {
	uint64_t time_us;
	bool wait_idle; /* find out when an idle session is closed */
};

/* All of it borrowed for the call. */
void audit_probe(const struct audit_target *t, const struct audit_names *names,
	const struct audit_limits *limits, struct audit_facts *ret);

#endif
