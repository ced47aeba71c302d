/* Statistics on request: each worker hands out a copy of its figures, the sum goes to the log. */
#ifndef PROXY_OPS_REPORT_H
#define PROXY_OPS_REPORT_H

#include <stddef.h>

struct cache;
struct config;
struct mailbox;
struct worker;

/*
 * From main's thread, which owns the mailbox that the answers come back to.  cache: NULL if there is none; it
 * and the configuration are borrowed until then.
 */
void report_request(struct worker **workers, size_t count, struct cache *cache,
	struct mailbox *back, const struct config *config);

#endif
