/*
 * What files say: local records, and names that are blocked.  Built by main, never changed afterwards, read
 * by all workers, freed by the last who lets go: a reload swaps a pointer (design 2).
 */
#ifndef PROXY_RESOLVE_LOCAL_DATA_H
#define PROXY_RESOLVE_LOCAL_DATA_H

#include <stdatomic.h>

#include "common/local/nameset.h"
#include "common/local/records.h"

struct local_names {
	atomic_uint references;
	struct records records;
};

struct local_blocks {
	atomic_uint references;
	struct nameset set; /* the number of a list is its place in the option `block` */
};

/* Empty, with one reference; NULL: no memory. */
struct local_names *local_names_new(const uint8_t key[SUFFIX_KEY]);
struct local_blocks *local_blocks_new(const uint8_t key[SUFFIX_KEY]);

/* NULL is fine for all. */
struct local_names *local_names_ref(struct local_names *n);
void local_names_unref(struct local_names *n);
struct local_blocks *local_blocks_ref(struct local_blocks *b);
void local_blocks_unref(struct local_blocks *b);

#endif
