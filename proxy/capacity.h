/* How much of the machine is used: threads, and what the limit of open files allows. */
#ifndef PROXY_CAPACITY_H
#define PROXY_CAPACITY_H

#include <stddef.h>

#include "common/config/config.h"

/* As configured; "auto": one for each processor core, 64 at most. */
size_t capacity_workers(const struct config *c);

/*
 * TCP clients of one worker: what is configured, as far as the limit of open files allows once each
 * worker has its sockets (so many for each listener), upstream sessions and some to spare (threats F22).
 */
size_t capacity_tcp_clients(const struct config *c, size_t workers, size_t listeners);

#endif
