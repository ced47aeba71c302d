#include "tests/server/line.h"

#include <event2/event.h>
#include <string.h>

enum { HELD_MS = 20, HANDSHAKE_FIRST = 20, HANDSHAKE_LAST = 22, DATA = 23 };

static void put(struct line_datagram *d, const struct peer *peer, const uint8_t *data, size_t len)
{
	if (len > LINE_DATAGRAM)
		return;
	d->peer = *peer;
	d->len = len;
	memcpy(d->data, data, len);
}

static void release(struct line *l)
{
	size_t len = l->held.len;

	event_del(l->timer);
	l->held.len = 0;
	if (len)
		l->deliver(l->arg, &l->held.peer, l->held.data, len);
}

static void on_held_long(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	release(arg);
}

void line_init(struct line *l, struct event_base *base)
{
	l->timer = evtimer_new(base, on_held_long, l);
}

void line_deinit(struct line *l)
{
	if (l->timer)
		event_free(l->timer);
	l->timer = NULL;
}

static bool happens(struct line *l, uint32_t share)
{
	return share && random_below(&l->random, 1000000) < share;
}

/* Change of cipher and alerts belong to the handshake: its last flight is one of them. */
static bool meant(const struct line_faults *f, const uint8_t *data, size_t len)
{
	uint8_t type = len ? data[0] : 0;

	if (f->what == LINE_HANDSHAKE)
		return type >= HANDSHAKE_FIRST && type <= HANDSHAKE_LAST;
	return f->what == LINE_ALL || type == DATA;
}

static bool gets_lost(struct line *l, size_t len)
{
	return (l->faults->mtu && len > l->faults->mtu) || happens(l, l->faults->loss);
}

static void hold(struct line *l, const struct peer *peer, const uint8_t *data, size_t len)
{
	struct timeval tv = { .tv_usec = HELD_MS * 1000 };

	put(&l->held, peer, data, len);
	evtimer_add(l->timer, &tv);
}

static void repeat_old(struct line *l)
{
	const struct line_datagram *d = &l->old[random_below(&l->random, LINE_MEMORY)];

	if (d->len)
		l->deliver(l->arg, &d->peer, d->data, d->len);
}

void line_carry(struct line *l, const struct peer *peer, const uint8_t *data, size_t len)
{
	const struct line_faults *f = l->faults;

	if (!meant(f, data, len)) {
		l->deliver(l->arg, peer, data, len);
		return;
	}
	if (gets_lost(l, len)) {
		++*l->lost;
		return;
	}
	if (!l->held.len && len <= LINE_DATAGRAM && happens(l, f->reorder)) {
		hold(l, peer, data, len);
		return;
	}
	l->deliver(l->arg, peer, data, len);
	if (happens(l, f->dup))
		l->deliver(l->arg, peer, data, len);
	if (happens(l, f->replay))
		repeat_old(l);
	put(&l->old[l->carried++ % LINE_MEMORY], peer, data, len);
	release(l);
}
