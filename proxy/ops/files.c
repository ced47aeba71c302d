#include "proxy/ops/files.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/ops/files_internal.h"
#include "proxy/ops/watch.h"
#include "proxy/resolve/local_data.h"
#include "proxy/worker.h"

/* Where a worker could not be told. */
#define AGAIN_S 10u

struct files_mail {
	struct mail mail;
	struct local_names *names; /* a reference each */
	struct local_blocks *blocks;
};

/* ------------------------------------------------------------------ to the workers */

static void discard(struct mail *m)
{
	struct files_mail *p = container_of(m, struct files_mail, mail);

	local_names_unref(p->names);
	local_blocks_unref(p->blocks);
	free(p);
}

static void deliver(struct mail *m, void *receiver)
{
	struct files_mail *p = container_of(m, struct files_mail, mail);

	worker_set_local(receiver, p->names, p->blocks);
	discard(m);
}

/* False without memory or room. */
static bool post_to(const struct files *f, struct worker *w)
{
	struct files_mail *p = calloc(1, sizeof *p);

	if (!p)
		return false;
	p->names = local_names_ref(f->names);
	p->blocks = local_blocks_ref(f->blocks);
	p->mail.deliver = deliver;
	p->mail.discard = discard;
	if (mailbox_offer(worker_mailbox(w), &p->mail))
		return true;
	discard(&p->mail);
	return false;
}

static void post(struct files *f)
{
	static const struct timeval again = { .tv_sec = AGAIN_S };
	bool all_told = true;

	for (size_t i = 0; i < f->worker_count; i++)
		all_told &= post_to(f, f->workers[i]);
	if (all_told)
		return;
	log_error("out of memory: a worker goes on with what the files said before; it is told in "
		  "%u s",
		AGAIN_S);
	event_add(f->again, &again);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	post(arg);
}

static void reload_names(struct files *f)
{
	struct local_names *fresh = files_load_names(f);

	if (!fresh)
		return;
	local_names_unref(f->names);
	f->names = fresh;
}

/* What was blocked stays so while a list can't be read. */
static void reload_blocks(struct files *f)
{
	bool failed;
	struct local_blocks *fresh = files_load_blocks(f, &failed);

	if (!fresh)
		return;
	if (failed) {
		log_warning("the block lists stay as they were");
		local_blocks_unref(fresh);
		return;
	}
	local_blocks_unref(f->blocks);
	f->blocks = fresh;
}

static void on_changed(void *arg, size_t file)
{
	struct files *f = arg;

	if (file >= FILES_BLOCK && file < FILES_LEASE)
		reload_blocks(f);
	else
		reload_names(f);
	post(f);
}

/* ------------------------------------------------------------------ life */

static bool same_domain(const struct config *a, const struct config *b)
{
	if (!a->local_domain || !b->local_domain)
		return a->local_domain == b->local_domain;
	return strcmp(a->local_domain, b->local_domain) == 0;
}

static bool names_are_known(const struct files *f, const struct config *c)
{
	const struct config *old = f->config;

	if (!config_texts_equal(&old->hosts, &c->hosts) || !config_texts_equal(&old->record, &c->record) ||
		strcmp(old->lease_file, c->lease_file) != 0 || !same_domain(old, c))
		return false;
	for (size_t i = 0; i < c->hosts.count; i++)
		if (files_has_changed(f, i, c->hosts.text[i]))
			return false;
	return !*c->lease_file || !files_has_changed(f, FILES_LEASE, c->lease_file);
}

static bool blocks_are_known(const struct files *f, const struct config *c)
{
	if (!config_texts_equal(&f->config->block, &c->block) ||
		!config_texts_equal(&f->config->block_except, &c->block_except))
		return false;
	for (size_t i = 0; i < c->block.count; i++)
		if (files_has_changed(f, FILES_BLOCK + i, c->block.text[i]))
			return false;
	return true;
}

static void take_over(struct files *f, const struct files *before)
{
	memcpy(f->key, before->key, sizeof f->key);
	memcpy(f->stamp, before->stamp, sizeof f->stamp);
	if (names_are_known(before, f->config))
		f->names = local_names_ref(before->names);
	if (blocks_are_known(before, f->config))
		f->blocks = local_blocks_ref(before->blocks);
}

static void make_key(struct files *f)
{
	if (getrandom(f->key, sizeof f->key, 0) != sizeof f->key)
		abort(); /* up to 256 octets are given whole (getrandom(2)) */
}

/* What was blocked stays so while a list can't be read. */
static void keep_blocks(struct files *f, const struct files *before)
{
	if (!before || !before->blocks || !config_texts_equal(&before->config->block, &f->config->block))
		return;
	log_warning("the block lists stay as they were");
	local_blocks_unref(f->blocks);
	f->blocks = local_blocks_ref(before->blocks);
}

/* False: no memory. */
static bool load_all(struct files *f, const struct files *before)
{
	bool failed = false;

	if (!f->names)
		f->names = files_load_names(f);
	if (!f->blocks && f->config->block.count > 0)
		f->blocks = files_load_blocks(f, &failed);
	if (failed)
		keep_blocks(f, before);
	return f->names && (f->config->block.count == 0 || f->blocks);
}

struct files *files_new(const struct config *config, bool quiet, const struct files *before)
{
	struct files *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->config = config;
	f->quiet = quiet;
	f->has_domain = config->local_domain && name_from_text(config->local_domain, f->domain) > 1;
	if (before)
		take_over(f, before);
	else
		make_key(f);
	if (load_all(f, before))
		return f;
	files_free(f);
	return NULL;
}

static int add_watches(struct files *f)
{
	const struct config *c = f->config;
	int err = 0;

	for (size_t i = 0; i < c->hosts.count && err == 0; i++)
		err = watch_add(f->watch, i, c->hosts.text[i], false);
	for (size_t i = 0; i < c->block.count && err == 0; i++)
		err = watch_add(f->watch, FILES_BLOCK + i, c->block.text[i], false);
	if (*c->lease_file && err == 0)
		err = watch_add(f->watch, FILES_LEASE, c->lease_file, true);
	return err;
}

/* What was written since it was read, and before it was watched. */
static void look_again(struct files *f)
{
	const struct config *c = f->config;

	for (size_t i = 0; i < c->hosts.count; i++)
		if (files_has_changed(f, i, c->hosts.text[i]))
			on_changed(f, i);
	for (size_t i = 0; i < c->block.count; i++)
		if (files_has_changed(f, FILES_BLOCK + i, c->block.text[i]))
			on_changed(f, FILES_BLOCK + i);
	if (*c->lease_file && files_has_changed(f, FILES_LEASE, c->lease_file))
		on_changed(f, FILES_LEASE);
}

int files_start(
	struct files *f, struct event_base *base, struct worker *const *workers, size_t count)
{
	const struct config *c = f->config;

	f->quiet = true;
	f->workers = workers;
	f->worker_count = count;
	if (c->hosts.count == 0 && c->block.count == 0 && !*c->lease_file)
		return 0;
	f->again = evtimer_new(base, on_again, f);
	if (!f->again)
		return -ENOMEM;
	f->watch = watch_new(base, on_changed, f);
	if (!f->watch) {
		log_warning(
			"files of names can't be watched (inotify: %m): a change needs a restart");
		return 0;
	}
	if (add_watches(f) < 0)
		return -ENOMEM;
	look_again(f);
	return 0;
}

void files_stop(struct files *f)
{
	watch_free(f->watch);
	f->watch = NULL;
	if (f->again)
		event_free(f->again);
	f->again = NULL;
}

void files_free(struct files *f)
{
	if (!f)
		return;
	files_stop(f);
	local_names_unref(f->names);
	local_blocks_unref(f->blocks);
	free(f);
}

struct local_names *files_names(const struct files *f)
{
	return f->names;
}

struct local_blocks *files_blocks(const struct files *f)
{
	return f->blocks;
}

const uint8_t *files_key(const struct files *f)
{
	return f->key;
}
