/*
 * Replies of a turn over one UDP socket: collected in buffers of their own, sent by one sendmmsg.
 */
#ifndef PROXY_CLIENT_UDP_SENDER_H
#define PROXY_CLIENT_UDP_SENDER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "proxy/client/origin.h"

/* Datagrams a system call. */
#define UDP_BATCH 64u

#define UDP_CONTROL_SIZE CMSG_SPACE(sizeof(struct in6_pktinfo))

/* One datagram with its peer; iov points to its buffer. */
struct udp_slot {
	struct addr peer;
	struct iovec iov;
	union {
		struct cmsghdr align;
		uint8_t control[UDP_CONTROL_SIZE];
	};
};

/* As sendmmsg(2); a seam for tests. */
typedef int (*udp_send_fn)(int fd, struct mmsghdr *head, unsigned count, int flags);

struct udp_sender {
	struct mmsghdr head[UDP_BATCH]; /* each points at the slot of its number, always */
	struct udp_slot slot[UDP_BATCH];
	unsigned count;	  /* committed, not sent */
	size_t reply_max; /* octets of each buffer */
	uint8_t *data;	  /* the buffers, owned */
	udp_send_fn send;
};

/* 0 or -ENOMEM. */
int udp_sender_init(struct udp_sender *s, size_t reply_max, udp_send_fn send);
void udp_sender_deinit(struct udp_sender *s);

/* Buffers of reply_max octets each, for udp_sender_grow.  NULL: out of memory. */
uint8_t *udp_sender_buffers(size_t reply_max);
/* Takes buffers that are larger, at any time; smaller ones are freed, and it goes on as it is. */
void udp_sender_grow(struct udp_sender *s, uint8_t *buffers, size_t reply_max);

/* Buffer of the next reply; NULL: the batch is full, or len is more than a buffer holds. */
uint8_t *udp_sender_reserve(struct udp_sender *s, size_t len);
/* It is len octets and goes to the origin's peer, from its local address where that is known. */
void udp_sender_commit(struct udp_sender *s, const struct origin *to, size_t len);

/*
 * Sends the batch.  A datagram that the network refuses is passed over (its client has gone:
 * threats F29). 0: all out; -EAGAIN: the socket's buffer is full, the rest stays in the batch, in
 * order.
 */
int udp_sender_flush(struct udp_sender *s, int fd);

#endif
