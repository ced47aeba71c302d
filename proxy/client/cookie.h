/*
 * The COOKIE of a client (RFC 7873 5.2, RFC 9018): what it is worth, what the reply has, and whether a
 * client has to bring one.
 */
#ifndef PROXY_CLIENT_COOKIE_H
#define PROXY_CLIENT_COOKIE_H

#include <stdint.h>

#include "common/base/stats.h"
#include "common/dns/cookie_server.h"
#include "common/dns/edns.h"
#include "common/dns/rewrite.h"
#include "proxy/client/origin.h"

/*
 * Counts, and puts the cookie of the reply into the form.  Without secrets, or in an EDNS version that we
 * don't know, it is as if there were no option.  now_s: wall clock, modulo 2^32.
 */
enum cookie_standing client_cookie(const struct cookie_secrets *secrets, struct stats *stats,
	const struct origin *from, uint32_t now_s, struct edns *e, struct client_form *f);

/* What a query is answered with in place of an answer (require-cookies, threats A48). */
enum cookie_demand {
	DEMAND_NOTHING = 0,
	DEMAND_COOKIE, /* BADCOOKIE with the cookie to come with */
	DEMAND_STREAM, /* TC=1: it does no cookies, but over TCP its address is its own */
};
enum cookie_demand client_cookie_demand(const struct origin *from, enum cookie_standing standing);

#endif
