/*
 * Block-length padding of queries (RFC 7830, RFC 8467 4.1): the padding option is the last one
 * applied, the length counts the DNS message without the stream's 2-octet prefix.
 */
#ifndef COMMON_DNS_PADDING_H
#define COMMON_DNS_PADDING_H

#include <stddef.h>

/*
 * Octets of option *data* that bring a message of `len` octets (everything but the padding option)
 * to a multiple of block once the option's 4-octet header is added, and never above max.  Where
 * even the header does not fit, -1: leave the option out.  block >= 1.
 */
long padding_len(size_t len, size_t block, size_t max);

#endif
