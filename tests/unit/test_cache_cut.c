/* Names below one that does not exist (RFC 8020): which answers deny them, and what is given then. */
#include "common/cache/cut.h"

#include <stdio.h>

#include "common/cache/snapshot.h"
#include "tests/unit/cache_case.h"

#define NX	 (OK_FLAGS | DNS_AD | RCODE_NXDOMAIN)
#define NOW	 1000u
#define TYPE_DS	 43
#define EDE_15	 "000f 0002 000f"
#define CNAME_TO "0178 0474657374 00"

struct denial {
	uint16_t type, flags;
	bool untrusted, plain; /* plain: asked for without AD */
	const char *name;      /* NULL: gone.test */
	const char *soa;       /* its owner; NULL: test */
	const char *options;
	bool cname;
	unsigned key_flags;
	uint64_t policy;
};

static struct cache_key key_under(const char *name, uint16_t type, unsigned flags, uint64_t policy)
{
	struct cache_key k = key_of(name, type, flags);
	struct dns_question q = {
		.name = k.name, .name_len = k.name_len, .type = type, .class = DNS_CLASS_IN
	};
	struct cache_key ret;

	cache_key_make(&ret, secret, &q, flags, policy ? policy : 1);
	return ret;
}

static enum cache_stored deny(struct cache *c, const struct denial *d, uint32_t now)
{
	const char *name = d->name ? d->name : "gone.test";
	struct rec recs[3] = { { DNS_ANSWER, DNS_TYPE_CNAME, 300, CNAME_TO, NULL },
		{ DNS_AUTHORITY, DNS_TYPE_SOA, 60, SOA_60, d->soa ? d->soa : "test" },
		/* its owner is the denied name: a pointer into the question */
		{ DNS_AUTHORITY, DNS_TYPE_TXT, 60, "0161", NULL } };
	uint16_t type = d->type ? d->type : DNS_TYPE_A;
	struct cache_key k = key_under(name, type, d->key_flags, d->policy);
	unsigned first = d->cname ? 0 : 1;
	uint8_t buf[600], *copy;
	size_t len = build_answer(buf, sizeof buf, name, type, d->flags ? d->flags : NX,
		recs + first, 3 - first, d->options);
	struct dns_message m;
	struct cache_answer a = { .message = &m, .trusted = !d->untrusted, .ad_asked = !d->plain };
	enum cache_stored stored;

	copy = exact_copy(buf, len);
	m = parsed(copy, len);
	stored = cache_store(c, &k, &a, now);
	free(copy);
	return stored;
}

static uint64_t probes;

static bool find(struct cache *c, const struct cache_key *k, bool wants_ad, uint32_t now)
{
	struct cache_hit h;

	probes = 0;
	if (!cache_find_cut(c, k, wants_ad, now, &h, &probes))
		return false;
	assert_true(h.cut && !h.stale && !h.almost_old && !h.resting);
	cache_release(&h);
	return true;
}

static bool is_cut(struct cache *c, const char *name, uint32_t now)
{
	struct cache_key k = key_of(name, DNS_TYPE_AAAA, 0);

	return find(c, &k, false, now);
}

/* ------------------------------------------------------------------ which answers, for which questions */

static const struct row {
	const char *what;
	struct denial denial;
	struct {
		const char *name; /* NULL: www.gone.test */
		uint16_t type;
		unsigned flags;
		uint64_t policy;
		bool wants_ad;
		uint32_t later;
	} ask;
	bool cut;
} rows[] = {
	{ "safe", { 0 }, { 0 }, true },
	{ "another type", { .type = DNS_TYPE_AAAA }, { .type = DNS_TYPE_TXT }, true },
	{ "denied by DS", { .type = TYPE_DS }, { .type = TYPE_DS }, true },
	{ "no AD", { .flags = OK_FLAGS | RCODE_NXDOMAIN }, { 0 }, false },
	{ "not trusted", { .untrusted = true }, { 0 }, false },
	{ "no data is no denial", { .flags = OK_FLAGS | DNS_AD }, { 0 }, false },
	{ "CNAME before it", { .cname = true }, { 0 }, false },
	{ "the apex", { .soa = "gone.test" }, { 0 }, false },
	{ "SOA of elsewhere", { .soa = "other.test" }, { 0 }, false },
	{ "SOA of the root", { .soa = "." }, { 0 }, true },
	{ "blocked", { .options = EDE_15 }, { 0 }, false },
	{ "an OPT without a reason", { .options = "" }, { 0 }, true },
	{ "deeper", { 0 }, { .name = "a.b.c.d.e.f.gone.test" }, true },
	{ "letter case", { .name = "GONE.test" }, { .name = "www.gOnE.TEST" }, true },
	{ "the name itself", { 0 }, { .name = "gone.test" }, false },
	{ "a sibling", { 0 }, { .name = "www.here.test" }, false },
	{ "ends alike", { 0 }, { .name = "www.begone.test" }, false },
	{ "above", { 0 }, { .name = "test" }, false },
	{ "a single label", { .name = "gone", .soa = "." }, { .name = "www.gone" }, true },
	{ "the root", { .name = ".", .soa = "." }, { .name = "www.gone" }, false },
	{ "the root, deeper SOA", { .name = ".", .soa = "test" }, { 0 }, false },
	{ "DO of the question", { 0 }, { .flags = CACHE_KEY_DO }, false },
	{ "DO of the answer", { .key_flags = CACHE_KEY_DO }, { 0 }, false },
	{ "DO of both", { .key_flags = CACHE_KEY_DO }, { .flags = CACHE_KEY_DO }, true },
	{ "CD of the question", { 0 }, { .flags = CACHE_KEY_CD }, false },
	{ "CD of the answer", { .key_flags = CACHE_KEY_CD }, { 0 }, false },
	{ "another policy", { 0 }, { .policy = 2 }, false },
	{ "AD wanted", { 0 }, { .wants_ad = true }, true },
	{ "AD wanted, not asked for", { .plain = true }, { .wants_ad = true }, false },
	{ "AD came unasked", { .plain = true }, { 0 }, true },
	{ "its last second", { 0 }, { .later = 59 }, true },
	{ "expired", { 0 }, { .later = 60 }, false },
	{ "not for a transfer", { 0 }, { .type = DNS_TYPE_AXFR }, false },
	{ "for ANY", { 0 }, { .type = DNS_TYPE_ANY }, true },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];
		struct cache *c = new_cache(256 * 1024, 86400);
		struct cache_key k = key_under(r->ask.name ? r->ask.name : "www.gone.test",
			r->ask.type ? r->ask.type : DNS_TYPE_A, r->ask.flags, r->ask.policy);

		assert_int_equal(deny(c, &r->denial, NOW), CACHE_STORED);
		if (find(c, &k, r->ask.wants_ad, NOW + r->ask.later) != r->cut)
			fail_msg("%s", r->what);
		cache_free(c);
	}
}

/* ------------------------------------------------------------------ what is given */

static void expect_denied(const uint8_t *reply, size_t len, const struct asker *a, uint32_t ttl)
{
	struct dns_message m = parsed(reply, len);
	struct record_walk w = record_walk(&m);
	struct dns_record rec;
	uint8_t owner[DNS_NAME_MAX], want[DNS_NAME_MAX];

	assert_int_equal(message_rcode(&m), RCODE_NXDOMAIN);
	assert_true(question_equal(&m.question, &a->form.question));
	assert_int_equal(m.count[DNS_ANSWER], 0);
	assert_int_equal(m.count[DNS_AUTHORITY], 2);
	for (unsigned i = 0; i < 2; i++) {
		struct wire_reader r = { .data = reply, .len = len };
		unsigned budget = 100;
		size_t n;

		assert_true(record_next(&w, &rec));
		assert_int_equal(rec.type, i ? DNS_TYPE_TXT : DNS_TYPE_SOA);
		assert_int_equal(wire_get32(reply + rec.fixed + 4), ttl);
		r.pos = rec.start;
		n = name_read(&r, &budget, owner);
		assert_int_equal(n, name_from_text(i ? "gone.test" : "test", want));
		assert_true(name_equal(owner, want, n));
	}
}

/* Names in the records that point into the question point to the same name behind a longer one. */
static void test_reply(void **state)
{
	struct cache *c = new_cache(256 * 1024, 0);
	struct cache_key k = key_of("a.b.gone.test", DNS_TYPE_TXT, 0);
	struct cache_hit h;
	struct asker a;
	uint8_t out[1000];
	size_t len;

	(void)state;
	deny(c, &(struct denial){ 0 }, NOW);
	for (unsigned ad = 0; ad < 2; ad++) {
		asker_init(&a, "a.B.gone.test", DNS_TYPE_TXT);
		a.form.flags |= ad ? DNS_AD : 0;
		assert_int_equal(cache_find(c, &k, ad, NOW + 7, &h), CACHE_NONE);
		assert_true(cache_find_cut(c, &k, ad, NOW + 7, &h, &probes));
		len = cache_write(&h, &a.form, out, cache_reply_max(&h, &a.form));
		cache_release(&h);
		expect_denied(out, len, &a, 53);
		assert_int_equal(wire_get16(out + 2) & DNS_AD, ad ? DNS_AD : 0);
		assert_int_equal(wire_get16(out + 2) & DNS_AA, 0);
	}
	cache_free(c);
}

/* No room for the records: TC, as with any other answer. */
static void test_reply_cut_short(void **state)
{
	struct cache *c = new_cache(256 * 1024, 0);
	struct cache_key k = key_of("www.gone.test", DNS_TYPE_A, 0);
	struct dns_message m;
	struct cache_hit h;
	struct asker a;
	uint8_t out[1000];
	size_t len;

	(void)state;
	deny(c, &(struct denial){ 0 }, NOW);
	asker_init(&a, "www.gone.test", DNS_TYPE_A);
	a.form.limit = 60;
	assert_true(cache_find_cut(c, &k, false, NOW, &h, &probes));
	len = cache_write(&h, &a.form, out, cache_reply_max(&h, &a.form));
	cache_release(&h);
	m = parsed(out, len);
	assert_true(len <= 60 && (m.flags & DNS_TC) && m.count[DNS_AUTHORITY] == 0);
	cache_free(c);
}

/* The nearest of two is given: it is what was asked for last of those above. */
static void test_nearest(void **state)
{
	struct cache *c = new_cache(256 * 1024, 0);
	struct cache_key k = key_of("x.b.gone.test", DNS_TYPE_A, 0);
	struct cache_hit h;

	(void)state;
	deny(c, &(struct denial){ .name = "b.gone.test" }, NOW - 50);
	deny(c, &(struct denial){ 0 }, NOW);
	assert_true(cache_find_cut(c, &k, false, NOW, &h, &probes));
	assert_int_equal(h.ttl_s, 10);
	cache_release(&h);
	/* and when that is over, the one above it */
	assert_true(cache_find_cut(c, &k, false, NOW + 20, &h, &probes));
	assert_int_equal(h.ttl_s, 40);
	cache_release(&h);
	cache_free(c);
}

/* ------------------------------------------------------------------ when it ends */

static void test_flush(void **state)
{
	static const struct {
		const char *name; /* NULL: all */
		bool below, other_policy, cut;
	} flushes[] = { { NULL, false, false, false }, { "gone.test", false, false, false },
		{ "test", true, false, false }, { "test", false, false, true },
		{ ".", true, false, false }, { "other.test", true, false, true },
		/* who wants a name to be asked for again, gets that */
		{ "www.gone.test", false, false, false }, { "www.gone.test", true, false, false },
		{ "www.gone.test", true, true, true } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(flushes); i++) {
		struct cache *c = new_cache(256 * 1024, 0);
		uint8_t name[DNS_NAME_MAX];
		struct cache_filter f = { .below = flushes[i].below,
			.has_policy = flushes[i].other_policy,
			.policy = 2 };

		if (flushes[i].name) {
			name_from_text(flushes[i].name, name);
			f.name = name;
		}
		deny(c, &(struct denial){ 0 }, NOW);
		assert_true(is_cut(c, "www.gone.test", NOW));
		assert_int_equal(cache_flush(c, &f), !flushes[i].cut);
		assert_int_equal(is_cut(c, "www.gone.test", NOW), flushes[i].cut);
		assert_int_equal(probes, flushes[i].cut ? 1 : 0);
		cache_free(c);
	}
}

/* It exists after all: by the same question, or by one of another type. */
static void test_it_comes_to_exist(void **state)
{
	static const uint16_t denied_by[] = { DNS_TYPE_A, DNS_TYPE_MX };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(denied_by); i++) {
		struct cache *c = new_cache(256 * 1024, 0);
		struct cache_key k = key_of("gone.test", DNS_TYPE_A, 0);

		deny(c, &(struct denial){ .type = denied_by[i] }, NOW);
		assert_true(is_cut(c, "www.gone.test", NOW));
		put_address(c, &k, "gone.test", i ? 0 : 60, NOW);
		assert_false(is_cut(c, "www.gone.test", NOW));
		cache_free(c);
	}
}

/* A denial that is not safe, in its place, denies its own name alone. */
static void test_replaced(void **state)
{
	struct cache *c = new_cache(256 * 1024, 0);

	(void)state;
	deny(c, &(struct denial){ 0 }, NOW);
	deny(c, &(struct denial){ .untrusted = true }, NOW);
	assert_false(is_cut(c, "www.gone.test", NOW));
	assert_int_equal(probes, 0);
	cache_free(c);
}

static void test_snapshot(void **state)
{
	struct cache *c = new_cache(256 * 1024, 86400), *d = new_cache(256 * 1024, 86400);
	struct bytes file = { 0 };
	size_t count;

	(void)state;
	deny(c, &(struct denial){ 0 }, NOW);
	deny(c, &(struct denial){ .name = "lie.test", .untrusted = true }, NOW);
	assert_int_equal(snapshot_make(c, NOW, 5000, &file), 0);
	assert_null(snapshot_take(d, bytes_front(&file), bytes_len(&file), 77, 5010, &count));
	assert_int_equal(count, 2);
	assert_true(is_cut(d, "www.gone.test", 77 + 49));
	assert_false(is_cut(d, "www.lie.test", 77));
	assert_false(is_cut(d, "www.gone.test", 77 + 50));
	bytes_free(&file);
	cache_free(c);
	cache_free(d);
}

/* ------------------------------------------------------------------ what it costs */

/* 127 labels of one octet are the longest way. */
static void test_probes(void **state)
{
	struct cache *c = new_cache(256 * 1024, 0);
	char name[260] = "";

	(void)state;
	for (unsigned i = 0; i < 127; i++)
		memcpy(name + 2 * i, "a.", 3);
	assert_false(is_cut(c, name, NOW));
	assert_int_equal(probes, 0);
	deny(c, &(struct denial){ .untrusted = true }, NOW);
	assert_false(is_cut(c, "a.b.gone.test", NOW));
	assert_int_equal(probes, 0);
	deny(c, &(struct denial){ 0 }, NOW);
	assert_false(is_cut(c, name, NOW));
	assert_int_equal(probes, 126);
	assert_false(is_cut(c, ".", NOW));
	assert_false(is_cut(c, "a", NOW));
	assert_int_equal(probes, 0);
	assert_true(is_cut(c, "a.b.gone.test", NOW));
	assert_int_equal(probes, 2);
	cache_free(c);
}

/* All are pushed out by others, and the counter comes back to none. */
static void test_evicted(void **state)
{
	struct cache *c = new_cache(CACHE_SIZE_MIN, 0);
	struct cache_figures f;
	char name[30];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "gone%u.test", i);
		deny(c, &(struct denial){ .name = name }, NOW);
	}
	cache_get_figures(c, &f);
	assert_true(
		f.evicted > 1000 && f.octets + cut_table_octets(CACHE_SIZE_MIN) <= CACHE_SIZE_MIN);
	for (unsigned i = 0; i < 2000; i++) {
		struct cache_key k;

		snprintf(name, sizeof name, "here%u.test", i);
		k = key_of(name, DNS_TYPE_A, 0);
		put_address(c, &k, name, 3000, NOW + 100);
	}
	assert_false(is_cut(c, "www.gone1999.test", NOW));
	assert_int_equal(probes, 0);
	cache_free(c);
}

/* ------------------------------------------------------------------ against the rules in plain form */

#define NAMES 120u /* of one to four labels of three letters */

static uint32_t seed = 1;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Number n in base 3, without leading zeros, is a name: its last digit is the first label. */
static const char *name_number(unsigned n, char *buf)
{
	char *p = buf;

	for (; n > 0; n = (n - 1) / 3) {
		*p++ = (char)('a' + (n - 1) % 3);
		*p++ = '.';
	}
	memcpy(p, "test", 5);
	return buf;
}

/* What is said of a name: until when it is denied, by A; 0: not. */
static uint32_t denied_until[NAMES];

static bool denied_above(unsigned n, uint32_t now, uint32_t *ret_ttl)
{
	while (n > 0) {
		n = (n - 1) / 3;
		if (n > 0 && denied_until[n] > now) {
			*ret_ttl = denied_until[n] - now;
			return true;
		}
	}
	return false;
}

static void change(struct cache *c, unsigned n, uint32_t now)
{
	char buf[40];
	struct cache_key k = key_of(name_number(n, buf), DNS_TYPE_A, 0);

	if (dice(4)) {
		deny(c, &(struct denial){ .name = buf, .untrusted = true }, now);
	} else {
		put_address(c, &k, buf, 30, now);
	}
	denied_until[n] = 0;
}

static void test_random(void **state)
{
	struct cache *c = new_cache(4 * 1024 * 1024, 86400);
	unsigned cuts = 0, none = 0;
	uint32_t now = NOW;

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		unsigned n = 1 + dice(NAMES - 1);
		uint32_t ttl = 0;
		struct cache_key k;
		struct cache_hit h;
		char buf[40];
		bool want;

		now += dice(20) == 0;
		if (dice(6) == 0) {
			if (dice(3) == 0) {
				deny(c, &(struct denial){ .name = name_number(n, buf) }, now);
				denied_until[n] = now + 60;
			} else {
				change(c, n, now);
			}
			continue;
		}
		k = key_of(name_number(n, buf), DNS_TYPE_MX, 0);
		want = denied_above(n, now, &ttl);
		assert_int_equal(cache_find_cut(c, &k, false, now, &h, &probes), want);
		cuts += want;
		none += !want;
		if (!want)
			continue;
		assert_int_equal(h.ttl_s, ttl);
		cache_release(&h);
	}
	assert_true(cuts > 5000 && none > 5000);
	cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rules),
		cmocka_unit_test(test_reply), cmocka_unit_test(test_reply_cut_short),
		cmocka_unit_test(test_nearest), cmocka_unit_test(test_flush),
		cmocka_unit_test(test_it_comes_to_exist), cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_snapshot), cmocka_unit_test(test_probes),
		cmocka_unit_test(test_evicted), cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
