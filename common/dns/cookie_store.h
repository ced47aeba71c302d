/*
 * The jars of plain upstreams, which outlive their sockets: one for each pair of server (address and port)
 * and local address (RFC 9018 3: a server cookie is bound to the address it was given to).  Bounded; those
 * in use stay, of the others the one that was used longest ago goes first.  One for each worker.
 */
#ifndef COMMON_DNS_COOKIE_STORE_H
#define COMMON_DNS_COOKIE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/base/list.h"
#include "common/dns/cookie_client.h"

#define COOKIE_STORE_MAX 128u

struct cookie_store {
	/* CLOCK_BOOTTIME in microseconds: these cookies age while we sleep. */
	uint64_t (*boottime_us)(void *arg);
	void *clock_arg;
	struct list jars; /* the one used last comes first */
	size_t count;
	uint64_t refused; /* bound hit: all are in use; or no memory */
};

void cookie_store_init(struct cookie_store *s, uint64_t (*boottime_us)(void *arg), void *clock_arg);
/* All jars have been given back. */
void cookie_store_deinit(struct cookie_store *s);

/*
 * The jar of this pair, lent until cookie_store_give_back; sessions to one server from one address share it.
 * The port of local does not count.  NULL at the bound: the session does with a jar of its own.
 */
struct cookie_jar *cookie_store_take(
	struct cookie_store *s, const struct addr *server, const struct addr *local);
void cookie_store_give_back(struct cookie_store *s, struct cookie_jar *jar);

/*
 * We are on another network (design 5, Networks and epochs): all cookies are forgotten, so that they don't
 * link the two.  Jars that are lent are emptied; a query under way is still judged by what it carried.
 */
void cookie_store_new_epoch(struct cookie_store *s);

#endif
