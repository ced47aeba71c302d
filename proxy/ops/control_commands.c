#include "proxy/ops/control_commands.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/config/config.h"
#include "proxy/ops/control_line.h"

/* What has nothing to tell but that it was done. */
static void done(struct control_call *c)
{
	json_object(control_json(c), NULL);
	json_bool(control_json(c), "ok", true);
	json_end_object(control_json(c));
	control_end(c);
}

static void run_log_level(struct control_call *c)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	const char *wanted = control_word(c, 0);

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(names[i], wanted) != 0)
			continue;
		log_info("control: log-level is %s now, by uid %lu", names[i],
			(unsigned long)control_uid(c));
		log_set_level((enum log_level)i);
		done(c);
		return;
	}
	control_fail(c, "log-level %.40s: error, warning, info or debug is wanted", wanted);
}

static void run_reload(struct control_call *c)
{
	const struct control_context *k = control_context(c);
	char error[8192];

	log_info("control: reload, by uid %lu", (unsigned long)control_uid(c));
	if (k->reload(k->app, error, sizeof error) < 0)
		control_refuse(c, error);
	else
		done(c);
}

/* clang-format off */
const struct control_command control_commands[] = {
	{ "status", CONTROL_LOOK, 0, 0, "status", control_status },
	{ "stats", CONTROL_LOOK, 0, 0, "stats", control_stats },
	{ "upstreams", CONTROL_LOOK, 0, 0, "upstreams", control_upstreams },
	{ "query", CONTROL_CHANGE, 1, 2, "query NAME [TYPE]", control_explain },
	{ "explain", CONTROL_CHANGE, 1, 2, "explain NAME [TYPE]", control_explain },
	{ "flush", CONTROL_CHANGE, 1, 2, "flush NAME | --zone NAME | --all", control_flush },
	{ "log", CONTROL_CHANGE, 1, 1, "log --recent", control_log },
	{ "log-level", CONTROL_CHANGE, 1, 1, "log-level error|warning|info|debug", run_log_level },
	{ "reload", CONTROL_CHANGE, 0, 0, "reload", run_reload },
	{ "zone", CONTROL_CHANGE, 1, 3 + CONFIG_FORWARD_MAX + 1,
		"zone add NAME UPSTREAM... [--interface IF] | zone del NAME | zone list", control_zone },
	{ "portal", CONTROL_CHANGE, 0, CONTROL_WORDS_MAX - 1,
		"portal | portal off | portal add NAME... | portal open SECONDS RESOLVER [--force] NAME...",
		control_portal },
	{ 0 },
};
/* clang-format on */
