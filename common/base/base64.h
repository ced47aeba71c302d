/*
 * Base64 (RFC 4648 4) in its one canonical form: padded, without blanks, the bits that stand for
 * nothing are zero.  So two texts stand for the same octets only where they are the same.
 */
#ifndef COMMON_BASE_BASE64_H
#define COMMON_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters for n octets, without NUL. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/*
 * len characters of text; at most `size` octets go to `out`.  False: not base64, or there is no
 * room for so much; `out` may be written to then, *ret_len is not.
 */
bool base64_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *ret_len);

/* Writes BASE64_LEN(len) characters and a NUL; returns text. */
const char *base64_encode(const uint8_t *data, size_t len, char *text);

#endif
