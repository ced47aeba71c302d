/*
 * The one place where threads meet (design 2): a locked list and an eventfd.  Whoever posts a mail
 * leaves it to the receiving thread, which calls deliver() from its loop and so passes it back, or
 * frees it.
 */
#ifndef PROXY_MAILBOX_H
#define PROXY_MAILBOX_H

#include <pthread.h>

#include "common/base/list.h"

struct event;
struct event_base;

struct mail {
	struct list node;
	/*
	 * On the receiving thread; receiver is what mailbox_init was told. The mail is deliver's
	 * now.
	 */
	void (*deliver)(struct mail *m, void *receiver);
	/* Instead of it, on the thread that ends the mailbox: the receiver has gone. */
	void (*discard)(struct mail *m);
};

struct mailbox {
	pthread_mutex_t lock;
	struct list mails; /* guarded by lock */
	int fd;
	struct event *readable;
	void *receiver;
};

/* 0 or negative errno.  The base is the receiving thread's, not running yet. */
int mailbox_init(struct mailbox *b, struct event_base *base, void *receiver);
/* After the receiving thread is gone; mails not delivered are discarded. */
void mailbox_deinit(struct mailbox *b);

/* From any thread. Never blocks for long, never fails. */
void mailbox_post(struct mailbox *b, struct mail *m);

#endif
