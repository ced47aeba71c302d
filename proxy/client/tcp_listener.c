#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "proxy/client/tcp_client.h"
#include "proxy/loop.h"

/* Connections accepted an event; the rest makes the socket readable again. */
#define ACCEPT_BATCH 32
/* Without descriptors accepting waits so long, instead of spinning on a readable socket. */
#define PAUSE_US 200000u

struct tcp_listener {
	struct tcp_clients *clients;
	int fd;
	struct event *readable;
	struct timer pause;
	bool complained;
	struct log_limit limit; /* it pauses and goes on, again and again */
};

/* ------------------------------------------------------------------ all clients */

struct tcp_clients *tcp_clients_new(struct loop *loop, struct queries *queries, size_t max)
{
	struct tcp_clients *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->loop = loop;
	c->queries = queries;
	c->max = max;
	list_init(&c->busy);
	list_init(&c->idle);
	return c;
}

void tcp_clients_free(struct tcp_clients *c)
{
	if (!c)
		return;
	list_for_each (n, &c->busy)
		tcp_client_close(container_of(n, struct tcp_client, node));
	list_for_each (n, &c->idle)
		tcp_client_close(container_of(n, struct tcp_client, node));
	free(c);
}

void tcp_clients_set_max(struct tcp_clients *c, size_t max)
{
	c->max = max;
}

size_t tcp_clients_count(const struct tcp_clients *c)
{
	return c->count;
}

bool tcp_clients_flushed(const struct tcp_clients *c)
{
	return list_empty(&c->busy);
}

void tcp_clients_stop(struct tcp_clients *c)
{
	c->stopping = true;
	list_for_each (n, &c->busy)
		tcp_client_stop_reading(container_of(n, struct tcp_client, node));
	list_for_each (n, &c->idle)
		tcp_client_close(container_of(n, struct tcp_client, node));
}

/* Not one that came in this very turn: its query has not been read yet. */
static bool close_longest_idle(struct tcp_clients *c)
{
	struct tcp_client *oldest;

	if (list_empty(&c->idle))
		return false;
	oldest = container_of(c->idle.next, struct tcp_client, node);
	if (oldest->idle_since_us == turn_now_us(&c->loop->turn))
		return false;
	tcp_client_close(oldest);
	return true;
}

/*
 * At the bound the longest idle one makes room; where all are busy the new one has to go.  Above the bound, which was
 * higher before a reload, as many go as there are idle ones.
 */
static bool make_room(struct tcp_clients *c)
{
	if (c->count < c->max)
		return true;
	c->loop->stats.bound_tcp_clients++;
	while (c->count > c->max && close_longest_idle(c))
		;
	return c->count <= c->max && close_longest_idle(c);
}

/* ------------------------------------------------------------------ accepting */

static void pause_accepting(struct tcp_listener *l, int error)
{
	struct loop *loop = l->clients->loop;

	loop->stats.bound_descriptors++;
	if (!l->complained)
		log_limited(&l->limit, LOG_LEVEL_WARNING,
			"accepting TCP clients pauses: %s; raise the limit of open files "
			"(LimitNOFILE=) or lower tcp-clients",
			error == ENOMEM || error == ENOBUFS ? "out of memory"
							    : "no descriptor left");
	l->complained = true;
	event_del(l->readable);
	if (timer_start(&loop->turn.timers, &l->pause, turn_now_us(&loop->turn) + PAUSE_US) < 0)
		event_add(l->readable, NULL);
}

static void on_pause_over(struct timer *t)
{
	struct tcp_listener *l = container_of(t, struct tcp_listener, pause);
	struct turn *turn = &l->clients->loop->turn;

	/* Still short of memory: later, with the timer that has just been there. */
	if (event_add(l->readable, NULL) < 0)
		timer_start(&turn->timers, t, turn_now_us(turn) + PAUSE_US);
}

static bool somebody_waits(const struct tcp_listener *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/*
 * Without descriptors an idle client goes, and if there is none accepting pauses.  accept4() looks
 * for a descriptor before it looks at the queue, so the error alone does not mean that anybody
 * waits.  True: accept again.
 */
static bool go_on_after(struct tcp_listener *l, int error)
{
	if ((error == EMFILE || error == ENFILE) && !somebody_waits(l))
		return false;
	if (error == EMFILE && close_longest_idle(l->clients)) {
		l->clients->loop->stats.bound_descriptors++;
		return true;
	}
	if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS)
		pause_accepting(l, error);
	return error == ECONNABORTED || error == EINTR;
}

static bool accept_one(struct tcp_listener *l)
{
	struct addr peer = { 0 };
	socklen_t len = sizeof peer;
	int fd = accept4(l->fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return go_on_after(l, errno);
	if (!make_room(l->clients)) {
		close(fd);
		return true;
	}
	l->complained = false;
	l->clients->loop->stats.tcp_accepted++;
	if (!tcp_client_new(l->clients, fd, &peer))
		l->clients->loop->stats.bound_memory++;
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tcp_listener *l = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < ACCEPT_BATCH && accept_one(l); i++)
		;
}

struct tcp_listener *tcp_listener_new(struct tcp_clients *c, int fd)
{
	struct tcp_listener *l = calloc(1, sizeof *l);

	if (!l) {
		close(fd);
		return NULL;
	}
	l->clients = c;
	l->fd = fd;
	l->pause.fire = on_pause_over;
	l->readable = event_new(c->loop->base, fd, EV_READ | EV_PERSIST, on_readable, l);
	if (l->readable && event_add(l->readable, NULL) == 0)
		return l;
	tcp_listener_free(l);
	return NULL;
}

void tcp_listener_stop(struct tcp_listener *l)
{
	timer_stop(&l->clients->loop->turn.timers, &l->pause);
	event_del(l->readable);
}

void tcp_listener_free(struct tcp_listener *l)
{
	if (!l)
		return;
	timer_stop(&l->clients->loop->turn.timers, &l->pause);
	if (l->readable)
		event_free(l->readable);
	close(l->fd);
	free(l);
}
