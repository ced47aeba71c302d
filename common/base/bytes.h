/*
 * A growing queue of bytes: written behind, consumed in front.  Bounded by its user, who looks
 * at bytes_len before writing.
 */
#ifndef COMMON_BASE_BYTES_H
#define COMMON_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data; /* owned */
	size_t start, end, cap;
};

static inline size_t bytes_len(const struct bytes *b)
{
	return b->end - b->start;
}

static inline const uint8_t *bytes_front(const struct bytes *b)
{
	return b->data ? b->data + b->start : NULL;
}

/* Room for n more octets behind, or NULL without memory.  Invalidates earlier pointers. */
uint8_t *bytes_reserve(struct bytes *b, size_t n);

/* n octets were written into the reserved room. */
static inline void bytes_commit(struct bytes *b, size_t n)
{
	b->end += n;
}

/* 0 or -ENOMEM. */
int bytes_append(struct bytes *b, const void *data, size_t n);

/* Drops n octets in front; an emptied queue starts anew at the front of its memory. */
void bytes_consume(struct bytes *b, size_t n);

/* Gives the memory back; the queue is empty and usable. */
void bytes_free(struct bytes *b);

#endif
