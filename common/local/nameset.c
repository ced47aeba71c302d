#include "common/local/nameset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN   64u
#define LIST_MASK  0x0fu
#define ANY_EXCEPT (NAMESET_EXCEPT_NAME | NAMESET_EXCEPT_BELOW)
#define ANY_BELOW  (NAMESET_BELOW | NAMESET_EXCEPT_BELOW)

/* 0 means empty. */
static uint64_t stored(uint64_t hash)
{
	return hash ? hash : 1;
}

/* The upper half, scaled to any size, not only powers of two. */
static size_t home(const struct nameset *s, uint64_t hash)
{
	return (size_t)((hash >> 32) * s->size >> 32);
}

/* Where it stands, or where it would be put. */
static size_t find(const struct nameset *s, uint64_t hash)
{
	size_t i = home(s, hash);

	while (s->hash[i] && s->hash[i] != hash)
		i = i + 1 < s->size ? i + 1 : 0;
	return i;
}

static int resize(struct nameset *s, size_t size)
{
	struct nameset bigger = *s;

	bigger.hash = calloc(size, sizeof *bigger.hash);
	bigger.what = malloc(size);
	if (!bigger.hash || !bigger.what) {
		free(bigger.hash);
		free(bigger.what);
		return -ENOMEM;
	}
	bigger.size = size;
	for (size_t i = 0; i < s->size; i++) {
		size_t to;

		if (!s->hash[i])
			continue;
		to = find(&bigger, s->hash[i]);
		bigger.hash[to] = s->hash[i];
		bigger.what[to] = s->what[i];
	}
	free(s->hash);
	free(s->what);
	*s = bigger;
	return 0;
}

void nameset_init(struct nameset *s, const uint8_t key[SUFFIX_KEY])
{
	*s = (struct nameset){ .shallow = DNS_NAME_LABELS + 1 };
	memcpy(s->key, key, SUFFIX_KEY);
}

void nameset_deinit(struct nameset *s)
{
	free(s->filter);
	free(s->hash);
	free(s->what);
	*s = (struct nameset){ 0 };
}

/* At most three quarters are taken: the search for what is not there stays short. */
static int make_room(struct nameset *s)
{
	if (s->count >= NAMESET_MAX)
		return -ENOSPC;
	if ((s->count + 1) * 4 <= s->size * 3)
		return 0;
	return resize(s, s->size ? 2 * s->size : SIZE_MIN);
}

static void note_depth(struct nameset *s, unsigned labels)
{
	if (labels < s->shallow)
		s->shallow = labels;
	if (labels > s->deep)
		s->deep = labels;
}

/* Three bits of the word that the lower half of the hash leads to. */
static uint64_t filter_bits(uint64_t hash)
{
	return UINT64_C(1) << (hash >> 58) | UINT64_C(1) << (hash >> 52 & 63) |
	       UINT64_C(1) << (hash >> 46 & 63);
}

static uint64_t *filter_word(const struct nameset *s, uint64_t hash)
{
	return &s->filter[hash & (s->filter_words - 1)];
}

int nameset_add(
	struct nameset *s, const uint8_t *name, size_t len, enum nameset_scope scope, unsigned list)
{
	struct suffixes x;
	uint64_t hash;
	size_t i;
	int err;

	suffixes_of(s->key, name, len, &x);
	hash = stored(x.count ? x.hash[0] : 0);
	err = make_room(s);
	if (err < 0)
		return err;
	i = find(s, hash);
	if (!s->hash[i]) {
		s->hash[i] = hash;
		s->what[i] = 0;
		s->count++;
	}
	if (!(s->what[i] & NAMESET_ALL))
		s->what[i] = (uint8_t)((s->what[i] & ~LIST_MASK) | (list & LIST_MASK));
	s->what[i] |= (uint8_t)scope;
	if (s->filter)
		*filter_word(s, hash) |= filter_bits(hash);
	if (scope & ANY_BELOW)
		note_depth(s, x.count);
	return 0;
}

static void make_filter(struct nameset *s)
{
	size_t words = 1;

	while (words * 8 < s->count)
		words *= 2;
	free(s->filter);
	s->filter_words = words;
	s->filter = calloc(words, sizeof *s->filter);
	for (size_t i = 0; s->filter && i < s->size; i++)
		if (s->hash[i])
			*filter_word(s, s->hash[i]) |= filter_bits(s->hash[i]);
}

static bool may_have(const struct nameset *s, uint64_t hash)
{
	uint64_t bits = filter_bits(hash);

	return !s->filter || (*filter_word(s, hash) & bits) == bits;
}

void nameset_fit(struct nameset *s)
{
	size_t wanted = s->count + s->count / 3 + SIZE_MIN;

	if (wanted < s->size - s->size / 8)
		resize(s, wanted);
	make_filter(s);
}

/* The entry of suffix i in the scopes that speak of the whole name: itself, or of what is below. */
static unsigned look_up(const struct nameset *s, const struct suffixes *x, unsigned i)
{
	uint64_t hash = stored(x->hash[i]);
	size_t at;
	unsigned scopes = i == 0 ? NAMESET_NAME | NAMESET_EXCEPT_NAME : ANY_BELOW;

	if (!may_have(s, hash))
		return 0;
	at = find(s, hash);
	if (!s->hash[at] || !(s->what[at] & scopes))
		return 0;
	return s->what[at] & (scopes | LIST_MASK);
}

bool nameset_match(const struct nameset *s, const struct suffixes *x, unsigned *ret_list)
{
	unsigned first = x->count > s->deep ? x->count - s->deep : 1, list = 0;
	bool found = false;

	if (s->count == 0 || x->count == 0)
		return false;
	for (unsigned i = 0; i < x->count && (i == 0 || x->count - i >= s->shallow);
		i = i == 0 ? first : i + 1) {
		unsigned what = look_up(s, x, i);

		if (what & ANY_EXCEPT)
			return false;
		if (what && !found) {
			found = true;
			list = what & LIST_MASK;
		}
	}
	if (found && ret_list)
		*ret_list = list;
	return found;
}

bool nameset_has(const struct nameset *s, const struct suffixes *x, unsigned i)
{
	return s->count > 0 && s->hash[find(s, stored(x->hash[i]))];
}

size_t nameset_memory(const struct nameset *s)
{
	return s->size * (sizeof *s->hash + sizeof *s->what) +
	       (s->filter ? s->filter_words * sizeof *s->filter : 0);
}
