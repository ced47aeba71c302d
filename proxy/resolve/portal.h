/*
 * The names that may go in clear while a captive portal is open (design 5, 9): these exactly, not what is
 * below them, to one resolver, for a bounded time.  One table for all workers, which look into it for each question while it
 * is open; closed it costs them one atomic read.
 *
 * It ends by itself when its time is over, and at once where a worker sees that an upstream can be reached, or the machine
 * is on another network; whoever has opened it learns of that from portal_look.  From the moment that the kernel says
 * that something of the network has changed until it is known what, no name is one of it (portal_hold): what was to
 * be told to this network is not told to the next one.  An answer's CNAME targets are added to it.
 *
 * From any thread, but for init, open and deinit.
 */
#ifndef PROXY_RESOLVE_PORTAL_H
#define PROXY_RESOLVE_PORTAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/dns/message.h"
#include "common/dns/name.h"

#define PORTAL_NAMES_MAX 64u
/* Links of a chain of aliases that are followed in one answer. */
#define PORTAL_CHAIN_MAX 8u
#define PORTAL_LABEL_MAX 120u

enum portal_end {
	PORTAL_NEVER = 0, /* it is open, or was never */
	PORTAL_OFF,	  /* by hand */
	PORTAL_TIME,	  /* its time is over */
	PORTAL_ANSWERED,  /* an upstream was reached, and authenticated */
	PORTAL_NETWORK,	  /* we are on another network */
};

struct portal {
	atomic_uint open; /* number of the opening; 0: closed */
	atomic_bool held; /* where we are is not known for now */
	pthread_mutex_t lock;
	uint32_t (*boottime_s)(void *arg);
	void *clock_arg;
	/* Locked. */
	unsigned number; /* of the last opening */
	uint32_t until_s;
	enum portal_end end;
	char by[PORTAL_LABEL_MAX];    /* PORTAL_ANSWERED: who */
	char resolver[ADDR_TEXT_MAX]; /* to whom they go */
	size_t count, refused;	      /* refused: because of the bound */
	struct {
		uint8_t octets[DNS_NAME_MAX]; /* in lower case */
		uint8_t len;
	} name[PORTAL_NAMES_MAX];
};

/* A copy of what there is to tell. */
struct portal_look {
	unsigned number; /* of the last opening; 0: it was never open */
	bool open;
	uint32_t left_s;
	enum portal_end end;
	char by[PORTAL_LABEL_MAX];
	char resolver[ADDR_TEXT_MAX];
	size_t count, refused;
	char name[PORTAL_NAMES_MAX][DNS_NAME_TEXT_MAX]; /* without final dot */
};

void portal_init(struct portal *p, uint32_t (*boottime_s)(void *arg), void *clock_arg);
void portal_deinit(struct portal *p);

/* Without names.  The number is never 0, and another one each time. */
void portal_open(struct portal *p, unsigned number, const struct addr *resolver, uint32_t seconds);
/* Whatever is open, now or by then: nothing of it goes out until the opposite is said. */
void portal_hold(struct portal *p, bool held);
/* A plain name in wire form.  False: it is closed, or PORTAL_NAMES_MAX are there; true also where it is there already. */
bool portal_add(struct portal *p, const uint8_t *name);
/* by: the upstream, for PORTAL_ANSWERED; else NULL.  The first reason stays. */
void portal_close(struct portal *p, enum portal_end why, const char *by);

/* Whether that opening is open still, not held, and the name is one of its own. */
bool portal_has(struct portal *p, unsigned number, const uint8_t *name, size_t len);
static inline bool portal_is_open(const struct portal *p)
{
	return atomic_load_explicit(&p->open, memory_order_acquire) != 0;
}

/* An answer of the resolver: the aliases that lead on from a name of the table are added. */
void portal_learn(struct portal *p, unsigned number, const struct dns_message *answer);

void portal_look(struct portal *p, struct portal_look *ret);

#endif
