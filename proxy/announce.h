/* What is told in the log when all is ready: where we listen, whom we ask and how that is checked. */
#ifndef PROXY_ANNOUNCE_H
#define PROXY_ANNOUNCE_H

#include <stddef.h>

struct config;
struct config_change;
struct listeners;
struct policies;
struct trusts;

/* All borrowed for the call; the trusts are loaded. */
struct announce {
	const struct config *config;
	const struct listeners *listeners;
	const struct policies *policies;
	const struct trusts *trusts;
	size_t worker_count;
	size_t tcp_clients; /* of each worker, as far as descriptors go */
};

void announce(const struct announce *a);
/* After a reload: the upstreams and zones that are new; no listeners are looked at. */
void announce_changes(const struct announce *a, const struct config_change *change);

#endif
