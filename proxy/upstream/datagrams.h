/* Datagrams that wait to be sent, in their order: a bounded queue. */
#ifndef PROXY_UPSTREAM_DATAGRAMS_H
#define PROXY_UPSTREAM_DATAGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

#define DATAGRAMS_MAX	     64u
#define DATAGRAMS_OCTETS_MAX 65536u /* in all */

struct datagrams {
	struct bytes octets;
	uint16_t len[DATAGRAMS_MAX];
	unsigned count;
};

/* False: full. */
static inline bool datagrams_have_room(const struct datagrams *d, size_t len)
{
	return d->count < DATAGRAMS_MAX && len <= DATAGRAMS_OCTETS_MAX - bytes_len(&d->octets);
}

/* Copies one of at most 65535 octets behind the others.  False: full, or no memory. */
bool datagrams_put(struct datagrams *d, const void *data, size_t len);

/* The first n are gone. */
void datagrams_consume(struct datagrams *d, unsigned n);

void datagrams_free(struct datagrams *d);

#endif
