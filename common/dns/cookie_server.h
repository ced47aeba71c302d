/*
 * The server cookies that we give to clients, in the interoperable format (RFC 9018 4):
 *
 *     Version 01 | Reserved (3) | Timestamp (4, big-endian) | Hash (8)
 *     Hash = SipHash-2-4(client cookie | Version | Reserved | Timestamp | client's address, secret)
 *
 * The hash is stored little-endian, the address is 4 or 16 octets (IPv4-mapped IPv6 is IPv4).  Clock and
 * secrets come in; nothing is kept for a client.
 */
#ifndef COMMON_DNS_COOKIE_SERVER_H
#define COMMON_DNS_COOKIE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"
#include "common/dns/cookie.h"

#define COOKIE_SECRET_LEN 16u
/* Those of a roll-over: one that makes cookies, one that is still (or already) accepted. */
#define COOKIE_SECRETS_MAX 2u
/* The whole option: client cookie and version-1 server cookie. */
#define COOKIE_V1_LEN 24u

/* Seconds (RFC 9018 4.3): older is refused, as is what comes from so far in the future. */
#define COOKIE_AGE_MAX_S   3600
#define COOKIE_AHEAD_MAX_S 300
/* Older than this, a valid one is answered with a new one. */
#define COOKIE_RENEW_S 1800

/*
 * A secret of our own makes cookies for a day, less up to 40 % by chance (RFC 7873 7.1.2), and is accepted
 * for as long after as a cookie lives, timers being what they are.
 */
#define COOKIE_SECRET_LIFE_S   86400u
#define COOKIE_SECRET_JITTER_S (COOKIE_SECRET_LIFE_S / 5 * 2)
#define COOKIE_SECRET_KEPT_S   (COOKIE_AGE_MAX_S + COOKIE_AHEAD_MAX_S)

struct cookie_secrets {
	unsigned count;					       /* 1 or 2; 0: none, no cookies */
	uint8_t secret[COOKIE_SECRETS_MAX][COOKIE_SECRET_LEN]; /* the first makes cookies */
};

enum cookie_standing {
	COOKIE_NONE = 0, /* no COOKIE option */
	COOKIE_FRESH,	 /* a client cookie alone */
	COOKIE_INVALID,	 /* forged, too old, of another address, secret or format */
	COOKIE_VALID,	 /* and to be sent back as it is */
	COOKIE_RENEWED,	 /* valid, but aging or made with the other secret */
};

/* now_s: seconds since 1970, modulo 2^32 (serial arithmetic, RFC 1982). */
void cookie_make(const struct cookie_secrets *s, const uint8_t client[COOKIE_CLIENT_LEN],
	const struct addr *peer, uint32_t now_s, uint8_t ret[COOKIE_V1_LEN]);

/*
 * What the option of a request is worth, and what goes into the reply: the same again where it is
 * COOKIE_VALID, else a new one.  len is legal (cookie_len_is_legal); s holds at least one secret.
 */
enum cookie_standing cookie_check(const struct cookie_secrets *s, const uint8_t *option, size_t len,
	const struct addr *peer, uint32_t now_s, uint8_t ret[COOKIE_V1_LEN]);

/*
 * Rotation of secrets that nobody else shares.  Each step either puts `fresh` in front, with the old one
 * accepted beside it, or, when no cookie of the old one can be valid any more, forgets it.  Returns the
 * seconds until the next step; random: any number, so that not all routers of the world rotate at once.
 */
uint32_t cookie_secrets_step(
	struct cookie_secrets *s, const uint8_t fresh[COOKIE_SECRET_LEN], uint32_t random);

/*
 * Reads the text of a file: a line of 32 hexadecimal digits for each secret, the one that makes cookies
 * first, and one more that is accepted if there is a second line.  Empty lines and what follows a # are
 * skipped.  NULL, or why not; *ret_line is then the line, 0: the file as a whole.  *ret holds secrets in
 * either case: wipe it.
 */
const char *cookie_secrets_parse(
	const char *text, size_t len, struct cookie_secrets *ret, unsigned *ret_line);

#endif
