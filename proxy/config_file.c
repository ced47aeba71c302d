#include "proxy/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/errors.h"
#include "proxy/config_text.h"
#include "proxy/upstream/memory.h"

/* libconfig goes through NULL where it has no memory: a reload must not end what runs. */
static struct config *parse(const struct config_file *f, const char *name, const char *text, size_t len,
	struct config_errors *errors)
{
	if (memory_is_left(MEMORY_OF_CONFIG))
		return config_load(text, len, name, &f->overrides, errors);
	errors_add(errors, (struct config_place){ name ? name : "command line", 0 }, "out of memory");
	return NULL;
}

struct config *config_file_load(
	const struct config_file *f, struct config_errors *errors, bool *ret_unreadable)
{
	const char *name = f->name;
	struct config *config;
	char *text = NULL;
	size_t len = 0;

	if (!name && f->overrides.forward_count == 0)
		name = CONFIG_FILE;
	if (name)
		text = config_text_read(name, &len);
	if (ret_unreadable)
		*ret_unreadable = name && !text;
	if (name && !text) {
		errors_add(errors, (struct config_place){ name, 0 }, "it cannot be read: %s%s",
			strerror(errno),
			f->name ? ""
				: "; name a file with -c, or an upstream on the command line (see "
				  "--help)");
		return NULL;
	}
	config = parse(f, name, text, len, errors);
	free(text);
	return config;
}

struct config *config_file_again(
	const struct config_file *f, const struct config *config, struct config_errors *errors)
{
	const char *text = config->text;

	return parse(f, f->name, text, text ? strlen(text) : 0, errors);
}

enum log_level config_file_level(const struct config_file *f, const struct config *config)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (unsigned i = 0; i < 4 && f->verbose == 0; i++)
		if (strcmp(config->log_level, names[i]) == 0)
			return (enum log_level)i;
	return LOG_LEVEL_DEBUG;
}
