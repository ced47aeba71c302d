/* log --recent: what the flight recorder has, a line of JSON each. */
#include <stdio.h>
#include <string.h>

#include "common/base/log_recent.h"
#include "proxy/ops/control_commands.h"

/* The line's first two words: when, and which level. */
static void send_line(void *arg, const char *line)
{
	struct control_call *c = arg;
	struct json *j = control_json(c);
	char time[40] = "", level[16] = "";
	const char *text = strchr(line, ' ');

	if (text) {
		snprintf(time, sizeof time, "%.*s", (int)(text - line), line);
		line = text + 1;
		text = strchr(line, ' ');
	}
	if (text) {
		snprintf(level, sizeof level, "%.*s", (int)(text - line), line);
		line = text + 1;
	}
	json_object(j, NULL);
	json_text(j, "time", time);
	json_text(j, "level", level);
	json_text(j, "text", line);
	json_end_object(j);
	control_send(c);
}

void control_log(struct control_call *c)
{
	if (strcmp(control_word(c, 0), "--recent") != 0) {
		control_fail(c, "usage: log --recent");
		return;
	}
	log_recent_walk(send_line, c);
	control_end(c);
}
