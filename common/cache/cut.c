#include "common/cache/cut.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/siphash.h"
#include "common/cache/internal.h"
#include "common/dns/edns.h"

/* Octets of the cache for one hint: two blocks, so that most of what is denied finds room. */
#define OCTETS_A_HINT 256u
#define LABELS_MAX    127u

/* ------------------------------------------------------------------ the table */

static size_t hints_for(size_t cache_size)
{
	size_t count = 1;

	while (count * 2 <= cache_size / OCTETS_A_HINT && count < (size_t)1 << 30)
		count *= 2;
	return count;
}

size_t cut_table_octets(size_t cache_size)
{
	return hints_for(cache_size) * sizeof(atomic_uint);
}

int cut_table_init(struct cut_table *t, size_t cache_size)
{
	t->hints = calloc(hints_for(cache_size), sizeof(atomic_uint));
	t->mask = (uint32_t)(hints_for(cache_size) - 1);
	return t->hints ? 0 : -ENOMEM;
}

void cut_table_deinit(struct cut_table *t)
{
	free(t->hints);
}

static atomic_uint *slot_of(struct cut_table *t, uint64_t hash)
{
	return &t->hints[hash & t->mask];
}

/* The mask leaves the upper bits. */
static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 48) << 16;
}

static bool is_of_tag(uint32_t hint, uint64_t hash)
{
	return hint >> 16 == tag_of(hash) >> 16;
}

/* ------------------------------------------------------------------ names */

/* A name and those above it, without the root: where they begin, and their hashes. */
struct names {
	unsigned count;
	uint8_t at[LABELS_MAX];
	uint64_t hash[LABELS_MAX];
};

/*
 * Of all that a name and its cut have in common but the name.  The octets hashed are the same on every machine:
 * which names share a slot, too.
 */
static uint64_t hash_root(const struct cache *c, const struct cache_key *k)
{
	uint64_t words[2] = { htole64(k->policy), htole64((uint64_t)k->flags << 16 | k->class) };

	return siphash(c->settings.secret, words, sizeof words);
}

static uint64_t hash_label(const struct cache *c, uint64_t above, const uint8_t *label)
{
	uint8_t b[sizeof above + 1 + DNS_LABEL_MAX];

	above = htole64(above);
	memcpy(b, &above, sizeof above);
	memcpy(b + sizeof above, label, 1u + *label);
	return siphash(c->settings.secret, b, sizeof above + 1u + *label);
}

/* Each hash is made of the one above, so that long names cost no more than their octets. */
static void read_names(const struct cache *c, const struct cache_key *k, struct names *ret)
{
	uint64_t hash = hash_root(c, k);
	unsigned pos = 0;

	for (ret->count = 0; k->name[pos]; pos += k->name[pos] + 1u)
		ret->at[ret->count++] = (uint8_t)pos;
	for (unsigned i = ret->count; i-- > 0;)
		ret->hash[i] = hash = hash_label(c, hash, k->name + ret->at[i]);
}

/* ------------------------------------------------------------------ what is stored */

static bool soa_stands_above(const struct dns_message *m, const struct cache_key *k)
{
	struct record_walk walk = record_walk(m);
	struct dns_record rec;

	while (record_next(&walk, &rec)) {
		struct wire_reader r = { .data = m->data, .len = m->len, .pos = rec.start };
		unsigned budget = DNS_POINTER_BUDGET;
		uint8_t owner[DNS_NAME_MAX];
		size_t len;

		if (rec.section != DNS_AUTHORITY || rec.type != DNS_TYPE_SOA)
			continue;
		len = name_read(&r, &budget, owner);
		if (len >= k->name_len || !name_is_under(k->name, k->name_len, owner, len))
			return false;
	}
	return true;
}

static bool has_ede(const struct dns_message *m)
{
	struct edns_option o;
	size_t pos = 0;

	while (edns_next_option(m, &pos, &o))
		if (o.code == EDNS_EDE)
			return true;
	return false;
}

bool cut_is_safe(const struct cache_answer *a, const struct cache_key *k)
{
	const struct dns_message *m = a->message;

	return message_rcode(m) == RCODE_NXDOMAIN && (m->flags & DNS_AD) && a->trusted &&
	       k->class == DNS_CLASS_IN && k->name_len > 1 && m->count[DNS_ANSWER] == 0 &&
	       m->section[DNS_ADDITIONAL] - m->question_end <= CUT_RECORDS_MAX && !has_ede(m) &&
	       soa_stands_above(m, k);
}

void cut_note(struct cache *c, const struct cache_key *k, bool denies)
{
	struct names names;
	atomic_uint *slot;

	if (k->name_len <= 1 || (!denies && atomic_load(&c->cuts.entries) == 0))
		return;
	read_names(c, k, &names);
	slot = slot_of(&c->cuts, names.hash[0]);
	if (denies)
		atomic_store(slot, tag_of(names.hash[0]) | k->type);
	else if (is_of_tag(atomic_load(slot), names.hash[0]))
		atomic_store(slot, 0);
}

/* ------------------------------------------------------------------ what is asked */

static bool may_be_denied(const struct cache_key *k)
{
	return k->class == DNS_CLASS_IN && k->type != DNS_TYPE_OPT &&
	       (k->type < DNS_TYPE_TKEY || k->type >= DNS_TYPE_ANY);
}

static void make_key(const struct cache *c, const struct cache_key *k, unsigned at, unsigned type,
	struct cache_key *ret)
{
	struct dns_question q = { .name = k->name + at,
		.name_len = (uint8_t)(k->name_len - at),
		.type = (uint16_t)type,
		.class = k->class };

	cache_key_make(ret, c->settings.secret, &q, k->flags, k->policy);
}

/* The entry of this key, if it denies what is below it: locked, as by cache_find. */
static bool find_denial(struct cache *c, const struct cache_key *k, bool wants_ad, uint32_t now,
	struct cache_hit *ret)
{
	struct cache_shard *s = cache_lock(c, k->hash, now);
	struct cache_entry *e = shard_find(s, k);
	int32_t left = e ? time_until(e->expires, now) : 0;

	if (left <= 0 || !(e->bits & ENTRY_DENIES) || (wants_ad && !(e->bits & ENTRY_AD_ASKED))) {
		cache_unlock(s);
		return false;
	}
	entry_note_wanted(e);
	*ret = (struct cache_hit){ .shard = s,
		.entry = e,
		.ttl_s = (uint32_t)left,
		.ad_asked = e->bits & ENTRY_AD_ASKED,
		.cut = true };
	return true;
}

bool cache_find_cut(struct cache *c, const struct cache_key *k, bool wants_ad, uint32_t now,
	struct cache_hit *ret, uint64_t *probes)
{
	struct names names;
	struct cache_key above;
	unsigned hint;

	if (atomic_load_explicit(&c->cuts.entries, memory_order_relaxed) == 0 || !may_be_denied(k))
		return false;
	read_names(c, k, &names);
	for (unsigned i = 1; i < names.count; i++) {
		hint = atomic_load_explicit(slot_of(&c->cuts, names.hash[i]), memory_order_relaxed);
		++*probes;
		if (!hint || !is_of_tag(hint, names.hash[i]))
			continue;
		make_key(c, k, names.at[i], hint & 0xffffu, &above);
		if (find_denial(c, &above, wants_ad, now, ret))
			return true;
	}
	return false;
}
