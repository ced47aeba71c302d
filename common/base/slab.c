#include "common/base/slab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define KEEP_FREED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEP_FREED 0
#endif
#endif
#ifndef KEEP_FREED
#define KEEP_FREED 1
#endif

void slab_init(struct slab *s, size_t size, size_t max)
{
	if (size < sizeof(void *))
		size = sizeof(void *);
	*s = (struct slab){ .size = size, .max = max };
}

static void push(struct slab *s, void *object)
{
	memcpy(object, &s->free, sizeof s->free);
	s->free = object;
	s->kept++;
}

static void *pop(struct slab *s)
{
	void *object = s->free;

	if (object) {
		memcpy(&s->free, object, sizeof s->free);
		s->kept--;
	}
	return object;
}

void slab_deinit(struct slab *s)
{
	void *object;

	assert(s->used == 0);
	while ((object = pop(s)))
		free(object);
}

void *slab_get(struct slab *s)
{
	void *object = NULL;

	if (s->used < s->max) {
		object = pop(s);
		if (!object)
			object = malloc(s->size);
	}
	if (object)
		s->used++;
	else
		s->refused++;
	return object;
}

void slab_put(struct slab *s, void *object)
{
	if (!object)
		return;
	assert(s->used > 0);
	s->used--;
	if (KEEP_FREED)
		push(s, object);
	else
		free(object);
}
