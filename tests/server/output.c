#include "tests/server/output.h"

#include <event2/event.h>
#include <stdlib.h>

#include "common/dns/wire.h"
#include "tests/server/conn.h"
#include "tests/server/mem.h"
#include "tests/server/server.h"

#define PACE_MS 50u

struct item {
	struct list node; /* in the connection's items */
	struct delivery how;
	uint8_t *data;	 /* owned */
	size_t pos, end; /* end: where it stops, all or a part */
};

static void item_free(struct item *it)
{
	list_remove(&it->node);
	free(it->data);
	free(it);
}

void output_clear(struct conn *c)
{
	list_for_each (node, &c->items)
		item_free(container_of(node, struct item, node));
	if (c->pace_timer)
		event_free(c->pace_timer);
	c->pace_timer = NULL;
}

static void write_record(struct conn *c, const uint8_t *data, size_t len)
{
	if (c->tls)
		c->server->stats.records_sent += tls_write(c->tls, data, len);
	else
		buf_append(&c->net_out, data, len);
}

void output_write(struct conn *c, const uint8_t *data, size_t len, const struct delivery *how)
{
	size_t record_len = how ? how->record_len : 0;

	output_end_batch(c);
	while (len) {
		size_t n = record_len && record_len < len ? record_len : len;

		if (how && how->before && c->tls)
			aside_send(c->tls, how->before, how->before_times);
		write_record(c, data, n);
		if (!c->tls && record_len)
			conn_flush(c);
		data += n;
		len -= n;
	}
}

void output_end_batch(struct conn *c)
{
	if (!buf_len(&c->coalesced))
		return;
	write_record(c, buf_front(&c->coalesced), buf_len(&c->coalesced));
	buf_clear(&c->coalesced);
}

/* One answer is on its way: limits of the connection may end it now. */
static void count_answer(struct conn *c)
{
	c->server->stats.answers++;
	c->answers++;
	conn_answered(c);
	if (c->limits.answers && c->answers == c->limits.answers)
		conn_close(c, c->limits.answers_how);
}

static void finish_item(struct conn *c, const struct delivery *how)
{
	enum close_how end = how->cut_how ? how->cut_how : how->then;

	if (!how->cut_how)
		count_answer(c);
	if (end)
		conn_close(c, end);
}

static void on_pace(evutil_socket_t fd, short what, void *arg);

static void pace(struct conn *c, const struct item *it, size_t n)
{
	uint64_t us = n * (uint64_t)1000000 / it->how.rate;
	struct timeval tv = { (time_t)(us / 1000000), (suseconds_t)(us % 1000000) };

	if (!c->pace_timer)
		c->pace_timer = evtimer_new(c->server->base, on_pace, c);
	evtimer_add(c->pace_timer, &tv);
}

/* False: the rest of it comes later. */
static bool step(struct conn *c, struct item *it)
{
	size_t n = it->end - it->pos;

	if (it->how.rate) {
		size_t portion = it->how.rate * PACE_MS / 1000 + 1;

		n = portion < n ? portion : n;
	}
	output_write(c, it->data + it->pos, n, &it->how);
	it->pos += n;
	if (it->pos == it->end)
		return true;
	pace(c, it, n);
	return false;
}

static void pump(struct conn *c)
{
	while (conn_usable(c) && !list_empty(&c->items)) {
		struct item *it = container_of(c->items.next, struct item, node);
		struct delivery how = it->how;

		if (!it->pos && how.noise)
			conn_noise(c, how.noise);
		if (!step(c, it))
			break;
		item_free(it);
		finish_item(c, &how);
	}
	conn_flush(c);
}

static void on_pace(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

static bool plain(const struct delivery *how)
{
	return !how->record_len && !how->before && !how->rate && !how->noise && !how->cut_how &&
	       !how->then;
}

static void append_item(
	struct conn *c, const uint8_t *frame, size_t len, const struct delivery *how)
{
	struct item *it = mem_new(sizeof(*it));

	it->how = *how;
	it->data = mem_copy(frame, len);
	it->end = how->cut_how && how->cut < len ? how->cut : len;
	list_append(&c->items, &it->node);
}

void output_deliver(struct outlet *o, const struct peer *to, uint8_t *frame, size_t len,
	const struct delivery *how)
{
	struct conn *c = container_of(o, struct conn, outlet);

	(void)to;
	if (!conn_usable(c))
		return;
	wire_put16(frame, how->lies ? how->prefix : (uint16_t)len);
	if (!plain(how) || !list_empty(&c->items)) {
		append_item(c, frame, len + 2, how);
		if (c->items.next->next == &c->items)
			pump(c);
		return;
	}
	if (c->server->coalesce)
		buf_append(&c->coalesced, frame, len + 2);
	else
		output_write(c, frame, len + 2, NULL);
	count_answer(c);
	conn_flush(c);
}
