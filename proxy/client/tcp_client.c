#include "proxy/client/tcp_client.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/dns/frame.h"
#include "proxy/loop.h"

static struct turn *turn_of(const struct tcp_client *c)
{
	return &c->all->loop->turn;
}

static struct stats *stats_of(const struct tcp_client *c)
{
	return &c->all->loop->stats;
}

/* ------------------------------------------------------------------ the end */

static void bury(struct turn_work *w)
{
	struct tcp_client *c = container_of(w, struct tcp_client, grave);

	event_free(c->readable);
	event_free(c->writable);
	bytes_free(&c->in);
	bytes_free(&c->out);
	free(c);
}

void tcp_client_close(struct tcp_client *c)
{
	if (c->doomed)
		return;
	c->doomed = true;
	while (!list_empty(&c->queries))
		query_orphan(container_of(c->queries.next, struct origin, node));
	timer_stop(&turn_of(c)->timers, &c->timer);
	turn_forget(&c->send);
	turn_forget(&c->resume);
	event_del(c->readable);
	event_del(c->writable);
	close(c->fd);
	c->fd = -1;
	list_remove(&c->node);
	c->all->count--;
	turn_bury(turn_of(c), &c->grave);
}

/* ------------------------------------------------------------------ timers */

static uint64_t timeout_us(const struct tcp_client *c)
{
	return c->all->queries->config->tcp_idle_timeout_us;
}

/*
 * The earliest of the limits that are running now; UINT64_MAX: a reply is being waited for, nothing
 * else.
 */
static uint64_t due_us(const struct tcp_client *c)
{
	uint64_t since = UINT64_MAX;

	if (c->input_since_us)
		since = c->input_since_us;
	if (c->output_since_us && c->output_since_us < since)
		since = c->output_since_us;
	if (since == UINT64_MAX && c->inflight == 0)
		since = c->idle_since_us;
	return since == UINT64_MAX ? since : since + timeout_us(c);
}

/* Lazily: the timer that runs may be early, never late. */
static void arm_timer(struct tcp_client *c)
{
	uint64_t due = due_us(c);

	if (due == UINT64_MAX || (timer_running(&c->timer) && c->timer.due_us <= due))
		return;
	if (timer_start(&turn_of(c)->timers, &c->timer, due) < 0)
		tcp_client_close(c);
}

static void on_timer(struct timer *t)
{
	struct tcp_client *c = container_of(t, struct tcp_client, timer);

	if (due_us(c) <= turn_now_us(turn_of(c))) {
		stats_of(c)->tcp_timeouts++;
		tcp_client_close(c);
	} else {
		arm_timer(c);
	}
}

/* ------------------------------------------------------------------ what is waited for */

static bool may_read(const struct tcp_client *c)
{
	return !c->no_more_input && !c->all->stopping && c->inflight < TCP_INFLIGHT_MAX &&
	       bytes_len(&c->out) < TCP_OUT_MAX;
}

static void want(struct event *event, bool *armed, bool wanted)
{
	if (*armed == wanted)
		return;
	*armed = wanted;
	if (wanted)
		event_add(event, NULL);
	else
		event_del(event);
}

static void sort_in(struct tcp_client *c)
{
	bool idle = c->inflight == 0 && bytes_len(&c->out) == 0;

	list_remove(&c->node);
	list_append(idle ? &c->all->idle : &c->all->busy, &c->node);
}

/*
 * After every change: the one place that decides which events and timers run, and whether it is
 * over.
 */
static void update(struct tcp_client *c)
{
	if (c->doomed)
		return;
	if (c->no_more_input && c->inflight == 0 && bytes_len(&c->out) == 0) {
		tcp_client_close(c);
		return;
	}
	want(c->readable, &c->reading, may_read(c) && !c->held);
	arm_timer(c);
}

/* ------------------------------------------------------------------ input */

static void note_bound(struct tcp_client *c)
{
	if (c->inflight >= TCP_INFLIGHT_MAX)
		stats_of(c)->bound_tcp_inflight++;
	else if (bytes_len(&c->out) >= TCP_OUT_MAX)
		stats_of(c)->bound_tcp_output++;
}

static const struct origin_ops ops;

static void take(struct tcp_client *c, const uint8_t *msg, size_t len)
{
	struct origin o = { .ops = &ops, .owner = c, .stream = true, .peer = c->peer };

	stats_of(c)->queries_tcp++;
	stats_of(c)->queries_tcp6 += addr_is_ipv6(&c->peer);
	c->idle_since_us = turn_now_us(turn_of(c));
	if (query_start(c->all->queries, &o, msg, len) == QUERY_RESPONSE)
		c->no_more_input = true;
}

/*
 * Takes whole messages from the front as long as the bounds allow.  Returns how many octets were
 * used; *ret_stopped: a bound stopped it, whole messages may be left.
 */
static size_t take_frames(struct tcp_client *c, const uint8_t *data, size_t len, bool *ret_stopped)
{
	size_t at = 0, msg_len, used;
	const uint8_t *msg;

	*ret_stopped = false;
	while (!c->doomed) {
		if (!may_read(c)) {
			*ret_stopped = !c->no_more_input;
			note_bound(c);
			return c->no_more_input ? len : at;
		}
		switch (frame_next(data + at, len - at, &msg, &msg_len, &used)) {
		case FRAME_MORE:
			return at;
		case FRAME_BAD: /* the stream is lost; what was asked before is still answered */
			stats_of(c)->tcp_bad_frames++;
			c->no_more_input = true;
			return len;
		case FRAME_MESSAGE:
			take(c, msg, msg_len);
			at += used;
		}
	}
	return len;
}

/*
 * What a read or a resumption left behind: len octets, a partial message unless a bound stopped it.
 */
static void note_rest(struct tcp_client *c, size_t len, bool progress, bool stopped)
{
	c->held = stopped && len > 0;
	if (len == 0 || stopped)
		c->input_since_us = 0;
	else if (progress || !c->input_since_us)
		c->input_since_us = turn_now_us(turn_of(c));
}

/* The bound that held whole messages back is gone: they come first. */
static void on_resume(struct turn_work *w)
{
	struct tcp_client *c = container_of(w, struct tcp_client, resume);
	bool stopped;
	size_t used = take_frames(c, bytes_front(&c->in), bytes_len(&c->in), &stopped);

	if (c->doomed)
		return;
	bytes_consume(&c->in, used);
	if (bytes_len(&c->in) == 0)
		bytes_free(&c->in);
	note_rest(c, bytes_len(&c->in), used > 0, stopped);
	update(c);
}

/*
 * Reads into the loop's scratch behind what was left over, so that an idle client holds no buffer.
 * Held-back messages are taken by on_resume before anything new is read.
 */
static void on_input(struct tcp_client *c, uint8_t *scratch, size_t old, size_t fresh)
{
	bool stopped;
	size_t len = old + fresh, used = take_frames(c, scratch, len, &stopped);

	if (c->doomed)
		return;
	bytes_free(&c->in);
	note_rest(c, len - used, used > 0, stopped);
	if (bytes_append(&c->in, scratch + used, len - used) < 0)
		tcp_client_close(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_client *c = arg;
	uint8_t *scratch = c->all->loop->scratch;
	size_t old = bytes_len(&c->in);
	ssize_t n;

	(void)what;
	loop_expect_queries(c->all->loop);
	n = recv(fd, scratch + old, LOOP_READ_MAX, 0);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n < 0) {
		tcp_client_close(c);
		return;
	}
	if (n == 0) {
		c->no_more_input =
			true; /* half-closed: it still wants its answers (standards 5.3) */
		c->input_since_us = 0;
		bytes_free(&c->in);
	} else {
		if (old)
			memcpy(scratch, bytes_front(&c->in), old);
		on_input(c, scratch, old, (size_t)n);
	}
	update(c);
}

/* ------------------------------------------------------------------ output */

/* Octet by octet does not count: such a reader would hold its place for ever. */
static void note_moved(struct tcp_client *c, size_t n)
{
	c->output_moved += n;
	if (c->output_moved < TCP_OUT_STEP)
		return;
	c->output_moved = 0;
	c->output_since_us = turn_now_us(turn_of(c));
}

/* An idle client keeps little memory. */
static void trim(struct bytes *b)
{
	if (bytes_len(b) == 0 && b->cap > TCP_BUFFER_KEPT)
		bytes_free(b);
}

static void on_send(struct turn_work *w)
{
	struct tcp_client *c = container_of(w, struct tcp_client, send);
	ssize_t n = 0;

	while (bytes_len(&c->out) > 0) {
		n = send(c->fd, bytes_front(&c->out), bytes_len(&c->out), MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		bytes_consume(&c->out, (size_t)n);
		note_moved(c, (size_t)n);
	}
	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
		tcp_client_close(c);
		return;
	}
	want(c->writable, &c->writing, bytes_len(&c->out) > 0);
	if (bytes_len(&c->out) == 0) {
		c->output_since_us = 0;
		c->idle_since_us = turn_now_us(turn_of(c));
		trim(&c->out);
		sort_in(c);
	}
	if (c->held && may_read(c))
		turn_ready(turn_of(c), &c->resume);
	update(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_client *c = arg;

	(void)fd;
	(void)what;
	turn_send(turn_of(c), &c->send);
}

static uint8_t *tcp_reserve(struct origin *o, size_t len)
{
	struct tcp_client *c = o->owner;
	uint8_t *room;

	if (bytes_len(&c->out) > TCP_OUT_HARD_MAX) {
		stats_of(c)->bound_tcp_hard++;
		tcp_client_close(c);
		return NULL;
	}
	room = bytes_reserve(&c->out, FRAME_PREFIX + len);
	if (!room) {
		stats_of(c)->bound_memory++;
		return NULL;
	}
	return room + FRAME_PREFIX;
}

static void tcp_commit(struct origin *o, size_t len)
{
	struct tcp_client *c = o->owner;
	uint8_t *prefix = c->out.data + c->out.end;

	wire_put16(prefix, (uint16_t)len);
	if (bytes_len(&c->out) == 0) {
		c->output_since_us = turn_now_us(turn_of(c));
		c->output_moved = 0;
	}
	bytes_commit(&c->out, FRAME_PREFIX + len);
	if (list_linked(&c->node))
		sort_in(c); /* with output it is not idle, even without a query in flight */
	turn_send(turn_of(c), &c->send);
}

static void tcp_begun(struct origin *o)
{
	struct tcp_client *c = o->owner;

	list_append(&c->queries, &o->node);
	if (c->inflight++ == 0)
		sort_in(c);
}

static void tcp_ended(struct origin *o)
{
	struct tcp_client *c = o->owner;

	list_remove(&o->node);
	c->inflight--;
	/* Sorting, resuming and closing follow when the output is out. */
	turn_send(turn_of(c), &c->send);
}

static const struct origin_ops ops = {
	.reserve = tcp_reserve,
	.commit = tcp_commit,
	.begun = tcp_begun,
	.ended = tcp_ended,
};

/* ------------------------------------------------------------------ life */

struct tcp_client *tcp_client_new(struct tcp_clients *all, int fd, const struct addr *peer)
{
	struct tcp_client *c = calloc(1, sizeof *c);
	int one = 1;

	if (!c)
		goto no_memory;
	c->all = all;
	c->fd = fd;
	c->peer = *peer;
	c->timer.fire = on_timer;
	c->send.run = on_send;
	c->resume.run = on_resume;
	c->grave.run = bury;
	list_init(&c->queries);
	c->readable = event_new(all->loop->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(all->loop->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	if (!c->readable || !c->writable)
		goto no_memory;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->idle_since_us = turn_now_us(&all->loop->turn);
	all->count++;
	sort_in(c);
	update(c);
	return c;
no_memory:
	if (c && c->readable)
		event_free(c->readable);
	free(c);
	close(fd);
	return NULL;
}

void tcp_client_stop_reading(struct tcp_client *c)
{
	update(c);
}
