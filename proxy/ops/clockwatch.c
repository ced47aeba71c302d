#include "proxy/ops/clockwatch.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/clock_test.h"

/* The timer itself never fires: some time in the 23rd century, or as late as 32 bits can say. */
#define NEVER_S ((time_t)(sizeof(time_t) > 4 ? INT64_C(1) << 33 : INT32_MAX))

struct clockwatch {
	int fd;
	struct event *readable;
	void (*changed)(void *arg);
	void *arg;
};

static int arm(const struct clockwatch *w)
{
	const struct itimerspec never = { .it_value = { .tv_sec = NEVER_S } };

	return timerfd_settime(w->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

/* Armed before the clocks are looked at: what changes then is told again. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct clockwatch *w = arg;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) < 0 && errno == EAGAIN)
		return;
	arm(w);
	w->changed(w->arg);
}

#ifdef TESTCLOCK
/* The kernel knows nothing of our clocks. */
static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct clockwatch *w = arg;

	(void)fd;
	(void)what;
	w->changed(w->arg);
}

static struct event *make_event(struct event_base *base, struct clockwatch *w)
{
	static const struct timeval often = { .tv_usec = CLOCK_TEST_WAIT_US };
	struct event *e;

	if (!clock_test_is_on())
		return event_new(base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
	e = event_new(base, -1, EV_PERSIST, on_look, w);
	if (e)
		event_add(e, &often);
	return e;
}
#else
static struct event *make_event(struct event_base *base, struct clockwatch *w)
{
	return event_new(base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
}
#endif

struct clockwatch *clockwatch_new(struct event_base *base, void (*changed)(void *arg), void *arg)
{
	struct clockwatch *w = calloc(1, sizeof *w);
	int err = ENOMEM;

	if (!w)
		return NULL;
	w->changed = changed;
	w->arg = arg;
	w->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->fd < 0 || arm(w) < 0)
		err = errno;
	else
		w->readable = make_event(base, w);
	if (w->readable && (event_pending(w->readable, EV_TIMEOUT, NULL) || event_add(w->readable, NULL) == 0))
		return w;
	clockwatch_free(w);
	errno = err;
	return NULL;
}

void clockwatch_free(struct clockwatch *w)
{
	if (!w)
		return;
	if (w->readable)
		event_free(w->readable);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}
