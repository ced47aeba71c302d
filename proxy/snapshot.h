/* The file of `cache-snapshot`: the cache over a restart.  Off by default, for it tells what was asked. */
#ifndef PROXY_SNAPSHOT_H
#define PROXY_SNAPSHOT_H

#include <stdint.h>

struct cache;
struct config;

/* now_s: as the workers tell the cache.  What goes wrong is logged, and the cache starts empty. */
void snapshot_read(struct cache *c, const char *path, uint32_t now_s);
/*
 * The cache's last use.  To the path that the configuration says, over a fresh file beside it, 0600; a failure is
 * logged and leaves the old one.  Without what zones answered that are asked in clear: that belongs to the network
 * which we are on.
 */
void snapshot_write(struct cache *c, const struct config *config, uint32_t now_s);

#endif
