/*
 * Where a query came from and how its reply gets back: the interface between the listeners and
 * query.c, which never asks what transport it is.
 */
#ifndef PROXY_CLIENT_ORIGIN_H
#define PROXY_CLIENT_ORIGIN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/base/list.h"

struct origin;

struct origin_ops {
	/*
	 * Room for a reply of up to len octets, to be committed or left alone before the next call;
	 * NULL: none.
	 */
	uint8_t *(*reserve)(struct origin *o, size_t len);
	/* The reply is len octets: it leaves at the end of this turn. */
	void (*commit)(struct origin *o, size_t len);
	/*
	 * A query was begun that replies later from this very struct; it has ended (replied or
	 * not).
	 */
	void (*begun)(struct origin *o);
	void (*ended)(struct origin *o);
};

struct origin {
	const struct origin_ops *ops;
	void *owner;	  /* listener or TCP client; NULL: it has gone, nobody to reply to */
	struct list node; /* in the TCP client's list of queries */
	bool stream;
	struct addr peer;
	/*
	 * UDP on a wildcard socket: the address asked, from which the reply must leave (RFC 2181
	 * 4).
	 */
	bool has_local;
	union {
		struct in_pktinfo local4;
		struct in6_pktinfo local6;
	};
};

#endif
