#include "common/base/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256u

static void move_to_front(struct bytes *b)
{
	size_t len = bytes_len(b);

	memmove(b->data, b->data + b->start, len);
	b->start = 0;
	b->end = len;
}

/* Doubles until n more octets fit behind. */
static int grow(struct bytes *b, size_t n)
{
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	uint8_t *data;

	if (n > SIZE_MAX / 4 - b->end)
		return -ENOMEM;
	while (cap - b->end < n)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

uint8_t *bytes_reserve(struct bytes *b, size_t n)
{
	/* Only where it frees half of the memory: so an octet moves a bounded number of times. */
	if (b->cap - b->end < n && b->start > 0 && b->start >= b->cap / 2)
		move_to_front(b);
	if ((!b->data || b->cap - b->end < n) && grow(b, n) < 0)
		return NULL;
	return b->data + b->end;
}

int bytes_append(struct bytes *b, const void *data, size_t n)
{
	uint8_t *room = bytes_reserve(b, n);

	if (!room)
		return -ENOMEM;
	if (n > 0)
		memcpy(room, data, n);
	bytes_commit(b, n);
	return 0;
}

void bytes_consume(struct bytes *b, size_t n)
{
	assert(n <= bytes_len(b));
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}
