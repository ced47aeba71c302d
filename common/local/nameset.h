/*
 * A set of names for block lists and exceptions: a million of them in some 13 MB, asked in one go about a
 * name and all names above it.  Only 64-bit hashes are kept (suffix.h): that a name is taken for another one
 * has a chance of 2^-64 for each name in the set.
 */
#ifndef COMMON_LOCAL_NAMESET_H
#define COMMON_LOCAL_NAMESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/local/suffix.h"

#define NAMESET_LISTS 16u
/* Bound of one set: 16 times what the largest public lists have. */
#define NAMESET_MAX (1u << 24)

/* What an entry is about; with the number of its list in the lower four bits. */
enum nameset_scope {
	NAMESET_NAME = 0x10,	    /* the name itself */
	NAMESET_BELOW = 0x20,	    /* all names below it */
	NAMESET_EXCEPT_NAME = 0x40, /* the same as exceptions, which win whatever else applies */
	NAMESET_EXCEPT_BELOW = 0x80,
	NAMESET_ALL = NAMESET_NAME | NAMESET_BELOW,
	NAMESET_EXCEPT_ALL = NAMESET_EXCEPT_NAME | NAMESET_EXCEPT_BELOW,
};

struct nameset {
	uint8_t key[SUFFIX_KEY];
	uint64_t *hash; /* owned; open addressing, 0: empty */
	uint8_t *what;	/* owned; scope and list */
	size_t size, count;
	/*
	 * Owned; NULL before nameset_fit.  An octet for each entry: three bits of one word say that it may
	 * be there, so that for most of what is not there only this, and not the large table, is looked at.
	 */
	uint64_t *filter;
	size_t filter_words;	/* a power of two */
	unsigned shallow, deep; /* fewest and most labels of an entry about names below */
};

void nameset_init(struct nameset *s, const uint8_t key[SUFFIX_KEY]);
void nameset_deinit(struct nameset *s);

/*
 * Adds a name (plain, folded); of one that is in already the scopes add up and the list stays that of the
 * first.  0, -ENOMEM, -ENOSPC (bound).
 */
int nameset_add(struct nameset *s, const uint8_t *name, size_t len, enum nameset_scope scope,
	unsigned list);

/*
 * After the last name: gives back what growing took too much, and makes the filter.  The set goes on as it was
 * where there is no memory.
 */
void nameset_fit(struct nameset *s);

/* Whether the name is in the set, by itself or by a name above it, and not excepted.  Of the key of the set. */
bool nameset_match(const struct nameset *s, const struct suffixes *name, unsigned *ret_list);

/* Whether this very name (suffix i) has an entry. */
bool nameset_has(const struct nameset *s, const struct suffixes *name, unsigned i);

/* Octets that it takes. */
size_t nameset_memory(const struct nameset *s);

#endif
