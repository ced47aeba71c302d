#include "proxy/ops/log_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/ops/log_syslog.h"
#include "proxy/ops/user.h"

#define MODE 0640

static struct log_target in_use = { .file = -1 };

/* ------------------------------------------------------------------ the file */

static int fail(int err, const char *path, const char *why, char *error, size_t size)
{
	snprintf(error, size, "log-file %.300s: %s", path, why);
	return err;
}

/* A pipe whose reader is gone, or none yet, does not hold us up. */
static int open_file(const char *path, char *error, size_t size)
{
	int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		MODE);
	struct stat st;

	if (fd < 0)
		return fail(-errno, path,
			errno == ELOOP ? "this is a symbolic link, which is not followed"
				       : strerror(errno),
			error, size);
	if (fstat(fd, &st) == 0 &&
		(S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		return fd;
	close(fd);
	return fail(-EINVAL, path, "this is not a file", error, size);
}

/* So that the user whom we become can open it again. */
static void give(int fd, const char *name)
{
	char error[512];
	struct stat st;
	struct user u;

	if (geteuid() != 0 || !*name || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		st.st_uid != 0 || st.st_nlink != 1)
		return;
	if (user_find(name, &u, error, sizeof error) == 0 && fchown(fd, u.uid, u.gid) < 0)
		log_warning("log-file: it cannot be given to %.80s: %s", name, strerror(errno));
	user_deinit(&u);
}

/* ------------------------------------------------------------------ a target */

int log_target_open(struct log_target *ret, const struct config *config, char *error, size_t size)
{
	int err;

	*ret = (struct log_target){ .file = -1, .syslog = config->syslog };
	if (config->syslog && (err = log_syslog_open()) < 0) {
		snprintf(error, size, "syslog: %s", strerror(-err));
		return err;
	}
	if (!*config->log_file)
		return 0;
	ret->path = strdup(config->log_file);
	ret->file = ret->path ? open_file(ret->path, error, size)
			      : fail(-ENOMEM, config->log_file, "out of memory", error, size);
	if (ret->file >= 0) {
		give(ret->file, config->user);
		return 0;
	}
	err = ret->file;
	free(ret->path);
	*ret = (struct log_target){ .file = -1 };
	return err;
}

void log_target_close(struct log_target *t)
{
	if (t->file >= 0)
		close(t->file);
	free(t->path);
	*t = (struct log_target){ .file = -1 };
}

void log_target_use(struct log_target *t)
{
	bool to_stderr = t->file < 0 && !t->syslog;

	log_set_sink(t->syslog ? log_syslog_send : NULL);
	log_set_fd(to_stderr ? STDERR_FILENO : t->file, to_stderr && log_target_is_journal(STDERR_FILENO));
	log_target_close(&in_use);
	in_use = *t;
	*t = (struct log_target){ .file = -1 };
}

void log_target_reopen(void)
{
	char error[512];
	int fd;

	if (in_use.file < 0)
		return;
	fd = open_file(in_use.path, error, sizeof error);
	if (fd < 0) {
		log_warning("%s; the log goes on in the file that was opened before", error);
		return;
	}
	log_set_fd(fd, false);
	close(in_use.file);
	in_use.file = fd;
}

bool log_target_same(const struct config *a, const struct config *b)
{
	return a->syslog == b->syslog && strcmp(a->log_file, b->log_file) == 0;
}

bool log_target_is_stderr(void)
{
	return in_use.file < 0 && !in_use.syslog;
}

bool log_target_is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(fd, &st) == 0 &&
	       st.st_dev == device && st.st_ino == inode;
}

void log_target_end(void)
{
	struct log_target none = { .file = -1 };

	log_target_use(&none);
	log_syslog_close();
}
