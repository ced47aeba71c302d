/*
 * DNS cookies (RFC 7873, RFC 9018): what both hops have in common.  cookie_server.h makes and checks the
 * cookies of our clients; cookie_client.h is what we are towards an upstream.
 *
 *     client cookie (8)                                  a request that knows no server cookie yet
 *     client cookie (8) | server cookie (8 to 32)        any other, and every response
 */
#ifndef COMMON_DNS_COOKIE_H
#define COMMON_DNS_COOKIE_H

#include <stdbool.h>
#include <stddef.h>

#define COOKIE_CLIENT_LEN 8u
#define COOKIE_SERVER_MIN 8u
#define COOKIE_SERVER_MAX 32u
/* Octets of the option's data. */
#define COOKIE_FULL_MIN (COOKIE_CLIENT_LEN + COOKIE_SERVER_MIN)
#define COOKIE_FULL_MAX (COOKIE_CLIENT_LEN + COOKIE_SERVER_MAX)

/* RFC 7873 5.2.2: what is not one of these is malformed. */
static inline bool cookie_len_is_legal(size_t len)
{
	return len == COOKIE_CLIENT_LEN || (len >= COOKIE_FULL_MIN && len <= COOKIE_FULL_MAX);
}

#endif
