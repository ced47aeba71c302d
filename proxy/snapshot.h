/* The file of `cache-snapshot`: the cache over a restart.  Off by default, for it tells what was asked. */
#ifndef PROXY_SNAPSHOT_H
#define PROXY_SNAPSHOT_H

#include <stdint.h>

struct cache;

/* now_s: as the workers tell the cache.  What goes wrong is logged, and the cache starts empty. */
void snapshot_read(struct cache *c, const char *path, uint32_t now_s);
/*
 * The cache's last use.  Over a fresh file beside it, 0600; a failure is logged and leaves the old one.  Only what
 * authenticated sessions gave: the rest (of zones in clear, of opportunistic upstreams) belongs to the network which
 * we are on.
 */
void snapshot_write(struct cache *c, const char *path, uint32_t now_s);

#endif
