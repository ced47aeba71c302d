#include <errno.h>
#include <grp.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/ctl/ctl.h"
#include "proxy/ctl/text.h"

/* dnsfwd answers within 30 s, or says that it can't. */
#define PATIENCE_S 40
/* Of a request, and of a line of the answer. */
#define REQUEST_MAX 4096u
#define LINE_MAX_LEN (4u * 1024 * 1024)

/* ------------------------------------------------------------------ reaching it */

/* To stderr, unless nobody wants to know. */
static void __attribute__((format(printf, 2, 3))) tell(
	const struct ctl_options *o, const char *format, ...)
{
	va_list args;

	if (o->quiet)
		return;
	fputs("dnsfwdctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
}

static void tell_not_permitted(const struct ctl_options *o)
{
	struct stat st;
	const struct group *g = stat(o->socket, &st) == 0 ? getgrgid(st.st_gid) : NULL;

	if (g && g->gr_gid != 0)
		tell(o,
			"%s: not permitted; try as root, or become a member of the group %s to "
			"look",
			o->socket, g->gr_name);
	else
		tell(o, "%s: not permitted; try as root", o->socket);
}

static int tell_unreachable(const struct ctl_options *o, int err)
{
	struct stat st;

	if (err == EACCES || err == EPERM)
		tell_not_permitted(o);
	else if (err == ECONNREFUSED && stat(o->socket, &st) == 0 && !S_ISSOCK(st.st_mode))
		tell(o,
			"%s is no socket; name the path of dnsfwd's option \"control\" with -s",
			o->socket);
	else if (err == ECONNREFUSED)
		tell(o,
			"dnsfwd is not running: nobody listens at %s; its log says why it ended, "
			"\"dnsfwd -t\" checks its configuration",
			o->socket);
	else if (err == ENOENT)
		tell(o,
			"dnsfwd is not running, or has another socket: there is no %s; start "
			"dnsfwd, or name the path of its option \"control\" with -s",
			o->socket);
	else
		tell(o, "%s: %s", o->socket, strerror(err));
	return -1;
}

/*
 * A call with a time limit, which is not begun again by itself, was interrupted: the process was stopped and goes
 * on, or a window has changed.  False: it is another error, or the end is wanted.
 */
static bool goes_on(const struct ctl_options *o)
{
	return errno == EINTR && !(o->ended && *o->ended);
}

static int reach(const struct ctl_options *o)
{
	const char *path = o->socket;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd, err;

	if (strlen(path) >= sizeof to.sun_path)
		return tell_unreachable(o, ENAMETOOLONG);
	memcpy(to.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return tell_unreachable(o, errno);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	do {
		if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
			return fd;
	} while (goes_on(o));
	err = errno;
	close(fd);
	return tell_unreachable(o, err);
}

/* ------------------------------------------------------------------ the request */

/* Its length; 0: it is none, as was told. */
static size_t build_request(const struct ctl_options *o, int count, char *const *words, char request[REQUEST_MAX])
{
	size_t at = 0;

	for (int i = 0; i < count; i++) {
		size_t len = strlen(words[i]);

		if (len == 0 || strpbrk(words[i], " \t\r\n")) {
			tell(o, "\"%s\": a word must not be empty and has no space", words[i]);
			return 0;
		}
		if (at + len + 1 >= REQUEST_MAX) {
			tell(o, "too many words");
			return 0;
		}
		memcpy(request + at, words[i], len);
		at += len;
		request[at++] = i + 1 < count ? ' ' : '\n';
	}
	return at;
}

/* ------------------------------------------------------------------ the answer */

/* Whoever asks, and what it makes of it. */
struct answer {
	const struct ctl_options *options;
	int fd;
	int (*show)(void *arg, struct json_object *line, const char *text);
	void *arg;
	unsigned lines;
};

/* One, or a line for each. */
static void tell_errors(const struct answer *a, struct json_object *line, const char *error)
{
	struct json_object *all = member(line, "errors");

	for (size_t i = 0; i < list_length(all); i++)
		tell(a->options, "%s", or_nothing(json_object_get_string(json_object_array_get_idx(all, i))));
	if (list_length(all) == 0)
		tell(a->options, "%s", error);
}

static int take_line(struct answer *a, const char *text)
{
	struct json_object *line = json_tokener_parse(text);
	const char *error = member_text(line, "error");
	int code;

	a->lines++;
	if (!line) {
		tell(a->options, "the answer is no JSON");
		return CTL_FAILED;
	}
	if (error) {
		if (a->options->json)
			puts(text);
		else
			tell_errors(a, line, error);
		code = strncmp(error, "usage: ", 7) == 0 ? CTL_USAGE : CTL_FAILED;
	} else {
		code = a->show(a->arg, line, text);
	}
	json_object_put(line);
	return code;
}

static int tell_broken(const struct answer *a, int err)
{
	if (err == EAGAIN)
		tell(a->options, "dnsfwd does not answer");
	else if (err != 0 && err != ECONNRESET)
		tell(a->options, "%s", strerror(err));
	else if (a->lines == 0)
		tell(a->options, "dnsfwd has closed the connection without an answer");
	else
		return CTL_OK;
	return CTL_FAILED;
}

static ssize_t read_some(void *cookie, char *data, size_t room)
{
	const struct answer *a = cookie;
	ssize_t n;

	do
		n = read(a->fd, data, room);
	while (n < 0 && goes_on(a->options));
	return n;
}

static int read_answer(FILE *in, struct answer *a)
{
	char *text = NULL;
	size_t room = 0;
	int code = CTL_OK;
	ssize_t len;

	errno = 0;
	while (code == CTL_OK && (len = getline(&text, &room, in)) > 0) {
		if ((size_t)len > LINE_MAX_LEN)
			break;
		text[strcspn(text, "\n")] = '\0';
		code = take_line(a, text);
		errno = 0;
	}
	free(text);
	return code == CTL_OK ? tell_broken(a, errno) : code;
}

/* True: there is an answer to read.  It may have refused already: then the answer says so. */
static bool send_request(const struct answer *a, const char *request, size_t len)
{
	ssize_t n;

	do
		n = send(a->fd, request, len, MSG_NOSIGNAL);
	while (n < 0 && goes_on(a->options));
	return n >= 0 || errno == EPIPE || errno == ECONNRESET;
}

int ctl_ask(const struct ctl_options *o, int count, char *const *words,
	int (*show)(void *arg, struct json_object *line, const char *text), void *arg)
{
	struct answer a = { .options = o, .fd = -1, .show = show, .arg = arg };
	char request[REQUEST_MAX];
	size_t len = build_request(o, count, words, request);
	int code;
	FILE *in;

	if (len == 0)
		return CTL_USAGE;
	a.fd = reach(o);
	if (a.fd < 0)
		return CTL_UNREACHABLE;
	in = fopencookie(&a, "r", (cookie_io_functions_t){ .read = read_some });
	if (!in) {
		close(a.fd);
		tell(o, "out of memory");
		return CTL_FAILED;
	}
	if (send_request(&a, request, len)) {
		code = read_answer(in, &a);
	} else {
		tell(o, "%s", strerror(errno));
		code = CTL_FAILED;
	}
	fclose(in);
	close(a.fd);
	return code;
}
