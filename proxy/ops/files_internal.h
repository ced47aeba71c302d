/* What files.c (when they are read, who is told) and files_read.c (reading them) have in common. */
#ifndef PROXY_OPS_FILES_INTERNAL_H
#define PROXY_OPS_FILES_INTERNAL_H

#include <sys/stat.h>

#include "common/config/config.h"
#include "common/dns/name.h"
#include "common/local/suffix.h"
#include "proxy/ops/files.h"

struct event;
struct watch;

/* Numbers of the files for the watch: hosts, then block lists, then the lease file. */
#define FILES_BLOCK CONFIG_HOSTS_MAX
#define FILES_LEASE (CONFIG_HOSTS_MAX + CONFIG_BLOCK_MAX)
#define FILES_MAX   (FILES_LEASE + 1)

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

/* What the configuration names, read now; what is wrong with it is told if it is new.  NULL: out of memory. */
struct local_names *files_load_names(struct files *f);
/* *ret_failed: a list could not be read. */
struct local_blocks *files_load_blocks(struct files *f, bool *ret_failed);

/* It is not the file that was read last, or it was written to. */
bool files_has_changed(const struct files *f, size_t file, const char *path);

#endif
