/*
 * Tells workers of new epochs: with one mail for each worker that is made at the start, goes there and comes back, so
 * that no epoch is lost for want of memory or room.  What begins while it is away is told when it is back, as
 * one step for all of them.
 *
 * On main's thread.
 */
#ifndef PROXY_EPOCH_MAILS_H
#define PROXY_EPOCH_MAILS_H

#include <stddef.h>

struct epoch_mails;
struct mailbox;
struct worker;
struct worker_epoch;

/* Mailbox: of main's thread.  All borrowed; the workers are there when the first is posted.  NULL: out of memory. */
struct epoch_mails *epoch_mails_new(
	struct mailbox *mailbox, struct worker *const *workers, size_t count);
/* After the mailboxes. NULL is fine. */
void epoch_mails_free(struct epoch_mails *e);

void epoch_mails_post(struct epoch_mails *e, const struct worker_epoch *epoch);

#endif
