/*
 * The assembly: configuration, trust anchors, sockets, workers; then main's own loop with signals
 * and reports. For main.c only.
 */
#ifndef PROXY_APP_H
#define PROXY_APP_H

#include <stddef.h>

#include "common/config/config.h"

/* Exit codes (design 6). */
enum exit_code {
	EXIT_OK = 0,
	EXIT_CONFIG = 1,
	EXIT_NETWORK = 2,
	EXIT_FILES = 3,
	EXIT_MEMORY = 4,
	EXIT_OTHER = 5,
};

struct app;

/*
 * Takes its own reference to the configuration.  NULL with the exit code and one sentence.
 * check_only: what -t looks at: files yes, sockets no.
 */
struct app *app_new(
	struct config *config, bool check_only, enum exit_code *ret_code, char *error, size_t size);

/* Runs until SIGTERM or SIGINT, then drains. */
enum exit_code app_run(struct app *a);
void app_free(struct app *a);

/*
 * Reads the configuration again and applies it.  0, or negative errno with one sentence: then all is as it
 * was.  Main's thread.
 */
int app_reload(struct app *a, char *error, size_t size);

#endif
