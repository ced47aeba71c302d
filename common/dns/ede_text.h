/* The text of an Extended DNS Error (RFC 8914 2) for a client: UTF-8, short, harmless in a log. */
#ifndef COMMON_DNS_EDE_TEXT_H
#define COMMON_DNS_EDE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Copies up to room octets; '?' stands for each octet that is a control character or not UTF-8.
 * Cut between characters only; NULs at the end are left out.  Returns the octets written.
 */
size_t ede_text_copy(uint8_t *dst, size_t room, const uint8_t *src, size_t len);

#endif
