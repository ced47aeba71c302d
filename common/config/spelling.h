/*
 * The ways in which people write an upstream (design 5):
 *   tls://9.9.9.9#dns.quad9.net          9.9.9.9@853#dns.quad9.net
 *   tls://9.9.9.9:8853#dns.quad9.net     [2620:fe::fe]:853#dns.quad9.net
 *   tls://[2620:fe::fe]:853#dns.quad9.net    9.9.9.9#dns.quad9.net    9.9.9.9
 *   tls://dns.quad9.net    dns.quad9.net:853    dns.quad9.net@853#other.name
 * dtls:// where tls:// stands means DTLS (with TLS to the same beside it).
 *   udp://192.168.1.1    tcp://[fd00::1]:5353    in clear: an address, no name behind it; port 53
 * dns+tls:// is the same as tls://.  Port 853 where none is written.  A host name needs a dot or
 * a scheme before it, so that a misspelt preset is not taken for one.
 */
#ifndef COMMON_CONFIG_SPELLING_H
#define COMMON_CONFIG_SPELLING_H

#include <stddef.h>

#include "common/base/addr.h"

#define SPELLING_NAME_MAX 254u

enum spelling_scheme { SCHEME_TLS = 0, SCHEME_DTLS, SCHEME_UDP, SCHEME_TCP };

struct spelling {
	enum spelling_scheme scheme;
	struct addr addr;	      /* with port; no family: host is to be looked up */
	char host[SPELLING_NAME_MAX]; /* without final dot; "": addr is written */
	uint16_t port;
	char auth_name[SPELLING_NAME_MAX]; /* what stands behind #, else host; "": none */
};

enum spelling_verdict {
	SPELLING_OK = 0,
	SPELLING_EMPTY,
	SPELLING_WORD,	/* no address, no host name: perhaps a preset, or the name of an upstream */
	SPELLING_PLAIN, /* udp:// or tcp:// with a host name, or a # */
	SPELLING_HTTPS, /* https://, h3:// */
	SPELLING_QUIC,	/* quic:// */
	SPELLING_STAMP, /* sdns:// */
	SPELLING_SCHEME, /* any other */
	SPELLING_ADDRESS,
	SPELLING_INTERFACE, /* behind a % there is none of this machine */
	SPELLING_LINK,	    /* a link-local address without its interface */
	SPELLING_NOBODY,    /* an address that no server has: multicast, broadcast, unspecified */
	SPELLING_AUTH_NAME,
	SPELLING_PATH, /* something behind host and port that has no meaning: /dns-query, ?x */
};

enum spelling_verdict spelling_parse(const char *text, struct spelling *ret);

/*
 * The length of what stands before ":PORT" or "@PORT" at the end of len octets, and that port (1 to
 * 65535); with neither, len, and *ret_port stays as it was.
 */
size_t spelling_split_port(const char *text, size_t len, uint16_t *ret_port);

/*
 * What is to be said of an address to be asked at, or to listen on; SPELLING_OK: nothing.  Whoever may be
 * told an unspecified one looks at that first.
 */
enum spelling_verdict spelling_destination(const struct addr *addr);

/* One sentence for the verdict, naming what is allowed.  Static. */
const char *spelling_error(enum spelling_verdict v);

#endif
