/* Octets in hexadecimal text. */
#ifndef TESTS_SERVER_HEX_H
#define TESTS_SERVER_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads to the end of text; false: odd, not hexadecimal, or longer than size. */
bool hex_parse(const char *text, uint8_t *ret, size_t size, size_t *ret_len);

#endif
