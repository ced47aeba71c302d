/*
 * The assembly: configuration, trust anchors, sockets, workers; then main's own loop with signals
 * and reports. For main.c only.
 */
#ifndef PROXY_APP_H
#define PROXY_APP_H

#include <stddef.h>

#include "common/config/config.h"
#include "proxy/exit_code.h"

struct app;
struct config_file;

/*
 * Takes its own reference to the configuration, which is read again from the file (its texts are borrowed, and outlive it) for a reload.  NULL with the exit code and one sentence.
 * check_only: what -t looks at: files yes, sockets no.
 */
struct app *app_new(struct config *config, const struct config_file *file, bool check_only,
	enum exit_code *ret_code, char *error, size_t size);

/* Runs until SIGTERM or SIGINT, then drains. */
enum exit_code app_run(struct app *a);
void app_free(struct app *a);

/*
 * Reads the configuration again and applies it.  0, or negative errno with what reload_now() says: then all is
 * as it was.  Main's thread.
 */
int app_reload(struct app *a, char *error, size_t size);

#endif
