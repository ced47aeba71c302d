/*
 * The file of last good addresses: what the names of upstreams stood for when they were looked up
 * last.  A version line, then a line for each name: the name, when that was (seconds since 1970),
 * the addresses.
 *
 *     dnsfwd addresses 1
 *     dns.quad9.net 1760000000 2620:fe::fe 9.9.9.9 149.112.112.112
 *
 * The addresses are hints, as those of any lookup: whoever connects to them authenticates them.
 */
#ifndef COMMON_BASE_LAST_GOOD_H
#define COMMON_BASE_LAST_GOOD_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/addr.h"

#define LAST_GOOD_NAMES_MAX	64u
#define LAST_GOOD_ADDRESSES_MAX 16u
#define LAST_GOOD_NAME_SIZE	256u
/* Octets; nothing that last_good_format writes is longer. */
#define LAST_GOOD_TEXT_MAX 114688u

struct last_good {
	char name[LAST_GOOD_NAME_SIZE];
	uint64_t time_s;
	struct addr addrs[LAST_GOOD_ADDRESSES_MAX]; /* without port; at least one */
	size_t count;
};

/*
 * Reads a file of len octets; returns how many names it gave.  A damaged line is left out, and all
 * of a file of another version.  *ret_damaged is the number of the first such line; 0: none.
 */
size_t last_good_parse(const char *text, size_t len, struct last_good ret[LAST_GOOD_NAMES_MAX],
	unsigned *ret_damaged);

/* Entries without addresses are left out.  Returns the length, without the NUL at the end. */
size_t last_good_format(
	const struct last_good *entries, size_t count, char text[LAST_GOOD_TEXT_MAX]);

#endif
