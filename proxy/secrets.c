#include "proxy/secrets.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "proxy/mailbox.h"
#include "proxy/worker.h"

#define FILE_MAX 4096u
/* Where there was no memory to tell the workers. */
#define AGAIN_S 10u

struct secrets {
	const struct config *config;
	struct cookie_secrets now;
	uint32_t
		wait_s; /* our own: until the next step of their rotation, as secrets_start finds it */
	uint32_t due_s; /* and when that is, while it runs */
	struct worker *const *workers;
	size_t worker_count;
	struct event *rotation; /* NULL: they are the file's, or there are none */
};

struct secrets_mail {
	struct mail mail;
	struct cookie_secrets secrets;
};

static bool has_file(const struct secrets *s)
{
	return *s->config->cookie_secret_file;
}

/* ------------------------------------------------------------------ to the workers */

static void discard(struct mail *m)
{
	struct secrets_mail *sm = container_of(m, struct secrets_mail, mail);

	explicit_bzero(sm, sizeof *sm);
	free(sm);
}

static void deliver(struct mail *m, void *receiver)
{
	worker_set_cookie_secrets(receiver, &container_of(m, struct secrets_mail, mail)->secrets);
	discard(m);
}

/* All of them or none: false without memory. */
static bool tell_workers(const struct secrets *s)
{
	struct list mails, *n;
	size_t made = 0;

	list_init(&mails);
	for (; made < s->worker_count; made++) {
		struct secrets_mail *m = calloc(1, sizeof *m);

		if (!m)
			break;
		m->mail.deliver = deliver;
		m->mail.discard = discard;
		m->secrets = s->now;
		list_append(&mails, &m->mail.node);
	}
	for (size_t i = 0; (n = list_take(&mails)); i++) {
		struct mail *m = container_of(n, struct mail, node);

		if (made == s->worker_count)
			mailbox_post(worker_mailbox(s->workers[i]), m);
		else
			discard(m);
	}
	return made == s->worker_count;
}

/* ------------------------------------------------------------------ our own */

/* Predictable secrets are worse than none (threats A06); so few octets come whole. */
static void fill_random(void *buf, size_t len)
{
	if (getrandom(buf, len, 0) != (ssize_t)len)
		abort();
}

/* Seconds until the next step. */
static uint32_t step(struct secrets *s)
{
	uint8_t fresh[COOKIE_SECRET_LEN];
	uint32_t jitter, wait;

	fill_random(fresh, sizeof fresh);
	fill_random(&jitter, sizeof jitter);
	wait = cookie_secrets_step(&s->now, fresh, jitter);
	explicit_bzero(fresh, sizeof fresh);
	return wait;
}

static uint32_t now_s(void)
{
	return (uint32_t)(clock_boottime_us() / 1000000);
}

static void arm(struct secrets *s, uint32_t wait_s)
{
	s->due_s = now_s() + wait_s;
	event_add(s->rotation, &(struct timeval){ .tv_sec = (time_t)wait_s });
}

static void on_rotation(evutil_socket_t fd, short what, void *arg)
{
	struct secrets *s = arg;
	struct cookie_secrets before = s->now;
	uint32_t wait = step(s);

	(void)fd;
	(void)what;
	if (!tell_workers(s)) { /* they all go on with what they have */
		s->now = before;
		wait = AGAIN_S;
	}
	explicit_bzero(&before, sizeof before);
	arm(s, wait);
}

/* ------------------------------------------------------------------ the file */

static int read_failed(const char *path, char *error, size_t size)
{
	snprintf(error, size, "cookie-secret-file: cannot read %s: %s", path, strerror(errno));
	return -1;
}

/* The octets read, or -1 with one sentence. */
static ssize_t read_file(const char *path, char text[FILE_MAX], char *error, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t len;

	if (fd < 0)
		return read_failed(path, error, size);
	len = read(fd, text, FILE_MAX);
	if (len < 0)
		read_failed(path, error, size);
	if (len >= 0 && fstat(fd, &st) == 0 && st.st_mode & (S_IROTH | S_IWOTH))
		log_warning(
			"cookie-secret-file: %s is open to all users: whoever reads it can forge "
			"cookies; chmod o-rw",
			path);
	close(fd);
	return len;
}

static int parse(const char *path, const char *text, size_t len, struct cookie_secrets *ret,
	char *error, size_t size)
{
	unsigned line;
	const char *why = cookie_secrets_parse(text, len, ret, &line);

	if (len == FILE_MAX)
		why = "too long for a file of secrets";
	if (!why)
		return 0;
	if (line > 0)
		snprintf(error, size, "%s:%u: cookie-secret-file: %s", path, line, why);
	else
		snprintf(error, size, "%s: cookie-secret-file: %s", path, why);
	return -1;
}

static int load_file(struct secrets *s, char *error, size_t size)
{
	const char *path = s->config->cookie_secret_file;
	struct cookie_secrets fresh;
	char text[FILE_MAX];
	ssize_t len = read_file(path, text, error, size);
	int err;

	if (len < 0)
		return -1;
	err = parse(path, text, (size_t)len, &fresh, error, size);
	if (err == 0)
		s->now = fresh;
	explicit_bzero(&fresh, sizeof fresh);
	explicit_bzero(text, sizeof text);
	return err;
}

/* ------------------------------------------------------------------ life */

static bool makes_own(const struct secrets *s)
{
	return s->config->answer_cookies && !has_file(s);
}

struct secrets *secrets_new(const struct config *config, const struct secrets *before)
{
	struct secrets *s = calloc(1, sizeof *s);
	int32_t left;

	if (!s)
		return NULL;
	s->config = config;
	if (!before || !makes_own(s) || !makes_own(before))
		return s;
	s->now = before->now;
	left = (int32_t)(before->due_s - now_s());
	s->wait_s = left > 0 ? (uint32_t)left : 0;
	return s;
}

void secrets_stop(struct secrets *s)
{
	if (s->rotation)
		event_del(s->rotation);
}

void secrets_free(struct secrets *s)
{
	if (!s)
		return;
	if (s->rotation)
		event_free(s->rotation);
	explicit_bzero(s, sizeof *s);
	free(s);
}

int secrets_load(struct secrets *s, char *error, size_t size)
{
	if (!s->config->answer_cookies)
		return 0;
	if (has_file(s))
		return load_file(s, error, size);
	if (s->now.count == 0)
		s->wait_s = step(s);
	return 0;
}

const struct cookie_secrets *secrets_get(const struct secrets *s)
{
	return &s->now;
}

int secrets_start(struct secrets *s, struct event_base *base, struct worker *const *workers,
	size_t worker_count)
{
	s->workers = workers;
	s->worker_count = worker_count;
	if (s->now.count == 0 || has_file(s))
		return 0;
	s->rotation = event_new(base, -1, 0, on_rotation, s);
	if (!s->rotation)
		return -ENOMEM;
	arm(s, s->wait_s);
	return 0;
}
