#include "proxy/reload_notice.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "proxy/ops/notify.h"

#define AGAIN_US 100000

/* False: it is due still. */
static bool tell_begin(const struct reload_notice *n)
{
	char text[100];

	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reloading",
		(unsigned long long)n->begun_us);
	return notify_send(text) != -EAGAIN;
}

static bool tell_end(void)
{
	return notify_send("READY=1\nSTATUS=answering queries") != -EAGAIN;
}

static void tell(struct reload_notice *n)
{
	static const struct timeval again = { .tv_usec = AGAIN_US };

	n->begin_due = n->begin_due && !tell_begin(n);
	n->end_due = n->end_due && (n->begin_due || !tell_end());
	if (n->begin_due || n->end_due)
		event_add(n->again, &again);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell(arg);
}

/* The end of the one before needs no word any more. */
void reload_notice_begin(struct reload_notice *n)
{
	n->begun_us = clock_monotonic_us();
	n->begin_due = true;
	n->end_due = false;
	tell(n);
}

void reload_notice_end(struct reload_notice *n)
{
	n->end_due = true;
	tell(n);
}

int reload_notice_init(struct reload_notice *n, struct event_base *base)
{
	*n = (struct reload_notice){ .again = evtimer_new(base, on_again, n) };
	return n->again ? 0 : -ENOMEM;
}

void reload_notice_deinit(struct reload_notice *n)
{
	if (n->again)
		event_free(n->again);
	n->again = NULL;
}
