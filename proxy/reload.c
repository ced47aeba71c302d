#include "proxy/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/list.h"
#include "common/base/log.h"
#include "proxy/announce.h"
#include "proxy/capacity.h"
#include "proxy/config_file.h"
#include "proxy/listeners.h"
#include "proxy/mailbox.h"
#include "proxy/ops/log_target.h"
#include "proxy/ops/sandbox.h"
#include "proxy/reload_notice.h"
#include "proxy/worker.h"

/* Editions that some worker may still use: it takes a turn of each. */
#define RETIRED_MAX 16u

struct reload {
	struct reload_setup setup;
	struct list retired; /* editions that some worker may use, the oldest first */
	size_t retired_count;
	bool again; /* somebody waits for one of those to be over */
	struct reload_notice notice; /* to the service manager */
	struct reload_figures figures;
};

struct retired {
	struct list node;
	struct reload *reload;
	struct edition *edition;
	size_t missing; /* workers that have not changed over */
	bool told;	/* the service manager knows of it */
};

/* To a worker, and back when it has changed over. */
struct change_mail {
	struct mail mail;
	struct worker_change *change;
	struct retired *retired;
	struct mailbox *back;
};

/* At the end of what whoever has asked is told. */
#define ROOM_FOR_MORE 60u

/* What is to be said of one that is refused. */
struct refusal {
	char *error;
	size_t size;
	unsigned problems, left_out;
	bool quiet; /* whoever has asked is told, nobody else */
};

/* ------------------------------------------------------------------ refusing */

/* Each goes into the log, and to whoever has asked, a line each, as long as there is room. */
static void refuse(struct refusal *f, const char *text)
{
	size_t len = strlen(f->error), wanted = strlen(text) + 2;

	if (!f->quiet)
		log_error("reload: %s", text);
	if (f->problems++ > 0 && (f->left_out > 0 || wanted + ROOM_FOR_MORE > f->size - len))
		f->left_out++;
	else
		snprintf(f->error + len, f->size - len, "%s%s", len > 0 ? "\n" : "", text);
}

static void tell_left_out(const struct refusal *f)
{
	size_t len = strlen(f->error);

	if (f->left_out > 0)
		snprintf(f->error + len, f->size - len, "\n... and %u more%s", f->left_out,
			f->quiet ? "" : ": the log has them");
}

static struct config *load(const struct reload *r, bool zones_only, struct refusal *f)
{
	struct config_errors errors = { 0 };
	struct config *config =
		zones_only ? config_file_again(r->setup.file, (*r->setup.now)->config, &errors)
			   : config_file_load(r->setup.file, &errors, NULL);
	char more[60];

	for (size_t i = 0; i < errors.count; i++)
		refuse(f, errors.text[i]);
	snprintf(more, sizeof more, "... and %zu more", errors.dropped);
	if (errors.dropped > 0)
		refuse(f, more);
	config_errors_free(&errors);
	return config;
}

static bool needs_restart(const struct reload *r, const struct config *fresh, struct refusal *f)
{
	const char *names[CHANGE_OPTIONS_MAX];
	size_t n = config_changed_options((*r->setup.now)->config, fresh, RELOAD_RESTART, names);
	char text[120];

	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof text, "option \"%s\": a change of it needs a restart",
			names[i]);
		refuse(f, text);
	}
	return n > 0;
}

/* What it names may be out of reach for good (design 9, Privileges). */
static bool is_out_of_reach(const struct config *fresh, struct refusal *f)
{
	char error[512];

	if (sandbox_allows(fresh, error, sizeof error))
		return false;
	refuse(f, error);
	return true;
}

/* False: refused.  Where it is the same as before, ret is left alone. */
static bool open_log(const struct reload *r, const struct config *fresh, struct log_target *ret,
	struct refusal *f)
{
	char error[512];

	if (log_target_same((*r->setup.now)->config, fresh) ||
		log_target_open(ret, fresh, error, sizeof error) == 0)
		return true;
	refuse(f, error);
	return false;
}

static struct edition *make_edition(struct reload *r, struct config *config, struct refusal *f)
{
	const struct edition *before = *r->setup.now;
	enum exit_code code;
	char error[512];
	struct edition *e = edition_new(config, before, false, &code, error, sizeof error);

	if (e && edition_serve(e, r->setup.at, before, error, sizeof error) == EXIT_OK)
		return e;
	edition_free(e);
	refuse(f, error);
	return NULL;
}

/* ------------------------------------------------------------------ changing over */

static void free_retired(struct retired *old)
{
	list_remove(&old->node);
	old->reload->retired_count--;
	edition_free(old->edition);
	free(old);
}

static void free_mail(struct change_mail *m)
{
	worker_change_free(m->change);
	free(m);
}

/* The program ends. */
static void discard(struct mail *m)
{
	free_mail(container_of(m, struct change_mail, mail));
}

static void deliver_back(struct mail *m, void *receiver)
{
	struct change_mail *c = container_of(m, struct change_mail, mail);
	struct retired *old = c->retired;
	struct reload *r = old->reload;
	bool told;

	(void)receiver;
	free_mail(c);
	if (--old->missing > 0)
		return;
	told = old->told;
	free_retired(old);
	if (told)
		reload_notice_end(&r->notice);
	if (r->again)
		reload_soon(r);
}

static void deliver(struct mail *m, void *receiver)
{
	struct change_mail *c = container_of(m, struct change_mail, mail);

	worker_change(receiver, c->change);
	c->mail.deliver = deliver_back;
	mailbox_post(c->back, &c->mail);
}

static struct change_mail *make_mail(
	const struct reload *r, const struct edition *e, struct worker *w, struct retired *old)
{
	const struct edition_place *at = r->setup.at;
	struct worker_setup setup = { .tcp_clients =
					      capacity_tcp_clients(e->config, at->worker_count,
						      listeners_each(r->setup.listeners)) };
	struct change_mail *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	edition_fill(e, &setup);
	m->mail.deliver = deliver;
	m->mail.discard = discard;
	m->retired = old;
	m->back = at->mailbox;
	m->change = worker_prepare(w, &setup, &e->change);
	if (m->change)
		return m;
	free(m);
	return NULL;
}

/* For all workers, or none: false without memory. */
static bool make_mails(
	const struct reload *r, const struct edition *e, struct retired *old, struct list *ret)
{
	const struct edition_place *at = r->setup.at;

	for (size_t i = 0; i < at->worker_count; i++) {
		struct change_mail *m = make_mail(r, e, at->workers[i], old);

		if (!m)
			return false;
		list_append(ret, &m->mail.node);
	}
	return true;
}

static void drop_mails(struct list *mails)
{
	struct list *n;

	while ((n = list_take(mails)))
		free_mail(container_of(n, struct change_mail, mail.node));
}

/* From here on nothing fails. */
static void change_over(
	struct reload *r, struct edition *e, struct retired *old, struct list *mails)
{
	const struct edition_place *at = r->setup.at;
	struct list *n;

	old->edition = *r->setup.now;
	old->missing = at->worker_count;
	list_append(&r->retired, &old->node);
	r->retired_count++;
	for (size_t i = 0; (n = list_take(mails)); i++)
		mailbox_post(worker_mailbox(at->workers[i]),
			&container_of(n, struct change_mail, mail.node)->mail);
	edition_look_up(e, old->edition);
	edition_retire(old->edition, e);
	*r->setup.now = e;
	r->setup.changed(r->setup.changed_arg);
	if (edition_start(e, at) < 0)
		log_error(
			"reload: out of memory: changes of files are not seen until the next one");
}

static bool hand_over(struct reload *r, struct edition *e, struct refusal *f)
{
	struct retired *old = calloc(1, sizeof *old);
	struct list mails;

	list_init(&mails);
	if (!old || !make_mails(r, e, old, &mails)) {
		drop_mails(&mails);
		free(old);
		edition_drop(e, *r->setup.now);
		refuse(f, "out of memory");
		return false;
	}
	old->reload = r;
	old->told = !f->quiet;
	change_over(r, e, old, &mails);
	return true;
}

/* ------------------------------------------------------------------ what is told */

static void tell_changes(const struct edition *e, const struct config *before)
{
	const char *names[CHANGE_OPTIONS_MAX];
	size_t n = config_changed_options(before, e->config, RELOAD_LIVE, names), at = 0;
	char text[700] = "";

	for (size_t i = 0; i < e->config->warnings.count; i++)
		log_warning("%s", e->config->warnings.text[i]);
	for (size_t i = 0; i < n && at < sizeof text; i++)
		at += (size_t)snprintf(
			text + at, sizeof text - at, "%s%s", i ? ", " : ": ", names[i]);
	log_info("reloaded: %zu option%s changed%s", n, n == 1 ? "" : "s", text);
	announce_changes(
		&(struct announce){
			.config = e->config, .policies = &e->policies, .trusts = e->trusts },
		&e->change);
}

/* The log up to here tells that it ends, the one from here on that it begins. */
static void change_log(struct log_target *t)
{
	log_info("the log goes on elsewhere: log-file or syslog has changed");
	log_target_use(t);
	log_info("reloaded: the log goes here now");
}

static bool reload(struct reload *r, bool zones_only, struct refusal *f)
{
	struct config *before = config_ref((*r->setup.now)->config), *fresh = NULL;
	struct log_target log = { .file = -1 };
	struct edition *e = NULL;
	bool done = false;

	if (r->retired_count >= RETIRED_MAX)
		refuse(f, "those before are not over yet; try again");
	else
		fresh = load(r, zones_only, f);
	if (fresh && !needs_restart(r, fresh, f) && !is_out_of_reach(fresh, f) &&
		open_log(r, fresh, &log, f))
		e = make_edition(r, fresh, f);
	if (e)
		done = hand_over(r, e, f);
	if (done && !zones_only) {
		log_set_level(config_file_level(r->setup.file, e->config));
		tell_changes(e, before);
		if (!log_target_same(before, e->config))
			change_log(&log);
	}
	log_target_close(&log);
	config_unref(fresh);
	config_unref(before);
	return done;
}

int reload_now(struct reload *r, char *error, size_t size)
{
	struct refusal f = { .error = error, .size = size };

	log_target_reopen(); /* whatever becomes of the rest */
	reload_notice_begin(&r->notice);
	*error = '\0';
	if (reload(r, false, &f)) {
		r->figures.taken++;
		return 0;
	}
	r->figures.refused++;
	tell_left_out(&f);
	log_error("reload: the configuration is not changed");
	reload_notice_end(&r->notice);
	return -EINVAL;
}

void reload_soon(struct reload *r)
{
	char error[RELOAD_ERROR_MAX];

	r->again = r->retired_count >= RETIRED_MAX;
	if (!r->again)
		reload_now(r, error, sizeof error); /* the log has it all */
}

int reload_zones(struct reload *r, char *error, size_t size)
{
	struct refusal f = { .error = error, .size = size, .quiet = true };

	*error = '\0';
	if (reload(r, true, &f))
		return 0;
	tell_left_out(&f);
	return -EINVAL;
}

/* ------------------------------------------------------------------ life */

struct reload *reload_new(const struct reload_setup *setup)
{
	struct reload *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->setup = *setup;
	list_init(&r->retired);
	if (reload_notice_init(&r->notice, setup->at->base) == 0)
		return r;
	free(r);
	return NULL;
}

void reload_free(struct reload *r)
{
	struct list *n;

	if (!r)
		return;
	while (!list_empty(&r->retired)) {
		n = r->retired.next;
		free_retired(container_of(n, struct retired, node));
	}
	reload_notice_deinit(&r->notice);
	free(r);
}

struct reload_figures reload_figures(const struct reload *r)
{
	return r->figures;
}
