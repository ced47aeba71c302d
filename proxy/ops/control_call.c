#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "proxy/ops/control.h"
#include "proxy/ops/control_commands.h"
#include "proxy/ops/control_internal.h"

static void set_limit(struct control_call *c, uint64_t after_us)
{
	struct timeval t = { .tv_sec = (time_t)(after_us / 1000000),
		.tv_usec = (suseconds_t)(after_us % 1000000) };

	event_add(c->limit, &t);
}

/* ------------------------------------------------------------------ the end */

static void tell_gone(struct control_call *c)
{
	void (*gone)(void *arg) = c->gone;

	c->gone = NULL;
	if (gone)
		gone(c->gone_arg);
}

static void free_events(struct control_call *c)
{
	struct event *all[] = { c->readable, c->writable, c->limit, c->end };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i])
			event_free(all[i]);
}

void control_call_free(struct control_call *c)
{
	if (c->state == CALL_RUNNING)
		tell_gone(c);
	list_remove(&c->node);
	c->control->count--;
	c->control->lookers -= !c->may_change;
	free_events(c);
	close(c->fd);
	json_free(&c->json);
	bytes_free(&c->output);
	free(c);
}

/* From the loop: the caller may be a command that goes on after control_send or control_end. */
static void end_soon(struct control_call *c)
{
	event_active(c->end, EV_TIMEOUT, 0);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	control_call_free(arg);
}

/* ------------------------------------------------------------------ writing */

/* False: nothing more can be written. */
static bool write_some(struct control_call *c)
{
	while (bytes_len(&c->output) > 0) {
		ssize_t n = send(
			c->fd, bytes_front(&c->output), bytes_len(&c->output), MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		bytes_consume(&c->output, (size_t)n);
		if (c->state == CALL_WRITING || c->streams)
			set_limit(c, CONTROL_WAIT_US); /* somebody reads */
	}
	return true;
}

static void write_out(struct control_call *c)
{
	if (!write_some(c)) {
		end_soon(c);
		return;
	}
	if (bytes_len(&c->output) > 0)
		event_add(c->writable, NULL);
	else if (c->state == CALL_WRITING)
		end_soon(c);
	else if (c->streams)
		event_del(c->limit); /* nothing waits to be taken */
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	write_out(arg);
}

/* True: it is in the output now. */
static bool queue_line(struct control_call *c)
{
	size_t len;
	const char *text = json_get(&c->json, &len);
	bool fits = text && len + 1 <= CONTROL_OUTPUT_MAX - bytes_len(&c->output);
	bool queued = fits && bytes_append(&c->output, text, len) == 0 &&
		      bytes_append(&c->output, "\n", 1) == 0;

	json_clear(&c->json);
	return queued;
}

bool control_send(struct control_call *c)
{
	if (!c->streams)
		set_limit(c, CONTROL_WAIT_US);
	c->streams = true;
	if (!queue_line(c)) {
		end_soon(c);
		return false;
	}
	write_out(c);
	return true;
}

static void finish(struct control_call *c)
{
	c->gone = NULL;
	c->state = CALL_WRITING;
	set_limit(c, CONTROL_WAIT_US);
	write_out(c);
}

void control_end(struct control_call *c)
{
	size_t len;

	if (json_get(&c->json, &len) ? len > 0 : c->json.failed) {
		if (!queue_line(c)) {
			control_fail(c, "the answer is too long");
			return;
		}
	}
	finish(c);
}

void control_fail(struct control_call *c, const char *format, ...)
{
	char why[600];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	json_clear(&c->json);
	json_object(&c->json, NULL);
	json_text(&c->json, "error", why);
	json_end_object(&c->json);
	queue_line(c);
	finish(c);
}

void control_refuse(struct control_call *c, const char *lines)
{
	char line[1200];
	size_t len = strcspn(lines, "\n");

	json_clear(&c->json);
	json_object(&c->json, NULL);
	snprintf(line, sizeof line, "%.*s", (int)len, lines);
	json_text(&c->json, "error", line);
	json_array(&c->json, "errors");
	for (; *lines; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		snprintf(line, sizeof line, "%.*s", (int)len, lines);
		json_text(&c->json, NULL, line);
	}
	json_end_array(&c->json);
	json_end_object(&c->json);
	queue_line(c);
	finish(c);
}

/* ------------------------------------------------------------------ the request */

static const struct control_command *find_command(const char *name)
{
	for (const struct control_command *k = control_commands; k->name; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

static void run(struct control_call *c)
{
	const struct control_command *k = find_command(c->line.word[0]);
	size_t words = c->line.count - 1;

	set_limit(c, CONTROL_RUN_US);
	c->state = CALL_RUNNING;
	if (!k)
		control_fail(c, "%.40s: this dnsfwd has no such command", c->line.word[0]);
	else if (k->right == CONTROL_CHANGE && !c->may_change)
		control_fail(c,
			"%s: not permitted to uid %lu: only root, or the user that dnsfwd runs as, "
			"may do that",
			k->name, (unsigned long)c->uid);
	else if (words < k->min_words || words > k->max_words)
		control_fail(c, "usage: %s", k->usage);
	else
		k->run(c);
}

/* Nothing more is read: the end of the input need not be the end of interest. */
static void take_line(struct control_call *c, size_t len)
{
	const char *why = control_line_parse(c->input, len, &c->line);

	event_del(c->readable);
	if (why)
		control_fail(c, "%s", why);
	else
		run(c);
}

static void read_request(struct control_call *c)
{
	ssize_t n = recv(c->fd, c->input + c->read, sizeof c->input - c->read, 0);
	const char *end;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			control_call_free(c);
		return;
	}
	end = memchr(c->input + c->read, '\n', (size_t)n);
	c->read += (size_t)n;
	if (end)
		take_line(c, (size_t)(end - c->input));
	else if (n == 0 && c->read == 0)
		control_call_free(c);
	else if (n == 0 || c->read == sizeof c->input)
		take_line(c, c->read);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	read_request(arg);
}

/* ------------------------------------------------------------------ time */

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct control_call *c = arg;

	(void)fd;
	(void)what;
	if (c->state == CALL_WRITING || c->streams) {
		control_call_free(c); /* nobody takes it */
		return;
	}
	if (c->state == CALL_RUNNING)
		tell_gone(c);
	control_fail(c, c->state == CALL_READING ? "no request came in time"
						 : "this takes too long; it was given up");
}

/* ------------------------------------------------------------------ life */

struct control_call *control_call_new(struct control *control, int fd, uid_t uid, bool may_change)
{
	struct event_base *base = control->setup.base;
	struct control_call *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return NULL;
	}
	*c = (struct control_call){
		.control = control, .fd = fd, .uid = uid, .may_change = may_change
	};
	json_init(&c->json, CONTROL_OUTPUT_MAX);
	list_append(&control->calls, &c->node);
	control->count++;
	control->lookers += !may_change;
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(base, fd, EV_WRITE, on_writable, c);
	c->limit = evtimer_new(base, on_limit, c);
	c->end = evtimer_new(base, on_end, c);
	if (!c->readable || !c->writable || !c->limit || !c->end ||
		event_add(c->readable, NULL) < 0) {
		control_call_free(c);
		return NULL;
	}
	set_limit(c, CONTROL_WAIT_US);
	return c;
}

struct control_context *control_context(const struct control_call *c)
{
	return c->control->setup.context;
}

const char *control_word(const struct control_call *c, size_t i)
{
	return i + 1 < c->line.count ? c->line.word[i + 1] : NULL;
}

uint64_t control_refused(const struct control_call *c)
{
	return c->control->refused;
}

uid_t control_uid(const struct control_call *c)
{
	return c->uid;
}

struct json *control_json(struct control_call *c)
{
	return &c->json;
}

void control_on_gone(struct control_call *c, void (*gone)(void *arg), void *arg)
{
	c->gone = gone;
	c->gone_arg = arg;
}
