/*
 * A UDP listening socket: datagrams in by recvmmsg, replies out by one sendmmsg a turn.
 */
#ifndef PROXY_CLIENT_UDP_H
#define PROXY_CLIENT_UDP_H

#include "proxy/client/query.h"

/*
 * Longest query taken over UDP; one that is longer is answered FORMERR (RFC 5625 4.4.3 asks for
 * 4096).
 */
#define UDP_QUERY_MAX 4096u

struct udp_receiver; /* receive buffers, one set for all sockets of a worker */
struct udp_listener;

struct udp_receiver *udp_receiver_new(void);
void udp_receiver_free(struct udp_receiver *r);

/*
 * Takes the bound, non-blocking socket, on failure too (NULL: no memory). receiver and queries
 * outlive it.
 */
struct udp_listener *udp_listener_new(struct loop *loop, struct queries *queries,
	struct udp_receiver *receiver, int fd, const struct addr *bound);
/* As udp_sender_grow, for edns-size. */
void udp_listener_grow(struct udp_listener *u, uint8_t *buffers, size_t reply_max);
/*
 * No more queries are read; replies still go out.  ours: the socket is nobody else's.  Then what waits in it is
 * read first, and nothing more comes into it: who shares the port gets it, or the client hears that nobody is
 * there.  Those of another's stay, for whoever comes next.
 */
void udp_listener_stop(struct udp_listener *u, bool ours);
/* No reply waits for the socket. */
bool udp_listener_flushed(const struct udp_listener *u);
void udp_listener_free(struct udp_listener *u);

/* Datagrams that the kernel dropped because the socket's buffer was full. */
uint64_t udp_listener_drops(const struct udp_listener *u);

#endif
