/* In place of log_target.c in a build whose log goes to stderr alone; it refuses other targets (proxy/features.h). */
#include "proxy/ops/log_target.h"

int log_target_open(struct log_target *ret, const struct config *config, char *error, size_t size)
{
	(void)config;
	(void)error;
	(void)size;
	*ret = (struct log_target){ .file = -1 };
	return 0;
}

void log_target_close(struct log_target *t)
{
	(void)t;
}

void log_target_use(struct log_target *t)
{
	(void)t;
}

void log_target_reopen(void)
{
}

bool log_target_same(const struct config *a, const struct config *b)
{
	(void)a;
	(void)b;
	return true;
}

bool log_target_is_stderr(void)
{
	return true;
}

bool log_target_is_journal(int fd)
{
	(void)fd;
	return false;
}

void log_target_end(void)
{
}
