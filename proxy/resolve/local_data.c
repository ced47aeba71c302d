#include "proxy/resolve/local_data.h"

#include <stdlib.h>

static void ref(atomic_uint *references)
{
	atomic_fetch_add_explicit(references, 1, memory_order_relaxed);
}

/* True for the last one, who must see all that others did before they let go. */
static bool unref(atomic_uint *references)
{
	return atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel) == 1;
}

struct local_names *local_names_new(const uint8_t key[SUFFIX_KEY])
{
	struct local_names *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	atomic_init(&n->references, 1);
	records_init(&n->records, key);
	return n;
}

struct local_blocks *local_blocks_new(const uint8_t key[SUFFIX_KEY])
{
	struct local_blocks *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	atomic_init(&b->references, 1);
	nameset_init(&b->set, key);
	return b;
}

struct local_names *local_names_ref(struct local_names *n)
{
	if (n)
		ref(&n->references);
	return n;
}

void local_names_unref(struct local_names *n)
{
	if (!n || !unref(&n->references))
		return;
	records_deinit(&n->records);
	free(n);
}

struct local_blocks *local_blocks_ref(struct local_blocks *b)
{
	if (b)
		ref(&b->references);
	return b;
}

void local_blocks_unref(struct local_blocks *b)
{
	if (!b || !unref(&b->references))
		return;
	nameset_deinit(&b->set);
	free(b);
}
