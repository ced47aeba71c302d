/*
 * Objects of one size, kept for reuse and bounded in number: no malloc on the way of a query once
 * warm. Under AddressSanitizer every object is a malloc of its own, so that use after free is seen.
 */
#ifndef COMMON_BASE_SLAB_H
#define COMMON_BASE_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct slab {
	void *free;	  /* singly linked through the first word of each */
	size_t size;	  /* octets of an object */
	size_t max;	  /* objects out at a time */
	size_t used;	  /* out now */
	size_t kept;	  /* on the free list */
	uint64_t refused; /* bound hit or no memory */
};

void slab_init(struct slab *s, size_t size, size_t max);
/* Frees the kept ones; those that are out must be back. */
void slab_deinit(struct slab *s);

/* Another bound; what is out stays out. */
static inline void slab_set_max(struct slab *s, size_t max)
{
	s->max = max;
}

/* An object with undefined content, or NULL at the bound (or without memory). */
void *slab_get(struct slab *s);
void slab_put(struct slab *s, void *object); /* NULL is fine */

#endif
