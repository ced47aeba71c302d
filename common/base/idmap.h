/*
 * The message ids in use on one connection (RFC 7766 6.2.1): id -> query, random and unpredictable
 * (RFC 5452 9.2), never one that the server may still answer.
 *
 * An id whose query was given up is *abandoned*: it stays taken, so that a late answer is
 * recognised and the id is not given to another query too early.  Open addressing; grows with use
 * up to IDMAP_MAX entries, live and abandoned together.  Not thread-safe.
 */
#ifndef COMMON_BASE_IDMAP_H
#define COMMON_BASE_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDMAP_MAX 6144u

struct idmap_entry {
	void *owner; /* NULL: abandoned */
	uint16_t id;
	bool used;
};

struct idmap {
	struct idmap_entry *slots; /* power of two, NULL while empty */
	size_t size;
	size_t live, abandoned;
};

void idmap_init(struct idmap *m);
void idmap_deinit(struct idmap *m);

/*
 * Takes a free id for owner (not NULL).  random16 gives unpredictable numbers; taken ones are drawn
 * again.  -ENOBUFS at IDMAP_MAX entries, -ENOMEM.
 */
int idmap_take(
	struct idmap *m, void *owner, uint16_t (*random16)(void *arg), void *arg, uint16_t *ret_id);

/* The entry of an id, or NULL.  Valid until the next take or release. */
struct idmap_entry *idmap_find(const struct idmap *m, uint16_t id);

/* The id is free again. Must be in the map. */
void idmap_release(struct idmap *m, uint16_t id);

/* The id stays taken without an owner. Must be live. */
void idmap_abandon(struct idmap *m, uint16_t id);

#endif
