/*
 * A small HTTP server for figures, on main's loop (design 9): GET and HEAD of a few pages, each reply
 * the end of its connection.  libevent's evhttp reads and writes; what it leaves open is bounded here:
 * clients at a time, and the whole time that each may take.
 *
 * On TCP only a Host that is this machine's own is answered, so that no page of the web can come as a
 * name of its own that leads here (DNS rebinding).  A Unix socket is not reached that way.
 */
#ifndef PROXY_OPS_HTTP_H
#define PROXY_OPS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"

struct evbuffer;
struct event_base;
struct http;
struct http_request;

#define HTTP_CLIENTS_MAX 32u
/* Octets of a request: line and header. */
#define HTTP_HEAD_MAX 8192
/* From its connection to its end. */
#define HTTP_TIME_S 10u

struct http_page {
	const char *path; /* "/metrics"; the last page has none */
	/* Ends in http_reply, now or later. */
	void (*get)(void *arg, struct http_request *r);
};

struct http_setup {
	struct event_base *base;
	int fd;			       /* listening, not blocking; borrowed */
	const struct addr *addr;       /* where that is; NULL: a Unix socket; copied */
	const struct http_page *pages; /* borrowed */
	void *arg;
};

/* NULL: out of memory. */
struct http *http_new(const struct http_setup *setup);
/*
 * Clients are cut off.  A request that waits for its http_reply is void then: it must not be replied to
 * any more.
 */
void http_free(struct http *h); /* NULL is fine */

/*
 * The body is moved out of `body`, which stays the caller's.  policy: the Content-Security-Policy of
 * a page; NULL: nothing may be loaded.  The request is gone after that.
 */
void http_reply(struct http_request *r, int code, const char *type, const char *policy,
	struct evbuffer *body);
/* One line of text. */
void http_reply_text(struct http_request *r, int code, const char *text);

/* Clients that had to wait because there were too many. */
uint64_t http_refused(const struct http *h);

/* Whether a Host header (NULL: none was sent) is that of a server at this address. */
bool http_host_fits(const char *host, const struct addr *addr);

#endif
