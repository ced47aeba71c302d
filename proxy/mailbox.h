/*
 * The one place where threads meet (design 2): a locked list and an eventfd.  Whoever posts a mail
 * leaves it to the receiving thread, which calls deliver() from its loop and so passes it back, or
 * frees it.
 *
 * How many mails can wait at one that is not emptied, as its thread hangs:
 *
 *   - of those that may be refused (mailbox_offer): MAILBOX_MAX, and a counter for those that were;
 *   - of notices (mailbox_notify): each waits once.  Epochs, clock, names that are wanted;
 *   - of the rest (mailbox_post), which must arrive: what its poster has, and that is bounded there.  One sign of
 *     life and one drain for each worker, FIGURES_REQUESTS_MAX reports, CONTROL_EXPLAIN_MAX questions,
 *     RETIRED_MAX reloads (reload.c), new cookie secrets a few times a day.  What comes back to main is what
 *     it had sent.
 */
#ifndef PROXY_MAILBOX_H
#define PROXY_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"

/* Those of a reload that changes everything are some 200. */
#define MAILBOX_MAX 1024u

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
	struct list mails; /* guarded by lock, as are: */
	size_t count;
	uint64_t refused;
	int fd;
	struct event *readable;
	void *receiver;
};

/*
 * 0 or negative errno.  The base is the receiving thread's, not running yet.  Where it has more than one priority,
 * mails go before whatever else is ready: a query that comes after one was posted meets what the mail has changed.
 */
int mailbox_init(struct mailbox *b, struct event_base *base, void *receiver);
/* After the receiving thread is gone; mails not delivered are discarded. */
void mailbox_deinit(struct mailbox *b);

/* From any thread. Never blocks for long, never fails. */
void mailbox_post(struct mailbox *b, struct mail *m);
/* The same, but for a mailbox that is full: then false, and the mail is still the caller's. */
bool mailbox_offer(struct mailbox *b, struct mail *m);
/* Bound hit: how many were not taken.  From any thread. */
uint64_t mailbox_refused(struct mailbox *b);

/*
 * A mail that only says "look", without any content: it is part of what it is about, needs no memory when it is
 * sent, and waits once however often it is posted.  It goes to one mailbox; what it is part of outlives that.
 */
struct notice {
	struct mail mail;
	atomic_bool waiting;
};

/* deliver calls notice_taken first; there is nothing to discard. */
void notice_init(struct notice *n, void (*deliver)(struct mail *m, void *receiver));
/* From any thread. */
void mailbox_notify(struct mailbox *b, struct notice *n);
/* Inside deliver: what is posted from here on is another one. */
struct notice *notice_taken(struct mail *m);

#endif
