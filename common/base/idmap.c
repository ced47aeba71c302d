#include "common/base/idmap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_SIZE 64u

/*
 * A draw hits a taken id with a chance of at most 6144/65536: this many hits in a row never happen,
 * unless the source of random numbers is broken.  Then an error is better than a hang.
 */
#define DRAWS_MAX 256u

void idmap_init(struct idmap *m)
{
	*m = (struct idmap){ 0 };
}

void idmap_deinit(struct idmap *m)
{
	free(m->slots);
	*m = (struct idmap){ 0 };
}

/* Ids are random, so they are their own hash. */
static size_t home(const struct idmap *m, uint16_t id)
{
	return id & (m->size - 1);
}

static size_t after(const struct idmap *m, size_t i)
{
	return (i + 1) & (m->size - 1);
}

/* The slot of the id, or the free one where it would go.  The load factor leaves one always. */
static size_t probe(const struct idmap *m, uint16_t id)
{
	size_t i = home(m, id);

	while (m->slots[i].used && m->slots[i].id != id)
		i = after(m, i);
	return i;
}

static int resize(struct idmap *m, size_t size)
{
	struct idmap bigger = *m;

	bigger.slots = calloc(size, sizeof *bigger.slots);
	if (!bigger.slots)
		return -ENOMEM;
	bigger.size = size;
	for (size_t i = 0; i < m->size; i++) {
		if (m->slots[i].used)
			bigger.slots[probe(&bigger, m->slots[i].id)] = m->slots[i];
	}
	free(m->slots);
	*m = bigger;
	return 0;
}

static int make_room(struct idmap *m)
{
	size_t count = m->live + m->abandoned;

	if (count >= IDMAP_MAX)
		return -ENOBUFS;
	if (m->size == 0)
		return resize(m, FIRST_SIZE);
	if ((count + 1) * 4 > m->size * 3)
		return resize(m, m->size * 2);
	return 0;
}

int idmap_take(
	struct idmap *m, void *owner, uint16_t (*random16)(void *arg), void *arg, uint16_t *ret_id)
{
	int error = make_room(m);

	assert(owner);
	if (error < 0)
		return error;
	for (unsigned draw = 0; draw < DRAWS_MAX; draw++) {
		uint16_t id = random16(arg);
		struct idmap_entry *e = &m->slots[probe(m, id)];

		if (e->used)
			continue;
		*e = (struct idmap_entry){ .owner = owner, .id = id, .used = true };
		m->live++;
		*ret_id = id;
		return 0;
	}
	return -ENOBUFS;
}

struct idmap_entry *idmap_find(const struct idmap *m, uint16_t id)
{
	struct idmap_entry *e;

	if (m->size == 0)
		return NULL;
	e = &m->slots[probe(m, id)];
	return e->used ? e : NULL;
}

/* Is i within the cyclic range (from, to]? */
static bool is_between(size_t from, size_t i, size_t to)
{
	return from <= to ? from < i && i <= to : from < i || i <= to;
}

/* Backward shift: whoever was pushed past the hole moves into it, so no tombstones are needed. */
static void close_hole(struct idmap *m, size_t hole)
{
	for (size_t i = after(m, hole); m->slots[i].used; i = after(m, i)) {
		if (is_between(hole, home(m, m->slots[i].id), i))
			continue;
		m->slots[hole] = m->slots[i];
		hole = i;
	}
	m->slots[hole] = (struct idmap_entry){ 0 };
}

void idmap_release(struct idmap *m, uint16_t id)
{
	struct idmap_entry *e = idmap_find(m, id);

	assert(e);
	if (e->owner)
		m->live--;
	else
		m->abandoned--;
	close_hole(m, (size_t)(e - m->slots));
}

void idmap_abandon(struct idmap *m, uint16_t id)
{
	struct idmap_entry *e = idmap_find(m, id);

	assert(e && e->owner);
	e->owner = NULL;
	m->live--;
	m->abandoned++;
}
