/* A growing queue of octets: written behind, consumed in front.  Zeroed memory is an empty one. */
#ifndef TESTS_SERVER_BUF_H
#define TESTS_SERVER_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* owned */
	size_t start, end, cap;
};

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

static inline uint8_t *buf_front(const struct buf *b)
{
	return b->data ? b->data + b->start : NULL;
}

/* Room for n octets behind; tell with buf_commit how many were written. */
uint8_t *buf_reserve(struct buf *b, size_t n);

static inline void buf_commit(struct buf *b, size_t n)
{
	b->end += n;
}

void buf_append(struct buf *b, const void *data, size_t n);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *b, size_t n);
void buf_clear(struct buf *b);
void buf_free(struct buf *b);

#endif
