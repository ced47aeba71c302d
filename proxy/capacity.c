#include "proxy/capacity.h"

#include <sys/resource.h>
#include <unistd.h>

/*
 * Of each worker: event loop, mailbox, log, spare, and the sessions of an upstream (16 at most), of
 * which further ones will hardly have all.
 */
#define RESERVED_DESCRIPTORS 28u
#define RESERVED_FURTHER     6u
#define TCP_CLIENTS_MIN	     4u
#define WORKERS_AUTO_MAX     64

size_t capacity_workers(const struct config *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (c->workers > 0)
		return c->workers;
	if (cores > WORKERS_AUTO_MAX)
		return WORKERS_AUTO_MAX;
	return cores > 0 ? (size_t)cores : 1;
}

/* Upstreams, those over datagrams counted twice: with their stream. */
static size_t count_ways(const struct config *c)
{
	size_t n = c->upstream_count;

	for (size_t i = 0; i < c->upstream_count; i++)
		n += config_has_two_ways(c->forward[i].transport);
	return n;
}

size_t capacity_tcp_clients(const struct config *c, size_t workers, size_t listeners)
{
	size_t per_worker =
		RESERVED_DESCRIPTORS + (count_ways(c) - 1) * RESERVED_FURTHER + listeners;
	size_t wanted = c->tcp_clients;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur / workers >= wanted + per_worker)
		return wanted;
	if (r.rlim_cur / workers < TCP_CLIENTS_MIN + per_worker)
		return TCP_CLIENTS_MIN;
	return (size_t)(r.rlim_cur / workers) - per_worker;
}
