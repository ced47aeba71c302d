/*
 * Names in wire form, for the test resolver alone: it judges what the forwarder sends,
 * so it shares no name code with it.
 */
#ifndef TESTS_SERVER_DNSNAME_H
#define TESTS_SERVER_DNSNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNSNAME_MAX	 255u
#define DNSNAME_TEXT_MAX 1025u

/*
 * Walks over the name at `at`; pointers must lead strictly backwards and not into the header.
 * Returns the offset behind the name where it stands, 0 if it is malformed.
 */
size_t dnsname_skip(const uint8_t *msg, size_t len, size_t at, bool pointers);

/* FNV-1a, 32 bits, over the plain wire name in lower case, the root's octet included. */
uint32_t dnsname_hash(const uint8_t *name, size_t len);

/* Both plain; ASCII case is ignored. */
bool dnsname_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/* Without final dot ("." for the root); odd octets as \DDD. */
void dnsname_text(const uint8_t *name, char text[DNSNAME_TEXT_MAX]);

/* Simple text (no escapes) to wire form; returns its length, 0 if it is no name. */
size_t dnsname_parse(const char *text, uint8_t ret_name[DNSNAME_MAX]);

#endif
