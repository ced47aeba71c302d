#include "tests/server/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		fprintf(stderr, "out of memory\n");
		abort();
	}
	return p;
}

void *mem_new(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *mem_grow(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

void *mem_copy(const void *data, size_t len)
{
	void *p = mem_new(len);

	if (len)
		memcpy(p, data, len);
	return p;
}

char *mem_text(const char *text)
{
	return checked(strdup(text));
}
