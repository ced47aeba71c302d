/* What groups.c and groups_prepare.c have in common. */
#ifndef PROXY_GROUPS_INTERNAL_H
#define PROXY_GROUPS_INTERNAL_H

#include <net/if.h>

#include "proxy/groups.h"
#include "proxy/upstream/pool.h"

/* A group of upstreams: those of `forward`, or of a zone. */
struct group {
	struct pool pool;
	bool opportunistic;	     /* what it answers may be anybody's */
	char interface[IF_NAMESIZE]; /* "": any */
	char missing[80];	     /* what clients are told while it is */
	uint64_t former_policy;	     /* of what is still to be dropped from the cache; 0: nothing is */
	struct list node;	     /* among the retired */
	uint64_t retired_us;
	bool parted; /* its upstreams were told to leave */
};

/* What is said of one group. */
struct group_plan {
	size_t first, count;
	enum config_policy policy;
	uint64_t cache_policy;
	bool no_refresh, opportunistic;
	unsigned portal; /* number of its opening; 0: it is none */
	char interface[IF_NAMESIZE];
};

/* A table where NULL is to be taken from the one before; afterwards what is not used any more. */
struct groups_change {
	struct groups_table table;
	struct group_plan *plan; /* one for each group */
	struct config_change change;
	struct {
		struct addr *addr;
		size_t count;
	} * written; /* addresses, of each upstream */
	struct groups_setup setup;
};

void groups_table_free(struct groups_table *t);

#endif
