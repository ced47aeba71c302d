/*
 * Two-octet length framing of DNS on streams (RFC 1035 4.2.2, RFC 7766 8).  This is the only place
 * that does arithmetic with the length prefix.
 */
#ifndef COMMON_DNS_FRAME_H
#define COMMON_DNS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_PREFIX 2u
#define FRAME_MAX    (FRAME_PREFIX + 65535u)

enum frame_state {
	FRAME_MESSAGE, /* a whole message stands at the front */
	FRAME_MORE,    /* not all of it is here yet */
	FRAME_BAD,     /* the prefix says 0 to 11: no message is that short; the stream is lost */
};

/*
 * Looks at the front of len received octets.  FRAME_MESSAGE: *ret_msg and *ret_len are the message,
 * and *ret_used octets are to be consumed.  FRAME_MORE: *ret_used is how many octets the whole
 * frame takes (FRAME_PREFIX while even the prefix is cut).
 */
enum frame_state frame_next(const uint8_t *data, size_t len, const uint8_t **ret_msg,
	size_t *ret_len, size_t *ret_used);

#endif
