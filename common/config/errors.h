/* Complaints about a configuration, collected in struct config_errors. */
#ifndef COMMON_CONFIG_ERRORS_H
#define COMMON_CONFIG_ERRORS_H

#include "common/config/config.h"

/* Where something was written. */
struct config_place {
	const char *file; /* borrowed; "command line" for what was written there */
	unsigned line;	  /* 0: it cannot be said, or there are no lines */
};

/* "file:line: text".  Control characters of what was written become '?'. */
void errors_add(struct config_errors *e, struct config_place where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Some complaint was made, even if there was no memory to keep it. */
bool errors_any(const struct config_errors *e);

#endif
