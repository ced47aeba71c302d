#include "proxy/ops/watchdog.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "proxy/mailbox.h"
#include "proxy/ops/notify.h"
#include "proxy/worker.h"

/* When the service manager could not take it. */
#define AGAIN_US 100000

/* To a worker and back; there is one for each, so that none is ever short of memory. */
struct question {
	struct mail mail;
	struct watchdog *watchdog;
};

struct watchdog {
	struct mailbox *mailbox;
	struct worker *const *workers;
	size_t worker_count;
	struct question *questions; /* owned */
	size_t waiting;		    /* for so many answers */
	struct event *tick, *again;
	uint64_t interval_us;
};

uint64_t watchdog_interval_us(const char *usec, const char *pid, long self)
{
	char *end;
	uint64_t us;

	if (!usec || *usec < '0' || *usec > '9')
		return 0;
	errno = 0;
	us = strtoumax(usec, &end, 10);
	if (*end || errno || us == UINT64_MAX)
		return 0;
	if (pid && (strtol(pid, &end, 10) != self || *end || end == pid))
		return 0;
	return us;
}

/* ------------------------------------------------------------------ signs of life */

static struct timeval time_of(uint64_t us)
{
	return (struct timeval){ .tv_sec = (time_t)(us / 1000000),
		.tv_usec = (suseconds_t)(us % 1000000) };
}

static void tell(struct watchdog *w)
{
	static const struct timeval soon = { .tv_usec = AGAIN_US };

	if (notify_send("WATCHDOG=1") == -EAGAIN)
		event_add(w->again, &soon);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell(arg);
}

/* They are watchdog_free's. */
static void discard(struct mail *m)
{
	(void)m;
}

static void deliver_answer(struct mail *m, void *main_thread)
{
	struct watchdog *w = container_of(m, struct question, mail)->watchdog;

	(void)main_thread;
	if (--w->waiting == 0)
		tell(w);
}

static void deliver_question(struct mail *m, void *worker)
{
	(void)worker;
	m->deliver = deliver_answer;
	mailbox_post(container_of(m, struct question, mail)->watchdog->mailbox, m);
}

/* While somebody has not answered the last one, there is no other: the answer that is late counts. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct watchdog *w = arg;

	(void)fd;
	(void)what;
	if (w->waiting > 0)
		return;
	w->waiting = w->worker_count;
	for (size_t i = 0; i < w->worker_count; i++) {
		w->questions[i].mail.deliver = deliver_question;
		mailbox_post(worker_mailbox(w->workers[i]), &w->questions[i].mail);
	}
}

/* ------------------------------------------------------------------ life */

static int build(struct watchdog *w, const struct watchdog_setup *setup)
{
	struct timeval half = time_of(w->interval_us / 2);

	w->mailbox = setup->mailbox;
	w->workers = setup->workers;
	w->worker_count = setup->worker_count;
	w->questions = calloc(w->worker_count, sizeof *w->questions);
	w->tick = event_new(setup->base, -1, EV_PERSIST, on_tick, w);
	w->again = event_new(setup->base, -1, 0, on_again, w);
	if (!w->questions || !w->tick || !w->again)
		return -ENOMEM;
	for (size_t i = 0; i < w->worker_count; i++)
		w->questions[i] = (struct question){ { .discard = discard }, w };
	return event_add(w->tick, &half) < 0 ? -ENOMEM : 0;
}

int watchdog_new(const struct watchdog_setup *setup, struct watchdog **ret)
{
	uint64_t us = watchdog_interval_us(
		getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), (long)getpid());
	struct watchdog *w;
	int err;

	*ret = NULL;
	if (us < 2)
		return 0;
	w = calloc(1, sizeof *w);
	if (!w)
		return -ENOMEM;
	w->interval_us = us;
	err = build(w, setup);
	if (err < 0) {
		watchdog_free(w);
		return err;
	}
	log_debug("the service manager gets a sign of life every %" PRIu64 " ms", us / 2000);
	*ret = w;
	return 0;
}

void watchdog_free(struct watchdog *w)
{
	if (!w)
		return;
	if (w->tick)
		event_free(w->tick);
	if (w->again)
		event_free(w->again);
	free(w->questions);
	free(w);
}
