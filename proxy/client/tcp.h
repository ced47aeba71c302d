/*
 * TCP clients (RFC 7766): pipelined queries, replies in any order.
 *
 * Bounds: tcp-clients in all, fewer where descriptors are short (a new one closes the one that has
 * been idle longest), TCP_INFLIGHT_MAX queries and TCP_OUT_MAX octets of output for each, kept by
 * not reading.  Timers are absolute: a message must be whole within tcp-idle-timeout of its first
 * octet, output must move within it, and without a query in flight the connection ends
 * tcp-idle-timeout after its last whole message (RFC 7766 6.2.3).
 */
#ifndef PROXY_CLIENT_TCP_H
#define PROXY_CLIENT_TCP_H

#include "proxy/client/query.h"

#define TCP_INFLIGHT_MAX 100u
#define TCP_OUT_MAX	 65536u
/*
 * Replies to those already in flight may add to it, up to this: a client that still does not read
 * is closed.
 */
#define TCP_OUT_HARD_MAX (512u * 1024u)
/* A reader slower than this in tcp-idle-timeout is not waited for. */
#define TCP_OUT_STEP 4096u
/* Octets of buffer that a client may keep between messages. */
#define TCP_BUFFER_KEPT 4096u

struct tcp_clients;
struct tcp_listener;

/* All TCP clients of a worker. */
struct tcp_clients *tcp_clients_new(struct loop *loop, struct queries *queries, size_t max);
/* Closes them all at once. */
void tcp_clients_free(struct tcp_clients *c);
/* Another bound; those above it go when they are idle and others come. */
void tcp_clients_set_max(struct tcp_clients *c, size_t max);
size_t tcp_clients_count(const struct tcp_clients *c);
/* No query in flight, no reply that its client has not taken yet. */
bool tcp_clients_flushed(const struct tcp_clients *c);
/* No further query is read. */
void tcp_clients_stop(struct tcp_clients *c);

/* Takes the listening, non-blocking socket, on failure too. */
struct tcp_listener *tcp_listener_new(struct tcp_clients *c, int fd);
void tcp_listener_stop(struct tcp_listener *l);
void tcp_listener_free(struct tcp_listener *l);

#endif
