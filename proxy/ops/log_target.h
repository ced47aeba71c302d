/*
 * Where the log goes: stderr, or the file of log-file, or the syslog, or both of these.  The file is appended to, never
 * through a link, and opened again at each reload, so that it can be rotated.  A disk that is full, and a syslogd that
 * is away, cost lines, which are counted (log.h), and nothing else.
 *
 * Of the process; on main's thread.
 */
#ifndef PROXY_OPS_LOG_TARGET_H
#define PROXY_OPS_LOG_TARGET_H

#include <stdbool.h>
#include <stddef.h>

struct config;

struct log_target {
	int file; /* owned; -1: none */
	bool syslog;
	char *path; /* owned; of the file */
};

/*
 * What the configuration names; nothing goes there yet.  By root, a file of root's is given to `user`.  0, or negative
 * errno with one sentence, and there is nothing to close.
 */
int log_target_open(struct log_target *ret, const struct config *config, char *error, size_t size);
/* Instead of using it. */
void log_target_close(struct log_target *t);
/* From now on, instead of the one before, which is closed; takes it over. */
void log_target_use(struct log_target *t);

/* The file may have been moved away.  Where it can't be opened, the log goes on in the one before, and says so. */
void log_target_reopen(void);
/* Do two configurations name the same? */
bool log_target_same(const struct config *a, const struct config *b);
/* Is there a line on stderr for whoever has started us? */
bool log_target_is_stderr(void);
/* What the journal reads (systemd.exec(5)). */
bool log_target_is_journal(int fd);

/* Back to stderr. */
void log_target_end(void);

#endif
