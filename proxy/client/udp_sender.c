#include "proxy/client/udp_sender.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void swap_slots(struct udp_sender *s, unsigned i, unsigned j)
{
	struct udp_slot slot = s->slot[i];
	struct msghdr *a = &s->head[i].msg_hdr, *b = &s->head[j].msg_hdr;
	socklen_t namelen = a->msg_namelen;
	size_t controllen = a->msg_controllen;

	s->slot[i] = s->slot[j];
	s->slot[j] = slot;
	a->msg_namelen = b->msg_namelen;
	b->msg_namelen = namelen;
	a->msg_controllen = b->msg_controllen;
	b->msg_controllen = controllen;
	a->msg_control = a->msg_controllen ? s->slot[i].control : NULL;
	b->msg_control = b->msg_controllen ? s->slot[j].control : NULL;
}

/* The unsent come to the front, in their order; each takes its buffer along. */
static void skip_sent(struct udp_sender *s, unsigned n)
{
	s->count -= n;
	for (unsigned i = 0; i < s->count && n > 0; i++)
		swap_slots(s, i, i + n);
}

int udp_sender_flush(struct udp_sender *s, int fd)
{
	unsigned done = 0;
	int err = 0;

	while (done < s->count && err == 0) {
		int n = s->send(fd, s->head + done, s->count - done, MSG_NOSIGNAL);

		if (n > 0)
			done += (unsigned)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			err = -EAGAIN;
		else if (errno != EINTR)
			done++;
	}
	skip_sent(s, done);
	return err;
}

uint8_t *udp_sender_reserve(struct udp_sender *s, size_t len)
{
	if (s->count == UDP_BATCH || len > s->reply_max)
		return NULL;
	return s->slot[s->count].iov.iov_base;
}

static void set_control(struct msghdr *h, struct udp_slot *slot, const struct origin *o)
{
	struct cmsghdr *c = &slot->align;
	bool v6 = o->peer.sa.sa_family == AF_INET6;
	size_t len = v6 ? sizeof o->local6 : sizeof o->local4;

	h->msg_control = slot->control;
	h->msg_controllen = CMSG_SPACE(len);
	c->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	c->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), v6 ? (const void *)&o->local6 : (const void *)&o->local4, len);
}

void udp_sender_commit(struct udp_sender *s, const struct origin *to, size_t len)
{
	struct udp_slot *slot = &s->slot[s->count];
	struct msghdr *h = &s->head[s->count].msg_hdr;

	slot->peer = to->peer;
	slot->iov.iov_len = len;
	h->msg_namelen = addr_len(&to->peer);
	h->msg_control = NULL;
	h->msg_controllen = 0;
	if (to->has_local)
		set_control(h, slot, to);
	s->count++;
}

uint8_t *udp_sender_buffers(size_t reply_max)
{
	return malloc(UDP_BATCH * reply_max);
}

/* What is not sent yet moves over. */
void udp_sender_grow(struct udp_sender *s, uint8_t *buffers, size_t reply_max)
{
	if (reply_max <= s->reply_max) {
		free(buffers);
		return;
	}
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		uint8_t *to = buffers + i * reply_max;

		if (i < s->count)
			memcpy(to, s->slot[i].iov.iov_base, s->slot[i].iov.iov_len);
		s->slot[i].iov.iov_base = to;
	}
	free(s->data);
	s->data = buffers;
	s->reply_max = reply_max;
}

int udp_sender_init(struct udp_sender *s, size_t reply_max, udp_send_fn send)
{
	*s = (struct udp_sender){ .reply_max = reply_max, .send = send };
	s->data = udp_sender_buffers(reply_max);
	if (!s->data)
		return -ENOMEM;
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		s->slot[i].iov.iov_base = s->data + i * reply_max;
		s->head[i].msg_hdr.msg_iov = &s->slot[i].iov;
		s->head[i].msg_hdr.msg_iovlen = 1;
		s->head[i].msg_hdr.msg_name = &s->slot[i].peer;
	}
	return 0;
}

void udp_sender_deinit(struct udp_sender *s)
{
	free(s->data);
	s->data = NULL;
}
