#include "tests/server/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/server/mem.h"

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->cap - b->end >= n && b->data)
		return b->data + b->end;
	if (b->start) {
		memmove(b->data, b->data + b->start, buf_len(b));
		b->end -= b->start;
		b->start = 0;
	}
	if (b->cap - b->end < n || !b->data) {
		b->cap = (b->end + n) * 2;
		b->data = mem_grow(b->data, b->cap);
	}
	return b->data + b->end;
}

void buf_append(struct buf *b, const void *data, size_t n)
{
	if (!n)
		return;
	memcpy(buf_reserve(b, n), data, n);
	buf_commit(b, n);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n <= 0)
		return;
	buf_reserve(b, (size_t)n + 1);
	va_start(args, format);
	vsnprintf((char *)b->data + b->end, (size_t)n + 1, format, args);
	va_end(args);
	buf_commit(b, (size_t)n);
}

void buf_consume(struct buf *b, size_t n)
{
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
