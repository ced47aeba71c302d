#include "tests/server/udp.h"

#include "tests/server/listen.h"
#include "tests/server/serve.h"
#include "tests/server/server.h"

#define UDP_BATCH 256

void udp_deliver(struct outlet *o, const struct peer *to, uint8_t *frame, size_t len,
	const struct delivery *how)
{
	struct listener *l = container_of(o, struct listener, outlet);

	if (how->cut_how && how->cut < len)
		len = how->cut;
	if (l->fd < 0 || !len)
		return;
	l->server->stats.answers++;
	l->server->stats.bytes_out += len;
	sendto(l->fd, frame + 2, len, MSG_NOSIGNAL, (const struct sockaddr *)&to->address, to->len);
}

static bool take_one(struct listener *l)
{
	static uint8_t data[65536];
	struct server *s = l->server;
	struct peer from = { .len = sizeof(from.address) };
	struct asker a = { .server = s, .outlet = &l->outlet, .to = &from };
	struct origin origin = { .transport = TRANSPORT_UDP, .record_span = 1 };
	ssize_t n =
		recvfrom(l->fd, data, sizeof(data), 0, (struct sockaddr *)&from.address, &from.len);

	if (n < 0)
		return false;
	origin.seq = ++s->udp_count;
	origin.record_len = (uint32_t)n;
	s->stats.bytes_in += (uint64_t)n;
	serve(&a, &origin, data, (size_t)n);
	return true;
}

void udp_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < UDP_BATCH && l->fd >= 0 && take_one(l); i++)
		;
}
