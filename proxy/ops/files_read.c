#include "proxy/ops/files_internal.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/local/blocklist.h"
#include "common/local/hosts.h"
#include "common/local/record_line.h"
#include "proxy/ops/file_parts.h"
#include "proxy/resolve/local_data.h"

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

bool files_has_changed(const struct files *f, size_t file, const char *path)
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
	bool is_lease = file == FILES_LEASE;
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

struct local_names *files_load_names(struct files *f)
{
	const struct config *c = f->config;
	struct local_names *n = local_names_new(f->key);

	if (!n)
		return NULL;
	add_records(c, n);
	for (size_t i = 0; i < c->hosts.count; i++)
		read_names(f, n, c->hosts.text[i], i);
	if (*c->lease_file)
		read_names(f, n, c->lease_file, FILES_LEASE);
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

	f->stamp[FILES_BLOCK + list] = stamp_of(path);
	err = file_parts_read(path, on_block_part, &p);

	tell(f, FILES_BLOCK + list, "block list", path, err, &p.text);
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

struct local_blocks *files_load_blocks(struct files *f, bool *ret_failed)
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
