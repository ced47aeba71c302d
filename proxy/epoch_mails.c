#include "proxy/epoch_mails.h"

#include <stdlib.h>

#include "proxy/worker.h"

struct epoch_mail {
	struct mail mail;
	struct epoch_mails *of;
	bool away; /* to the worker, or on its way back */
	bool due;  /* next is to be told */
	struct worker_epoch told, next;
};

struct epoch_mails {
	struct mailbox *mailbox;
	struct worker *const *workers;
	size_t count;
	struct epoch_mail each[]; /* in step with workers */
};

static void post(struct epoch_mail *m);

static void deliver_back(struct mail *mail, void *receiver)
{
	struct epoch_mail *m = container_of(mail, struct epoch_mail, mail);

	(void)receiver;
	m->away = false;
	if (m->due)
		post(m);
}

static void deliver(struct mail *mail, void *receiver)
{
	struct epoch_mail *m = container_of(mail, struct epoch_mail, mail);

	worker_renew(receiver, &m->told);
	m->mail.deliver = deliver_back;
	mailbox_post(m->of->mailbox, &m->mail);
}

/* They are epoch_mails_free's. */
static void discard(struct mail *mail)
{
	(void)mail;
}

static void post(struct epoch_mail *m)
{
	m->told = m->next;
	m->due = false;
	m->away = true;
	m->mail = (struct mail){ .deliver = deliver, .discard = discard };
	mailbox_post(worker_mailbox(m->of->workers[m - m->of->each]), &m->mail);
}

/* Two steps in one: from where the first began to where the second ends. */
static void add(struct worker_epoch *sum, const struct worker_epoch *step)
{
	sum->slept_us = step->slept_us;
	sum->moved |= step->moved;
	sum->entered = step->entered;
	sum->fresh |= step->fresh;
}

void epoch_mails_post(struct epoch_mails *e, const struct worker_epoch *epoch)
{
	for (size_t i = 0; i < e->count; i++) {
		struct epoch_mail *m = &e->each[i];

		if (m->due)
			add(&m->next, epoch);
		else
			m->next = *epoch;
		m->due = true;
		if (!m->away)
			post(m);
	}
}

struct epoch_mails *epoch_mails_new(
	struct mailbox *mailbox, struct worker *const *workers, size_t count)
{
	struct epoch_mails *e = calloc(1, sizeof *e + count * sizeof e->each[0]);

	if (!e)
		return NULL;
	e->mailbox = mailbox;
	e->workers = workers;
	e->count = count;
	for (size_t i = 0; i < count; i++)
		e->each[i].of = e;
	return e;
}

void epoch_mails_free(struct epoch_mails *e)
{
	free(e);
}
