#include "proxy/ops/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/list.h"

/* Between two octets of a client. */
#define PAUSE_S 5
/* How often it is looked at who has gone, while anybody is there. */
#define SWEEP_US 250000

/*
 * evhttp tells neither when a connection ends nor how many there are.  So each has a bufferevent of ours,
 * of which we hold a reference: once evhttp has let go of it, its callbacks are gone.
 */
struct http_client {
	struct bufferevent *stream; /* NULL: free */
	time_t until;		    /* on CLOCK_MONOTONIC */
};

struct http {
	struct evhttp *server;
	struct evconnlistener *listener; /* the server's */
	struct event *sweep;
	bool is_local; /* a Unix socket */
	struct addr addr;
	const struct http_page *pages;
	void *arg;
	struct http_client clients[HTTP_CLIENTS_MAX];
	size_t count;
	uint64_t refused;
	struct list waiting; /* requests without a reply yet */
};

struct http_request {
	struct list node;
	struct evhttp_request *request;
};

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* ------------------------------------------------------------------ clients */

static bool has_gone(const struct http_client *c)
{
	bufferevent_event_cb told = NULL;

	bufferevent_getcb(c->stream, NULL, NULL, &told, NULL);
	return !told;
}

static void forget(struct http *h, struct http_client *c)
{
	bufferevent_decref(c->stream);
	c->stream = NULL;
	h->count--;
}

/* Whoever takes too long sees the end of its stream, and so does evhttp. */
static void look_after(struct http *h, struct http_client *c, time_t now)
{
	if (has_gone(c))
		forget(h, c);
	else if (now >= c->until)
		shutdown(bufferevent_getfd(c->stream), SHUT_RDWR);
}

static void arm(struct http *h)
{
	static const struct timeval soon = { .tv_usec = SWEEP_US };

	if (h->count > 0 && !evtimer_pending(h->sweep, NULL))
		evtimer_add(h->sweep, &soon);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct http *h = arg;
	time_t now = now_s();

	(void)fd;
	(void)what;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (h->clients[i].stream)
			look_after(h, &h->clients[i], now);
	if (h->count < HTTP_CLIENTS_MAX)
		evconnlistener_enable(h->listener);
	arm(h);
}

static struct http_client *find_room(struct http *h)
{
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (!h->clients[i].stream)
			return &h->clients[i];
	return NULL;
}

/* A client comes: evhttp wants a stream for it.  The last that there is room for stops the listener. */
static struct bufferevent *on_client(struct event_base *base, void *arg)
{
	struct http *h = arg;
	struct http_client *c = find_room(h);
	struct bufferevent *stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (!stream || !c)
		return stream;
	bufferevent_setwatermark(stream, EV_READ, 0, 2 * HTTP_HEAD_MAX);
	bufferevent_incref(stream);
	*c = (struct http_client){ stream, now_s() + (time_t)HTTP_TIME_S };
	if (++h->count == HTTP_CLIENTS_MAX) {
		h->refused++;
		evconnlistener_disable(h->listener);
	}
	arm(h);
	return stream;
}

/* ------------------------------------------------------------------ requests */

/* They hold whether it is a page or an error. */
static void add_headers(struct evhttp_request *q, const char *type, const char *policy)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(q);

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Content-Security-Policy",
		policy ? policy : "default-src 'none'; frame-ancestors 'none'");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(headers, "X-Frame-Options", "DENY");
	evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
	evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
	evhttp_add_header(headers, "Cross-Origin-Opener-Policy", "same-origin");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "Connection", "close");
}

static const char *reason_of(int code)
{
	switch (code) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 421:
		return "Misdirected Request";
	case 503:
		return "Service Unavailable";
	default:
		return "Error";
	}
}

static void send_reply(struct evhttp_request *q, int code, const char *type, const char *policy,
	struct evbuffer *body)
{
	add_headers(q, type, policy);
	evhttp_send_reply(q, code, reason_of(code), body);
}

static void send_text(struct evhttp_request *q, int code, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	if (body)
		evbuffer_add_printf(body, "%s\n", text);
	send_reply(q, code, "text/plain; charset=utf-8", NULL, body);
	if (body)
		evbuffer_free(body);
}

void http_reply(struct http_request *r, int code, const char *type, const char *policy,
	struct evbuffer *body)
{
	send_reply(r->request, code, type, policy, body);
	list_remove(&r->node);
	free(r);
}

void http_reply_text(struct http_request *r, int code, const char *text)
{
	send_text(r->request, code, text);
	list_remove(&r->node);
	free(r);
}

/* What a proxy would be asked for names a host in the request itself. */
static bool is_for_us(const struct http *h, struct evhttp_request *q)
{
	const char *in_line = evhttp_uri_get_host(evhttp_request_get_evhttp_uri(q));

	if (h->is_local)
		return true;
	return !in_line &&
	       http_host_fits(
		       evhttp_find_header(evhttp_request_get_input_headers(q), "Host"), &h->addr);
}

static const struct http_page *find_page(const struct http *h, const char *path)
{
	for (const struct http_page *p = h->pages; p->path; p++)
		if (path && strcmp(p->path, path) == 0)
			return p;
	return NULL;
}

static void get(struct http *h, const struct http_page *page, struct evhttp_request *q)
{
	struct http_request *r = calloc(1, sizeof *r);

	if (!r) {
		send_text(q, 503, "out of memory");
		return;
	}
	r->request = q;
	list_append(&h->waiting, &r->node);
	page->get(h->arg, r);
}

static void on_request(struct evhttp_request *q, void *arg)
{
	struct http *h = arg;
	const struct http_page *page =
		find_page(h, evhttp_uri_get_path(evhttp_request_get_evhttp_uri(q)));

	if (!is_for_us(h, q))
		send_text(q, 421, "this is no host of that name; ask for localhost");
	else if (!page)
		send_text(q, 404,
			"there is no such page; there are /, /metrics, /healthz, /status.json");
	else
		get(h, page, q);
}

/* ------------------------------------------------------------------ life */

/* 0 or -ENOMEM. */
static int listen_on(struct http *h, struct event_base *base, int fd)
{
	h->listener = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!h->listener)
		return -ENOMEM;
	if (evhttp_bind_listener(h->server, h->listener))
		return 0;
	evconnlistener_free(h->listener);
	return -ENOMEM;
}

static void configure(struct http *h)
{
	evhttp_set_bevcb(h->server, on_client, h);
	evhttp_set_gencb(h->server, on_request, h);
	evhttp_set_allowed_methods(h->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(h->server, HTTP_HEAD_MAX);
	evhttp_set_max_body_size(h->server, 0);
	evhttp_set_timeout(h->server, PAUSE_S);
}

struct http *http_new(const struct http_setup *setup)
{
	struct http *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	list_init(&h->waiting);
	h->is_local = !setup->addr;
	if (setup->addr)
		h->addr = *setup->addr;
	h->pages = setup->pages;
	h->arg = setup->arg;
	h->server = evhttp_new(setup->base);
	h->sweep = evtimer_new(setup->base, on_sweep, h);
	if (h->server && h->sweep && listen_on(h, setup->base, setup->fd) == 0) {
		configure(h);
		return h;
	}
	http_free(h);
	return NULL;
}

/* evhttp frees those of clients that are there, and has forgotten the others. */
static void drop_waiting(struct http *h)
{
	struct list *n;

	while ((n = list_take(&h->waiting))) {
		struct http_request *r = container_of(n, struct http_request, node);

		if (!evhttp_request_get_connection(r->request))
			evhttp_request_free(r->request);
		free(r);
	}
}

void http_free(struct http *h)
{
	if (!h)
		return;
	drop_waiting(h);
	if (h->server)
		evhttp_free(h->server);
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (h->clients[i].stream)
			forget(h, &h->clients[i]);
	if (h->sweep)
		event_free(h->sweep);
	free(h);
}

uint64_t http_refused(const struct http *h)
{
	return h->refused;
}
