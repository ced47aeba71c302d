/* From an upstream's answer to an entry. */
#include <stdlib.h>
#include <string.h>

#include "common/cache/clear_names.h"
#include "common/cache/internal.h"
#include "common/cache/lifetime.h"
#include "common/dns/edns.h"
#include "common/dns/relocate.h"
#include "common/dns/reply.h"

#define EDES_MAX   4u
#define EDE_OCTETS 255u
/* SERVFAILs further apart than this are not "in a row". */
#define FAILURE_MEMORY_S 60

/* An answer on its way into an entry: its parts, each in one piece. */
struct parts {
	const uint8_t *records;
	size_t core, all, start; /* start: where records stand in the (moved) message */
	uint8_t *moved;		 /* owned; NULL: the records are those of the message */
	unsigned ttls;
	uint8_t ede[EDE_OCTETS];
	size_t ede_len;
	bool denies; /* what is below it, too */
};

/* The reasons that came along, in the form in which a client gets them (RFC 8914 3). */
static void collect_edes(struct parts *p, const struct dns_message *m)
{
	struct wire_writer w = wire_writer(p->ede, sizeof p->ede);
	struct edns_option o;
	unsigned count = 0;
	size_t pos = 0;

	while (count < EDES_MAX && edns_next_option(m, &pos, &o)) {
		if (o.code != EDNS_EDE || o.len < 2)
			continue;
		reply_ede(&w, wire_get16(o.data), o.len > 2 ? "upstream: " : "upstream", o.data + 2,
			o.len - 2u);
		count++;
	}
	p->ede_len = w.pos;
}

/* Records that stand behind an OPT, which is rare, are moved to where they stand without it. */
static bool move_records(struct parts *p, const struct dns_message *m)
{
	struct wire_writer w;

	p->moved = malloc(m->len);
	if (!p->moved)
		return false;
	memcpy(p->moved, m->data, m->question_end);
	w = wire_writer(p->moved, m->len);
	w.pos = m->question_end;
	if (!relocate_records(m, true, DNS_SECTIONS, &w))
		return false;
	p->records = p->moved + m->question_end;
	return w.pos - m->question_end == p->all;
}

static bool collect(struct parts *p, const struct dns_message *m)
{
	p->moved = NULL;
	p->start = m->question_end;
	p->records = m->data + m->question_end;
	p->all = m->len - m->question_end - m->opt_len;
	p->core = m->section[DNS_ADDITIONAL] - m->question_end;
	p->ttls = (unsigned)m->count[DNS_ANSWER] + m->count[DNS_AUTHORITY] +
		  m->count[DNS_ADDITIONAL] - (m->opt ? 1 : 0);
	collect_edes(p, m);
	if (p->ttls > UINT16_MAX || !names_clear_of_ttls(m))
		return false;
	return !m->opt || m->opt + m->opt_len == m->len || move_records(p, m);
}

/* Places are counted from the first record; those behind an OPT stand by its length earlier. */
static void write_places(struct cursor *c, const struct dns_message *m)
{
	struct record_walk walk = record_walk(m);
	struct dns_record rec;
	uint8_t place[2];

	while (record_next(&walk, &rec)) {
		size_t at = rec.fixed + 4 - m->question_end;

		if (rec.type == DNS_TYPE_OPT)
			continue;
		if (m->opt && rec.start > m->opt)
			at -= m->opt_len;
		wire_put16(place, (uint16_t)at);
		cursor_write(c, place, sizeof place);
	}
}

static void fill_entry(struct cache_entry *e, const struct cache_key *k,
	const struct cache_answer *a, const struct parts *p)
{
	const struct dns_message *m = a->message;

	e->hash = (uint32_t)(k->hash >> 32);
	e->policy = k->policy;
	e->type = k->type;
	e->class = k->class;
	e->key_flags = k->flags;
	e->name_len = k->name_len;
	e->flags = m->flags & (DNS_AD | DNS_RCODE_MASK);
	memcpy(e->count, m->count, sizeof e->count);
	e->count[DNS_ADDITIONAL] = (uint16_t)(e->count[DNS_ADDITIONAL] - (m->opt ? 1 : 0));
	e->core = (uint16_t)p->core;
	e->all = (uint16_t)p->all;
	e->ttls = (uint16_t)p->ttls;
	e->ede_len = (uint8_t)p->ede_len;
	/* Where AD would mean nothing, it need not be asked for again. */
	e->bits = (uint8_t)((a->trusted ? ENTRY_TRUSTED : 0) |
			    (a->ad_asked || !a->trusted ? ENTRY_AD_ASKED : 0) |
			    (p->denies ? ENTRY_DENIES : 0));
	e->wanted = e->hits = e->failures = 0;
}

static void write_payload(struct cache_shard *s, struct cache_entry *e, const struct cache_key *k,
	const struct dns_message *m, const struct parts *p)
{
	struct cursor c = cursor_of(s, e);

	cursor_write(&c, k->name, k->name_len);
	write_places(&c, m);
	cursor_write(&c, p->ede, p->ede_len);
	cursor_write(&c, p->records, p->all);
}

/* What comes in the place of another takes over where that stood: it is the same name. */
struct place {
	enum entry_queue queue;
	uint8_t wanted, failures;
};

static struct place take_place(struct cache_shard *s, struct cache_entry *old, uint32_t hash)
{
	struct place p;

	if (!old)
		return (struct place){ shard_queue_for(s, hash), 0, 0 };
	p = (struct place){ old->queue, old->wanted, 0 };
	if ((old->bits & ENTRY_FAILURE) && time_until(s->now, old->expires) < FAILURE_MEMORY_S)
		p.failures = old->failures;
	shard_remove(s, old);
	return p;
}

static struct cache_entry *insert(struct cache_shard *s, struct cache_entry *old,
	const struct cache_key *k, const struct cache_answer *a, const struct parts *p)
{
	struct place place = take_place(s, old, (uint32_t)(k->hash >> 32));
	struct cache_entry *e = shard_allocate(s, k->name_len + 2u * p->ttls + p->ede_len + p->all);

	if (!e)
		return NULL;
	fill_entry(e, k, a, p);
	e->queue = (uint8_t)place.queue;
	e->wanted = place.wanted;
	e->failures = place.failures;
	write_payload(s, e, k, a->message, p);
	shard_link(s, e);
	s->figures.stored++;
	return e;
}

static void set_time(struct cache_entry *e, uint32_t now, uint32_t ttl)
{
	e->ttl_s = ttl;
	e->expires = now + ttl;
	e->rests_until = now;
}

/* ------------------------------------------------------------------ what becomes of an answer */

/* Data that is fresh or of use outlives a failure to renew it (RFC 8767 4). */
static bool outlives(const struct cache *c, const struct cache_entry *old, uint32_t now)
{
	return old && !(old->bits & ENTRY_FAILURE) &&
	       (time_until(old->expires, now) > 0 || entry_usable_stale(c, old, now));
}

static enum cache_stored keep_old(struct cache_entry *old, uint32_t now)
{
	old->rests_until = now + CACHE_STALE_RETRY_S;
	return CACHE_KEPT_OLD;
}

static enum cache_stored store_failure(struct cache_shard *s, struct cache_entry *old,
	const struct cache_key *k, const struct cache_answer *a, const struct parts *p)
{
	struct cache_entry *e = insert(s, old, k, a, p);

	if (!e)
		return CACHE_NOT_STORED;
	e->bits |= ENTRY_FAILURE;
	e->failures = (uint8_t)(e->failures < UINT8_MAX ? e->failures + 1 : e->failures);
	set_time(e, s->now, cache_failure_s(e->failures));
	return CACHE_STORED;
}

static enum cache_stored store_in(struct cache *c, struct cache_shard *s, const struct cache_key *k,
	const struct cache_answer *a, const struct parts *p, struct cache_lifetime life)
{
	struct cache_entry *old = shard_find(s, k), *e;

	if (life.kind == CACHE_UNFIT || life.kind == CACHE_FAILURE) {
		if (outlives(c, old, s->now))
			return keep_old(old, s->now);
		if (life.kind == CACHE_UNFIT)
			return CACHE_NOT_STORED;
	}
	if (life.kind == CACHE_GONE) {
		if (!old)
			return CACHE_NOT_STORED;
		shard_remove(s, old);
		return CACHE_REMOVED;
	}
	if (life.kind == CACHE_FAILURE || life.kind == CACHE_FINAL)
		return store_failure(s, old, k, a, p);
	e = insert(s, old, k, a, p);
	if (!e)
		return CACHE_NOT_STORED;
	set_time(e, s->now, life.ttl_s);
	return CACHE_STORED;
}

static bool answers(const struct cache_answer *a, const struct cache_key *k)
{
	const struct dns_question *q = &a->message->question;

	return a->message->qdcount == 1 && q->type == k->type && q->class == k->class &&
	       q->name_len == k->name_len && name_equal(q->name, k->name, k->name_len);
}

static enum cache_stored store(struct cache *c, const struct cache_key *k,
	const struct cache_answer *a, struct cache_lifetime life, uint32_t now)
{
	struct parts p = { 0 };
	struct cache_shard *s;
	enum cache_stored stored;

	if (!answers(a, k))
		return CACHE_NOT_STORED;
	if (life.kind != CACHE_UNFIT && life.kind != CACHE_GONE && !collect(&p, a->message))
		life.kind = CACHE_UNFIT;
	p.denies = life.kind == CACHE_NEGATIVE && cut_is_safe(a, k);
	s = cache_lock(c, k->hash, now);
	stored = store_in(c, s, k, a, &p, life);
	cache_unlock(s);
	if (p.denies ? stored == CACHE_STORED
		     : life.kind != CACHE_UNFIT && message_rcode(a->message) == RCODE_NOERROR)
		cut_note(c, k, p.denies);
	free(p.moved);
	return stored;
}

static struct cache_lifetime lifetime(const struct cache *c, const struct cache_answer *a)
{
	return cache_lifetime(a->message, c->settings.min_ttl_s, c->settings.max_ttl_s);
}

enum cache_stored cache_store(
	struct cache *c, const struct cache_key *k, const struct cache_answer *a, uint32_t now)
{
	return store(c, k, a, lifetime(c, a), now);
}

enum cache_stored cache_restore(struct cache *c, const struct cache_key *k,
	const struct cache_answer *a, int32_t left_s, uint32_t now)
{
	struct cache_lifetime life = lifetime(c, a);

	if (life.kind != CACHE_POSITIVE && life.kind != CACHE_NEGATIVE)
		return CACHE_NOT_STORED;
	if (left_s > (int32_t)life.ttl_s)
		return CACHE_NOT_STORED;
	if (left_s <= 0 && (uint32_t)-left_s >= c->settings.stale_s)
		return CACHE_NOT_STORED;
	/* As if it had come so long ago. */
	return store(c, k, a, life, now - (life.ttl_s - (uint32_t)left_s));
}
