/*
 * The replies to a query, written into its origin in the client's form: counted, and logged where that is
 * wanted.  A reply for which the origin has no room is lost, which the origin counts.
 */
#ifndef PROXY_CLIENT_REPLY_H
#define PROXY_CLIENT_REPLY_H

#include "common/cache/cache.h"
#include "common/local/answer.h"
#include "proxy/client/origin.h"
#include "proxy/upstream/request.h"

struct queries;

/* Where and how one goes. */
struct reply_to {
	struct queries *queries;
	struct origin *origin;
	const struct client_form *form;
	uint64_t took_us;
};

/* Without records. */
void reply_error(const struct reply_to *to, unsigned rcode, struct ede ede);
/* Sends the client to TCP. */
void reply_truncated(const struct reply_to *to);
/* An answer of our own. */
void reply_own(const struct reply_to *to, const struct local_reply *r);
/* An upstream's, which is answered.  False: it can't be given that form. */
bool reply_answer(const struct reply_to *to, const struct request *result);
/* One of the cache, while its shard is locked.  False: as above. */
bool reply_hit(const struct reply_to *to, const struct cache_hit *hit);

#endif
