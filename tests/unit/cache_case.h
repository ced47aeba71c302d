/* Answers to keep, clients to give them to, and a cache between them. */
#ifndef TESTS_UNIT_CACHE_CASE_H
#define TESTS_UNIT_CACHE_CASE_H

#include "common/cache/cache.h"
#include "common/dns/edns.h"
#include "tests/unit/build.h"
#include "tests/unit/cm.h"

#define OK_FLAGS     0x8180 /* QR RD RA */
#define SOA(minimum) "00 00 00000001 00000e10 00000384 00093a80" minimum
#define SOA_60	     SOA("0000003c")

struct rec {
	enum dns_section section;
	uint16_t type;
	uint32_t ttl;
	const char *rdata; /* hex; NULL: an address */
	const char *owner; /* NULL: a pointer to the question */
};

static const uint8_t secret[16] = { 7, 1, 9 };

static inline void put_rec(struct wire_writer *w, const struct rec *r)
{
	size_t rdlen;

	count_record(w, r->section);
	if (r->owner)
		put_name(w, r->owner);
	else
		wire_write16(w, 0xc00c);
	put_fixed(w, r->type, 0);
	wire_put32(w->data + w->pos - 6, r->ttl);
	rdlen = w->pos - 2;
	put_hex(w, r->rdata ? r->rdata : "c0000201");
	wire_put16(w->data + rdlen, (uint16_t)(w->pos - rdlen - 2));
}

/* options: of an OPT behind all; NULL: none.  Returns the length. */
static inline size_t build_answer(uint8_t *buf, size_t cap, const char *name, uint16_t type,
	uint16_t flags, const struct rec *recs, size_t count, const char *options)
{
	struct wire_writer w = wire_writer(buf, cap);

	put_header(&w, 0x1234, flags, 1);
	put_question(&w, name, type);
	for (size_t i = 0; i < count; i++)
		put_rec(&w, &recs[i]);
	if (options)
		put_opt(&w, options);
	assert_false(w.bad);
	return w.pos;
}

static inline struct dns_message parsed(const uint8_t *data, size_t len)
{
	struct dns_message m;

	assert_int_equal(message_parse(data, len, &m), MESSAGE_OK);
	return m;
}

static inline struct cache *new_cache(size_t size, uint32_t stale_s)
{
	struct cache_settings s = { .size = size, .max_ttl_s = 86400, .stale_s = stale_s };
	struct cache *c;

	memcpy(s.secret, secret, sizeof secret);
	c = cache_new(&s);
	assert_non_null(c);
	return c;
}

static inline struct cache_key key_of(const char *name, uint16_t type, unsigned flags)
{
	uint8_t wire[DNS_NAME_MAX];
	struct dns_question q = { .name = wire, .type = type, .class = DNS_CLASS_IN };
	struct cache_key k;

	q.name_len = (uint8_t)name_from_text(name, wire);
	assert_int_not_equal(q.name_len, 0);
	cache_key_make(&k, secret, &q, flags, 1);
	return k;
}

static inline enum cache_stored put_message(
	struct cache *c, const struct cache_key *k, const uint8_t *data, size_t len, uint32_t now)
{
	uint8_t *copy = exact_copy(data, len);
	struct dns_message m = parsed(copy, len);
	struct cache_answer a = { .message = &m, .trusted = true, .ad_asked = true };
	enum cache_stored stored = cache_store(c, k, &a, now);

	free(copy);
	return stored;
}

/* One address with this TTL. */
static inline enum cache_stored put_address(
	struct cache *c, const struct cache_key *k, const char *name, uint32_t ttl, uint32_t now)
{
	struct rec rec = { DNS_ANSWER, DNS_TYPE_A, ttl, NULL, NULL };
	uint8_t buf[600];

	return put_message(c, k, buf,
		build_answer(buf, sizeof buf, name, DNS_TYPE_A, OK_FLAGS, &rec, 1, NULL), now);
}

static inline enum cache_stored put_rcode(struct cache *c, const struct cache_key *k,
	const char *name, unsigned rcode, const char *options, uint32_t now)
{
	uint8_t buf[600];

	return put_message(c, k, buf,
		build_answer(buf, sizeof buf, name, DNS_TYPE_A, (uint16_t)(OK_FLAGS | rcode), NULL,
			0, options),
		now);
}

/* A client that asks this in these letters. */
struct asker {
	uint8_t name[DNS_NAME_MAX];
	struct client_form form;
};

static inline void asker_init(struct asker *a, const char *name, uint16_t type)
{
	*a = (struct asker){ .form = { .id = 0x4242,
				     .flags = DNS_RD,
				     .has_question = true,
				     .edns = true,
				     .udp_size = 1232,
				     .limit = DNS_MESSAGE_MAX,
				     .keepalive = -1 } };
	a->form.question = (struct dns_question){ .name = a->name,
		.name_len = (uint8_t)name_from_text(name, a->name),
		.type = type,
		.class = DNS_CLASS_IN };
}

/* The reply from the cache, which must parse; 0: none, or not this kind. */
static inline size_t hit(struct cache *c, const struct cache_key *k, const struct asker *a,
	uint32_t now, enum cache_found want, uint8_t *out, size_t cap)
{
	struct cache_hit h;
	enum cache_found found =
		cache_find(c, k, (a->form.flags & DNS_AD) || a->form.dnssec_ok, now, &h);
	size_t len = 0;

	if (found == CACHE_NONE)
		return 0;
	if (found == want) {
		assert_true(cache_reply_max(&h, &a->form) <= cap);
		len = cache_write(&h, &a->form, out, cache_reply_max(&h, &a->form));
		assert_int_not_equal(len, 0);
		assert_true(len <= a->form.limit);
		parsed(out, len);
	}
	cache_release(&h);
	return len;
}

static inline enum cache_found look(struct cache *c, const struct cache_key *k, uint32_t now)
{
	struct cache_hit h;
	enum cache_found found = cache_find(c, k, false, now, &h);

	if (found != CACHE_NONE)
		cache_release(&h);
	return found;
}

static inline bool is_there(struct cache *c, const struct cache_key *k, uint32_t now)
{
	return look(c, k, now) == CACHE_FRESH;
}

#endif
