#include "proxy/ops/metrics.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "common/config/endpoint.h"
#include "proxy/loop.h"
#include "proxy/ops/figures.h"
#include "proxy/ops/hour.h"
#include "proxy/ops/http.h"
#include "proxy/ops/http_socket.h"
#include "proxy/ops/page.h"
#include "proxy/ops/page_json.h"
#include "proxy/ops/status.h"

#define JSON_MAX (1024u * 1024)

/* A request that waits for figures, and what is made of them. */
struct waiting {
	struct http_request *request;
	void (*answer)(struct metrics *m, struct http_request *r, const struct figures *f);
};

struct metrics {
	char *where; /* the endpoint's path lies in it */
	struct http_socket socket;
	struct http *http;
	struct event *tick; /* of the hour */
	struct gatherer *gatherer;
	const struct surroundings *around;
	struct metrics_versions versions;
	struct figures_request *asked; /* NULL: nothing is under way */
	struct waiting waiting[METRICS_WAITING_MAX];
	size_t count;
	struct hour hour;
	int statm;	  /* of this process; -1: it can't be looked at */
	double started_s; /* on the wall clock */
};

static double now_s(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Octets of memory in use; 0: not known (proc(5), the second number is in pages). */
static uint64_t rss(const struct metrics *m)
{
	char text[80] = "";
	unsigned long long pages = 0;
	ssize_t n = m->statm < 0 ? -1 : pread(m->statm, text, sizeof text - 1, 0);

	if (n <= 0 || sscanf(text, "%*u %llu", &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ------------------------------------------------------------------ pages */

static void reply_copy(struct http_request *r, const char *type, const char *text, size_t len)
{
	struct evbuffer *body = text ? evbuffer_new() : NULL;

	if (body && evbuffer_add(body, text, len) == 0)
		http_reply(r, 200, type, NULL, body);
	else
		http_reply_text(r, 503, "out of memory");
	if (body)
		evbuffer_free(body);
}

/* Somebody is asked as long as it is not certain that nobody answers. */
static bool is_healthy(const struct status *s)
{
	return s->state != STATUS_DOWN;
}

static void answer_metrics(struct metrics *m, struct http_request *r, const struct figures *f)
{
	struct exposition e;
	struct status s;
	struct metrics_more more = { .versions = m->versions,
		.http_waits = http_refused(m->http),
		.started_s = m->started_s,
		.cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID),
		.rss = rss(m) };
	const char *text;
	size_t len = 0;

	status_judge(f, m->around, &s);
	more.healthy = is_healthy(&s);
	exposition_init(&e);
	metrics_text(&e, f, &more);
	text = exposition_get(&e, &len);
	reply_copy(r, "text/plain; version=0.0.4; charset=utf-8", text, len);
	exposition_free(&e);
}

static void answer_json(struct metrics *m, struct http_request *r, const struct figures *f)
{
	struct page_figures p = { .figures = f,
		.around = m->around,
		.hour = &m->hour,
		.rss = rss(m),
		.http_waits = http_refused(m->http) };
	struct json j;
	const char *text;
	size_t len = 0;

	json_init(&j, JSON_MAX);
	page_json(&j, &p);
	text = json_get(&j, &len);
	reply_copy(r, "application/json", text, len);
	json_free(&j);
}

static void answer_health(struct metrics *m, struct http_request *r, const struct figures *f)
{
	char text[STATUS_REASON_MAX + 40];
	struct status s;

	status_judge(f, m->around, &s);
	snprintf(text, sizeof text, "%s%s%s", status_text(s.state), s.count > 0 ? ": " : "",
		s.count > 0 ? s.reason[is_healthy(&s) ? 0 : s.count - 1] : "");
	http_reply_text(r, is_healthy(&s) ? 200 : 503, text);
}

static void get_page(void *arg, struct http_request *r)
{
	struct evbuffer *body = evbuffer_new();
	char policy[PAGE_POLICY_MAX];

	(void)arg;
	if (body && page_write(body, policy) == 0)
		http_reply(r, 200, "text/html; charset=utf-8", policy, body);
	else
		http_reply_text(r, 503, "out of memory");
	if (body)
		evbuffer_free(body);
}

/* ------------------------------------------------------------------ figures */

/* A worker that was not heard is missing from the sums: that hour would have a hole, and then a peak. */
static void note_hour(struct metrics *m, const struct figures *f)
{
	if (f->heard == f->workers)
		hour_add(&m->hour, &f->sum.stats, loop_boottime_us(NULL));
}

static void on_figures(void *arg, const struct figures *f)
{
	struct metrics *m = arg;
	size_t count = m->count;

	m->asked = NULL;
	m->count = 0;
	note_hour(m, f);
	for (size_t i = 0; i < count; i++)
		m->waiting[i].answer(m, m->waiting[i].request, f);
}

/* False: not now. */
static bool ask(struct metrics *m)
{
	if (!m->asked)
		m->asked = gatherer_ask(m->gatherer, on_figures, m);
	return m->asked;
}

/* Whoever comes while figures are under way shares them. */
static void wait_for_figures(struct metrics *m, struct http_request *r,
	void (*answer)(struct metrics *m, struct http_request *r, const struct figures *f))
{
	if (m->count == METRICS_WAITING_MAX || !ask(m)) {
		http_reply_text(r, 503, "too many ask for figures; try again");
		return;
	}
	m->waiting[m->count++] = (struct waiting){ r, answer };
}

static void get_metrics(void *arg, struct http_request *r)
{
	wait_for_figures(arg, r, answer_metrics);
}

static void get_json(void *arg, struct http_request *r)
{
	wait_for_figures(arg, r, answer_json);
}

static void get_health(void *arg, struct http_request *r)
{
	wait_for_figures(arg, r, answer_health);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask(arg);
}

/* ------------------------------------------------------------------ life */

static const struct http_page pages[] = {
	{ "/", get_page },
	{ "/status.json", get_json },
	{ "/metrics", get_metrics },
	{ "/healthz", get_health },
	{ NULL, NULL },
};

static void announce(const struct metrics *m)
{
	char text[ADDR_TEXT_MAX];

	if (m->socket.at.path)
		log_info("metrics and status page on the Unix socket %s", m->socket.at.path);
	else
		log_info("metrics and status page on http://%s/", addr_text(&m->socket.addr, text));
}

/* The socket is there; 0 or -ENOMEM. */
static int serve(struct metrics *m, struct event_base *base)
{
	static const struct timeval step = { .tv_sec = HOUR_STEP_S };
	struct http_setup setup = { .base = base,
		.fd = m->socket.bound.fd,
		.addr = m->socket.at.path ? NULL : &m->socket.addr,
		.pages = pages,
		.arg = m };

	m->http = http_new(&setup);
	m->tick = event_new(base, -1, EV_PERSIST, on_tick, m);
	if (!m->http || !m->tick || event_add(m->tick, &step) < 0)
		return -ENOMEM;
	announce(m);
	return 0;
}

static struct metrics *make(const struct metrics_setup *setup)
{
	struct metrics *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->socket.bound.fd = -1;
	m->gatherer = setup->gatherer;
	m->around = setup->around;
	m->versions = setup->versions;
	m->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	m->started_s = now_s(CLOCK_REALTIME);
	m->where = strdup(setup->where);
	return m;
}

/* What is wanted is looked at by the loader of the configuration. */
static int start(struct metrics *m, const struct metrics_setup *setup, char *error, size_t size)
{
	struct endpoint at;
	int err = -ENOMEM;

	snprintf(error, size, "out of memory");
	if (!m->where || !endpoint_parse(m->where, METRICS_PORT, &at))
		return err;
	err = http_socket_open(&m->socket, &at, setup->group, error, size);
	if (err < 0)
		return err;
	err = serve(m, setup->base);
	if (err < 0)
		snprintf(error, size, "out of memory");
	return err;
}

int metrics_new(const struct metrics_setup *setup, struct metrics **ret, char *error, size_t size)
{
	struct metrics *m;
	int err = -ENOMEM;

	*ret = NULL;
	if (!*setup->where)
		return 0;
	m = make(setup);
	snprintf(error, size, "out of memory");
	if (m)
		err = start(m, setup, error, size);
	if (err == 0)
		*ret = m;
	else
		metrics_free(m);
	return err;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	if (m->asked)
		figures_cancel(m->asked);
	if (m->tick)
		event_free(m->tick);
	http_free(m->http);
	http_socket_close(&m->socket);
	if (m->statm >= 0)
		close(m->statm);
	free(m->where);
	free(m);
}
