/* One log line for each query, only with log-queries = true (design 7): names are private. */
#ifndef PROXY_CLIENT_QUERYLOG_H
#define PROXY_CLIENT_QUERYLOG_H

#include <stdint.h>

#include "common/cache/cache.h"
#include "common/dns/rewrite.h"
#include "proxy/client/origin.h"
#include "proxy/upstream/request.h"

/* reply: the bytes as they go to the client. */
void querylog_answer(const struct client_form *f, const struct origin *o, const struct request *r,
	const uint8_t *reply, uint64_t took_us);
/* hit: the reply is of the cache. */
void querylog_hit(const struct client_form *f, const struct origin *o, const struct cache_hit *hit,
	const uint8_t *reply, uint64_t took_us);
void querylog_failure(const struct client_form *f, const struct origin *o, unsigned rcode,
	struct ede why, uint64_t took_us);

#endif
