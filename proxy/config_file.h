/*
 * The configuration as it was named on the command line: read at the start, and again for each reload.
 */
#ifndef PROXY_CONFIG_FILE_H
#define PROXY_CONFIG_FILE_H

#include "common/base/log.h"
#include "common/config/config.h"

#ifndef CONFIG_FILE
#define CONFIG_FILE "/etc/dnsfwd/dnsfwd.conf"
#endif

/* What the command line says, and the zones that were added since; all texts are borrowed, and live as long as the program. */
struct config_file {
	const char *name; /* -c; NULL: the default one, where it is needed */
	struct config_overrides overrides;
	unsigned verbose; /* -v, so often */
};

/*
 * Reads and checks it.  NULL with at least one complaint; *ret_unreadable (if not NULL): the file itself could not be
 * read.
 */
struct config *config_file_load(
	const struct config_file *f, struct config_errors *errors, bool *ret_unreadable);

/* The same file as when that was read, whatever it says now, with the overrides of f.  NULL with at least one complaint. */
struct config *config_file_again(
	const struct config_file *f, const struct config *config, struct config_errors *errors);

/* How much is logged: more than the configuration says where -v is given. */
enum log_level config_file_level(const struct config_file *f, const struct config *config);

#endif
