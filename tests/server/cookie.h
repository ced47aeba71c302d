/*
 * DNS cookies as a server that does them (RFC 7873 5.2).  Its server cookies are of its own making: the number
 * of the secret, then a hash of it and the client cookie.
 */
#ifndef TESTS_SERVER_COOKIE_H
#define TESTS_SERVER_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/wire.h"

struct query;

enum cookie_mode {
	COOKIES_OFF = 0, /* the option is one that it does not know */
	COOKIES_ON,
	COOKIES_STRICT, /* without a valid server cookie there is BADCOOKIE */
};

struct cookie_policy {
	enum cookie_mode mode;
	uint32_t secret; /* "rotate" counts it up */
};

#define COOKIE_OPTION_LEN 28u /* with the option's header */

/* The answer has one: the query had. */
bool cookie_is_answered(const struct cookie_policy *p, const struct query *q);
/* It is COOKIES_STRICT and the query has no good one. */
bool cookie_is_refused(const struct cookie_policy *p, const struct query *q);
/* COOKIE_OPTION_LEN octets. */
void cookie_write(const struct cookie_policy *p, const struct query *q, struct wire_writer *w);

#endif
