/* What "portal" does outside of dnsfwd: the network's gateway, and a probe over HTTP. */
#ifndef PROXY_CTL_PORTAL_H
#define PROXY_CTL_PORTAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/addr.h"

/* Bounds of one probe: time in all, octets read. */
#define PROBE_PATIENCE_MS 5000
#define PROBE_OCTETS_MAX  65536u
#define PROBE_HOST_MAX	  254u
#define PROBE_PATH_MAX	  400u

/* "http://host[:port][/path]"; nothing else. */
struct probe_url {
	char host[PROBE_HOST_MAX];
	unsigned port;
	char path[PROBE_PATH_MAX];
};

enum probe_result {
	PROBE_FAILED = 0, /* why says so */
	PROBE_OPEN,	  /* what was expected came: there is no portal */
	PROBE_REDIRECTED, /* to host */
	PROBE_CHANGED,	  /* something else came, which leads to no other host */
};

/* False: it is no such URL. */
bool probe_parse(const char *text, struct probe_url *ret);
/* The host of a Location or a refresh, which may be relative: then false. */
bool probe_host_of(const char *url, size_t len, char host[PROBE_HOST_MAX]);
/* What a whole or cut reply of len octets means. */
enum probe_result probe_judge(const char *reply, size_t len, char host[PROBE_HOST_MAX]);
/* Asks that address (with port) for the URL.  why: a text that lives for ever, where it failed. */
enum probe_result probe_fetch(const struct probe_url *url, const struct addr *to,
	char host[PROBE_HOST_MAX], const char **why);

/* The gateway of the default route, IPv4 before IPv6, from /proc/net; with port 53.  False: there is none. */
bool portal_gateway(struct addr *ret);

#endif
