/* A worker inside, for worker.c and worker_change.c (a reload). */
#ifndef PROXY_WORKER_INTERNAL_H
#define PROXY_WORKER_INTERNAL_H

#include <pthread.h>

#include "proxy/client/query.h"
#include "proxy/loop.h"
#include "proxy/worker.h"

struct worker {
	struct config *config; /* a reference */
	pthread_t thread;
	bool started;
	bool draining, done;
	struct loop loop;
	struct mailbox mailbox;
	struct timer drain_limit;
	struct groups groups; /* of upstreams */
	struct lookups lookups;
	struct local local;
	struct queries queries;
	struct list explains; /* under way */
	struct cache *cache;  /* borrowed; NULL: none */
	size_t network;	      /* place of that it is on, as far as it knows */
	void (*resumed)(void *arg);
	void *resumed_arg;

	struct udp_receiver *receiver;
	struct tcp_clients *clients;
	struct udp_listener **udp;
	struct tcp_listener **tcp;
	size_t udp_count, tcp_count;
	bool sockets_are_ours, counts_drops;
};

#endif
