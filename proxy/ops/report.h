/* Statistics on request: each worker hands out a copy of its figures, the sum goes to the log. */
#ifndef PROXY_OPS_REPORT_H
#define PROXY_OPS_REPORT_H

#include <stddef.h>

struct config;
struct worker;
struct mailbox;

/*
 * From main's thread, which owns the mailbox that the answers come back to.  The configuration is borrowed
 * until then.
 */
void report_request(
	struct worker **workers, size_t count, struct mailbox *back, const struct config *config);

#endif
