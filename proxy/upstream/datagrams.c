#include "proxy/upstream/datagrams.h"

#include <string.h>

bool datagrams_put(struct datagrams *d, const void *data, size_t len)
{
	if (!datagrams_have_room(d, len) || bytes_append(&d->octets, data, len) < 0)
		return false;
	d->len[d->count++] = (uint16_t)len;
	return true;
}

void datagrams_consume(struct datagrams *d, unsigned n)
{
	size_t octets = 0;

	for (unsigned i = 0; i < n; i++)
		octets += d->len[i];
	bytes_consume(&d->octets, octets);
	d->count -= n;
	memmove(d->len, d->len + n, d->count * sizeof *d->len);
}

void datagrams_free(struct datagrams *d)
{
	bytes_free(&d->octets);
	d->count = 0;
}
