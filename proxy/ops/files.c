#include "proxy/ops/files.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "common/local/blocklist.h"
#include "common/local/hosts.h"
#include "common/local/record_line.h"
#include "proxy/ops/file_parts.h"
#include "proxy/ops/watch.h"
#include "proxy/resolve/local_data.h"
#include "proxy/worker.h"

/* Numbers of the files for the watch: hosts, then block lists, then the lease file. */
#define FIRST_BLOCK CONFIG_HOSTS_MAX
#define LEASE	    (CONFIG_HOSTS_MAX + CONFIG_BLOCK_MAX)
#define FILES_MAX   (LEASE + 1)
/* Where a worker could not be told. */
#define AGAIN_S 10u

/* What was wrong with a file when it was read last: told when it changes, not each time. */
struct trouble {
	int err;
	unsigned bad, bad_line;
	size_t left_out;
};

/* Which file it was; another one, or one that was written to, has another stamp. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct files {
	const struct config *config; /* borrowed */
	uint8_t key[SUFFIX_KEY];
	struct local_names *names;
	struct local_blocks *blocks; /* NULL: there are no lists */
	struct watch *watch;
	struct event *again; /* NULL until files_start: tells the workers once more */
	struct worker *const *workers;
	size_t worker_count;
	uint8_t domain[DNS_NAME_MAX];
	bool has_domain;
	bool quiet; /* what goes well is nothing to tell (any more) */
	struct trouble trouble[FILES_MAX];
	struct stamp stamp[FILES_MAX]; /* as they were when they were read last */
};

struct files_mail {
	struct mail mail;
	struct local_names *names; /* a reference each */
	struct local_blocks *blocks;
};

/* ------------------------------------------------------------------ what was read */

static void tell_lines(const char *path, const struct text *t)
{
	if (t->bad > 0)
		log_warning("%s:%u: %s; left out, one of %u such line%s", path, t->bad_line,
			t->reason, t->bad, t->bad == 1 ? "" : "s");
	if (t->left_out > 0)
		log_warning("%s: %zu names had no room and are left out", path, t->left_out);
}

/* The file that every machine has, but for some, is not missed. */
static void tell_missing(const char *kind, const char *path, int err)
{
	if (err == -ENOENT && strcmp(path, "/etc/hosts") == 0)
		log_debug("%s %s: there is none", kind, path);
	else if (err < 0)
		log_warning("%s %s cannot be read: %s; it is looked at again when it changes", kind,
			path, strerror(-err));
}

static void tell(struct files *f, size_t file, const char *kind, const char *path, int err,
	const struct text *t)
{
	struct trouble now = { err, t->bad, t->bad_line, t->left_out }, *before = &f->trouble[file];

	if (now.err != before->err)
		tell_missing(kind, path, err);
	if (now.bad != before->bad || now.bad_line != before->bad_line ||
		now.left_out != before->left_out)
		tell_lines(path, t);
	*before = now;
	if (err == 0)
		log_write(f->quiet ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "%s %s: %zu name%s", kind,
			path, t->entries, t->entries == 1 ? "" : "s");
}

/* ------------------------------------------------------------------ stamps */

/* Zeros: there is none. */
static struct stamp stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct stamp){ 0 };
	return (struct stamp){ st.st_dev, st.st_ino, st.st_size, st.st_ctim };
}

static bool has_changed(const struct files *f, size_t file, const char *path)
{
	struct stamp now = stamp_of(path), before = f->stamp[file];

	return now.device != before.device || now.inode != before.inode ||
	       now.size != before.size || now.changed.tv_sec != before.changed.tv_sec ||
	       now.changed.tv_nsec != before.changed.tv_nsec;
}

/* ------------------------------------------------------------------ names */

struct names_part {
	struct text text;
	struct hosts_form form;
	void (*parse)(struct text *t, const struct hosts_form *f, const char *part, size_t len);
};

static void on_names_part(void *arg, const char *part, size_t len)
{
	struct names_part *p = arg;

	p->parse(&p->text, &p->form, part, len);
}

static void read_names(struct files *f, struct local_names *n, const char *path, size_t file)
{
	bool is_lease = file == LEASE;
	struct names_part p = { .form = { .records = &n->records,
					.source = is_lease ? RECORDS_LEASE : RECORDS_HOSTS,
					.domain = f->has_domain ? f->domain : NULL,
					.now_s = (uint64_t)clock_wall_s() },
		.parse = is_lease ? lease_parse : hosts_parse };
	const char *kind = is_lease ? "lease file" : "hosts file";
	int err;

	f->stamp[file] =
		stamp_of(path); /* before it is read: what is written meanwhile is read again */
	err = file_parts_read(path, on_names_part, &p);

	tell(f, file, kind, path, err, &p.text);
}

static void add_records(const struct config *c, struct local_names *n)
{
	for (size_t i = 0; i < c->record.count; i++) {
		struct record_line r;
		const char *why;

		/* They were tried when the configuration was read. */
		if (record_line_parse(c->record.text[i], &r, &why))
			records_add(&n->records, RECORDS_CONFIG, r.name, r.name_len, r.type, r.ttl,
				r.rdata, r.len);
	}
}

static struct local_names *load_names(struct files *f)
{
	const struct config *c = f->config;
	struct local_names *n = local_names_new(f->key);

	if (!n)
		return NULL;
	add_records(c, n);
	for (size_t i = 0; i < c->hosts.count; i++)
		read_names(f, n, c->hosts.text[i], i);
	if (*c->lease_file)
		read_names(f, n, c->lease_file, LEASE);
	records_fit(&n->records);
	return n;
}

/* ------------------------------------------------------------------ block lists */

struct block_part {
	struct text text;
	struct blocklist list;
	struct nameset *set;
};

static void on_block_part(void *arg, const char *part, size_t len)
{
	struct block_part *p = arg;

	blocklist_parse(&p->text, &p->list, p->set, part, len);
}

static int read_list(struct files *f, struct local_blocks *b, unsigned list)
{
	const char *path = f->config->block.text[list];
	struct block_part p = { .list.list = list, .set = &b->set };
	int err;

	f->stamp[FIRST_BLOCK + list] = stamp_of(path);
	err = file_parts_read(path, on_block_part, &p);

	tell(f, FIRST_BLOCK + list, "block list", path, err, &p.text);
	return err;
}

static void add_exceptions(const struct config *c, struct local_blocks *b)
{
	uint8_t wire[DNS_NAME_MAX], folded[DNS_NAME_MAX];

	for (size_t i = 0; i < c->block_except.count; i++) {
		size_t len = name_from_text(c->block_except.text[i], wire);

		name_fold(folded, wire, len);
		nameset_add(&b->set, folded, len, NAMESET_EXCEPT_ALL, 0);
	}
}

/* *ret_failed: a list could not be read. */
static struct local_blocks *load_blocks(struct files *f, bool *ret_failed)
{
	const struct config *c = f->config;
	struct local_blocks *b = local_blocks_new(f->key);
	uint64_t start_us = clock_monotonic_us();

	*ret_failed = false;
	if (!b)
		return NULL;
	for (size_t i = 0; i < c->block.count; i++)
		*ret_failed |= read_list(f, b, (unsigned)i) < 0;
	add_exceptions(c, b);
	nameset_fit(&b->set);
	/* Lists change seldom, so a reload is worth a line; a mere check is not. */
	log_write(f->quiet && !f->workers ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
		"blocking by %zu entries: %.1f MB, read in %llu ms", b->set.count,
		(double)nameset_memory(&b->set) / 1e6,
		(unsigned long long)((clock_monotonic_us() - start_us) / 1000));
	return b;
}

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
	log_error("out of memory: a worker goes on with what the files said before; it is told in %u s",
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
	struct local_names *fresh = load_names(f);

	if (!fresh)
		return;
	local_names_unref(f->names);
	f->names = fresh;
}

/* What was blocked stays so while a list can't be read. */
static void reload_blocks(struct files *f)
{
	bool failed;
	struct local_blocks *fresh = load_blocks(f, &failed);

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

	if (file >= FIRST_BLOCK && file < LEASE)
		reload_blocks(f);
	else
		reload_names(f);
	post(f);
}

/* ------------------------------------------------------------------ life */

static bool same_texts(const struct config_texts *a, const struct config_texts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return true;
}

static bool same_domain(const struct config *a, const struct config *b)
{
	if (!a->local_domain || !b->local_domain)
		return a->local_domain == b->local_domain;
	return strcmp(a->local_domain, b->local_domain) == 0;
}

static bool names_are_known(const struct files *f, const struct config *c)
{
	const struct config *old = f->config;

	if (!same_texts(&old->hosts, &c->hosts) || !same_texts(&old->record, &c->record) ||
		strcmp(old->lease_file, c->lease_file) != 0 || !same_domain(old, c))
		return false;
	for (size_t i = 0; i < c->hosts.count; i++)
		if (has_changed(f, i, c->hosts.text[i]))
			return false;
	return !*c->lease_file || !has_changed(f, LEASE, c->lease_file);
}

static bool blocks_are_known(const struct files *f, const struct config *c)
{
	if (!same_texts(&f->config->block, &c->block) ||
		!same_texts(&f->config->block_except, &c->block_except))
		return false;
	for (size_t i = 0; i < c->block.count; i++)
		if (has_changed(f, FIRST_BLOCK + i, c->block.text[i]))
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
	if (!before || !before->blocks || !same_texts(&before->config->block, &f->config->block))
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
		f->names = load_names(f);
	if (!f->blocks && f->config->block.count > 0)
		f->blocks = load_blocks(f, &failed);
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
		err = watch_add(f->watch, FIRST_BLOCK + i, c->block.text[i], false);
	if (*c->lease_file && err == 0)
		err = watch_add(f->watch, LEASE, c->lease_file, true);
	return err;
}

/* What was written since it was read, and before it was watched. */
static void look_again(struct files *f)
{
	const struct config *c = f->config;

	for (size_t i = 0; i < c->hosts.count; i++)
		if (has_changed(f, i, c->hosts.text[i]))
			on_changed(f, i);
	for (size_t i = 0; i < c->block.count; i++)
		if (has_changed(f, FIRST_BLOCK + i, c->block.text[i]))
			on_changed(f, FIRST_BLOCK + i);
	if (*c->lease_file && has_changed(f, LEASE, c->lease_file))
		on_changed(f, LEASE);
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
