/*
 * The listening sockets of all workers: those of `listen`, or in their place those that the service
 * manager passed.  Ours are one pair for each worker and address (SO_REUSEPORT).  Passed ones are
 * the same socket for all workers, duplicated: none of them may be closed while the loop of its
 * worker runs, as epoll knows it by what it is a duplicate of.
 */
#ifndef PROXY_LISTENERS_H
#define PROXY_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/config/config.h"
#include "proxy/client/passed.h"
#include "proxy/client/sockets.h"

#define LISTENERS_MAX (CONFIG_LISTEN_MAX > PASSED_MAX ? CONFIG_LISTEN_MAX : PASSED_MAX)

struct listen_address {
	struct addr addr;
	bool udp, tcp;	 /* what there is */
	bool dual_stack; /* [::] that IPv4 clients reach too */
	/* Names of the passed sockets, at most one each; "": none or ours. */
	char udp_name[PASSED_NAME_MAX], tcp_name[PASSED_NAME_MAX];
};

struct listeners {
	struct listen_address *address; /* owned */
	size_t count;			/* LISTENERS_MAX at most */
	size_t workers;
	bool shared;		   /* all workers have the same sockets: they were passed */
	struct socket_pair *pairs; /* owned; pairs[address * workers + worker], -1: handed over */
};

/*
 * Opens what config says, or takes what was passed where there is any.  A default address that the
 * machine lacks, and a written one that was not passed, are warned of.  0 or negative errno with
 * one sentence in error; listeners_deinit is right in either case.
 */
int listeners_open(struct listeners *l, const struct config *config, struct passed *passed,
	size_t workers, char *error, size_t size);
/* Closes those that nobody has taken. */
void listeners_deinit(struct listeners *l);

/* The sockets of one worker, `count` pairs; they are the caller's then. */
void listeners_hand_over(struct listeners *l, size_t worker, struct socket_pair *ret);
/* Sockets of each worker. */
size_t listeners_each(const struct listeners *l);
/* One line an address. */
void listeners_log(const struct listeners *l);

#endif
