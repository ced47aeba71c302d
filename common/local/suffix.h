/*
 * A name and the names above it, each with a hash: one pass over the name serves every table that is asked
 * about it.  The hash of a name is made of its first label and the hash of the rest, in a few multiplications
 * whose factors are the key.  That is no MAC: it keeps names that happen to be chosen from colliding.  Whoever
 * could choose names to be stored is the operator, and DHCP clients, who are few; whoever asks stores nothing.
 */
#ifndef COMMON_LOCAL_SUFFIX_H
#define COMMON_LOCAL_SUFFIX_H

#include <stddef.h>
#include <stdint.h>

#include "common/dns/name.h"

#define SUFFIX_KEY 16u

struct suffixes {
	const uint8_t *name; /* borrowed, folded */
	size_t len;
	unsigned count;			/* labels; the root is no suffix */
	uint8_t at[DNS_NAME_LABELS];	/* where the suffix begins; [0] is the whole name */
	uint64_t hash[DNS_NAME_LABELS]; /* of it */
};

/* name: plain, folded, of len octets. */
void suffixes_of(
	const uint8_t key[SUFFIX_KEY], const uint8_t *name, size_t len, struct suffixes *ret);

/* The hash of a name that has one label (its length octet first) in front of another name. */
uint64_t suffix_extend(const uint8_t key[SUFFIX_KEY], uint64_t rest, const uint8_t *label);

#endif
