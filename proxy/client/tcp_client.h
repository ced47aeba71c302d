/* One TCP client.  Private to tcp_listener.c (which makes and counts them) and tcp_client.c. */
#ifndef PROXY_CLIENT_TCP_CLIENT_H
#define PROXY_CLIENT_TCP_CLIENT_H

#include <stdbool.h>

#include "common/base/bytes.h"
#include "proxy/client/tcp.h"

struct tcp_clients {
	struct loop *loop;
	struct queries *queries;
	struct list busy; /* with queries in flight or output waiting */
	struct list idle; /* the others, longest idle first */
	size_t count, max;
	bool stopping;
};

struct tcp_client {
	struct tcp_clients *all;
	struct list node; /* in all->busy or all->idle */
	int fd;
	struct addr peer;
	struct event *readable, *writable;
	bool reading, writing; /* what is armed */
	bool no_more_input;    /* FIN, bad frame or a loop: end when the replies are out */
	bool doomed;	       /* closed; waits to be freed at the end of the turn */
	bool held; /* whole messages stand in `in`, held back by a bound: nothing more is read */
	struct bytes in; /* a partial message, or those held back */
	struct bytes out;
	struct list queries; /* origins of those in flight */
	unsigned inflight;
	struct timer timer;
	uint64_t input_since_us;  /* the partial message began; 0: none */
	uint64_t output_since_us; /* output began, or moved by TCP_OUT_STEP; 0: none waits */
	size_t output_moved;	  /* octets taken by the client since then */
	uint64_t idle_since_us;	  /* last whole message, or reply */
	struct turn_work send, resume, grave;
};

/* Takes fd; NULL without memory (fd is closed). */
struct tcp_client *tcp_client_new(struct tcp_clients *all, int fd, const struct addr *peer);
/* At once; queries in flight are orphaned. */
void tcp_client_close(struct tcp_client *c);
void tcp_client_stop_reading(struct tcp_client *c);

#endif
