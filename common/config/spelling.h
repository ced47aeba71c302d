/*
 * The ways in which people write an upstream (design 5):
 *   tls://9.9.9.9#dns.quad9.net          9.9.9.9@853#dns.quad9.net
 *   tls://9.9.9.9:8853#dns.quad9.net     [2620:fe::fe]:853#dns.quad9.net
 *   tls://[2620:fe::fe]:853#dns.quad9.net    9.9.9.9#dns.quad9.net    9.9.9.9
 * dns+tls:// is the same as tls://.  Port 853 where none is written.
 */
#ifndef COMMON_CONFIG_SPELLING_H
#define COMMON_CONFIG_SPELLING_H

#include <stddef.h>

#include "common/base/addr.h"

#define SPELLING_NAME_MAX 254u

struct spelling {
	struct addr addr;
	char auth_name[SPELLING_NAME_MAX]; /* "": none written */
};

enum spelling_verdict {
	SPELLING_OK = 0,
	SPELLING_EMPTY,
	SPELLING_SCHEME,    /* udp://, https://, ...: known or not, not spoken */
	SPELLING_NAME_ONLY, /* a host name where an address must stand */
	SPELLING_ADDRESS,
	SPELLING_AUTH_NAME,
	SPELLING_PATH, /* something behind host and port that has no meaning: /dns-query, ?x */
};

enum spelling_verdict spelling_parse(const char *text, struct spelling *ret);

/* One sentence for the verdict, naming what is allowed.  Static. */
const char *spelling_error(enum spelling_verdict v);

#endif
