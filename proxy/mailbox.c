#include "proxy/mailbox.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct mailbox *b = arg;
	struct list mails, *n;
	eventfd_t count;

	(void)what;
	if (eventfd_read(fd, &count) < 0)
		return; /* woken for nothing */
	list_init(&mails);
	pthread_mutex_lock(&b->lock);
	list_splice(&mails, &b->mails);
	b->count = 0;
	pthread_mutex_unlock(&b->lock);
	while ((n = list_take(&mails))) {
		struct mail *m = container_of(n, struct mail, node);

		m->deliver(m, b->receiver);
	}
}

int mailbox_init(struct mailbox *b, struct event_base *base, void *receiver)
{
	*b = (struct mailbox){ .receiver = receiver };
	pthread_mutex_init(&b->lock, NULL);
	list_init(&b->mails);
	b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (b->fd >= 0)
		b->readable = event_new(base, b->fd, EV_READ | EV_PERSIST, on_readable, b);
	if (b->readable)
		event_priority_set(b->readable, 0);
	if (b->readable && event_add(b->readable, NULL) == 0)
		return 0;
	mailbox_deinit(b);
	return -ENOMEM;
}

void mailbox_deinit(struct mailbox *b)
{
	struct list *n;

	while (b->mails.next && (n = list_take(&b->mails))) {
		struct mail *m = container_of(n, struct mail, node);

		m->discard(m);
	}
	if (b->readable)
		event_free(b->readable);
	if (b->fd >= 0)
		close(b->fd);
	pthread_mutex_destroy(&b->lock);
	*b = (struct mailbox){ .fd = -1 };
}

/* ------------------------------------------------------------------ posting */

/* False: as many as `most` wait already. */
static bool append(struct mailbox *b, struct mail *m, size_t most)
{
	bool taken;

	pthread_mutex_lock(&b->lock);
	taken = b->count < most;
	if (taken) {
		list_append(&b->mails, &m->node);
		b->count++;
	} else {
		b->refused++;
	}
	pthread_mutex_unlock(&b->lock);
	/* Fails only when the count would overflow: then it is readable anyway. */
	if (!taken || eventfd_write(b->fd, 1) < 0)
		return taken;
	return true;
}

void mailbox_post(struct mailbox *b, struct mail *m)
{
	append(b, m, SIZE_MAX);
}

bool mailbox_offer(struct mailbox *b, struct mail *m)
{
	return append(b, m, MAILBOX_MAX);
}

uint64_t mailbox_refused(struct mailbox *b)
{
	uint64_t n;

	pthread_mutex_lock(&b->lock);
	n = b->refused;
	pthread_mutex_unlock(&b->lock);
	return n;
}

/* ------------------------------------------------------------------ notices */

static void discard_nothing(struct mail *m)
{
	(void)m;
}

void notice_init(struct notice *n, void (*deliver)(struct mail *m, void *receiver))
{
	n->mail = (struct mail){ .deliver = deliver, .discard = discard_nothing };
	atomic_init(&n->waiting, false);
}

void mailbox_notify(struct mailbox *b, struct notice *n)
{
	if (!atomic_exchange(&n->waiting, true))
		mailbox_post(b, &n->mail);
}

struct notice *notice_taken(struct mail *m)
{
	struct notice *n = container_of(m, struct notice, mail);

	/* An exchange, so that whatever the last poster had written before is seen here. */
	atomic_exchange(&n->waiting, false);
	return n;
}
