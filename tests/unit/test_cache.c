#include "common/cache/cache.h"

#include "tests/unit/cache_case.h"

#include <stdio.h>

#define MB	(1024u * 1024u)
#define DAY	86400u
#define HIT_MAX 70000u

static struct cache *cache;
static uint8_t out[HIT_MAX];

static int begin(void **state)
{
	(void)state;
	cache = new_cache(4 * MB, DAY);
	return 0;
}

static int end(void **state)
{
	(void)state;
	cache_free(cache);
	return 0;
}

static size_t store(const struct cache_key *k, const char *name, uint16_t type, uint16_t flags,
	const struct rec *recs, size_t count, const char *options, uint32_t now)
{
	static uint8_t buf[HIT_MAX];
	size_t len = build_answer(buf, sizeof buf, name, type, flags, recs, count, options);

	assert_int_equal(put_message(cache, k, buf, len, now), CACHE_STORED);
	return len;
}

static size_t fresh(const struct cache_key *k, const struct asker *a, uint32_t now)
{
	return hit(cache, k, a, now, CACHE_FRESH, out, sizeof out);
}

static size_t stale(const struct cache_key *k, const struct asker *a, uint32_t now)
{
	return hit(cache, k, a, now, CACHE_STALE, out, sizeof out);
}

/* TTL of the nth record of a reply. */
static uint32_t ttl_at(const uint8_t *reply, size_t len, unsigned nth)
{
	struct dns_message m = parsed(reply, len);
	struct record_walk w = record_walk(&m);
	struct dns_record rec;

	do
		assert_true(record_next(&w, &rec));
	while (nth-- > 0);
	return wire_get32(m.data + rec.fixed + 4);
}

static int ede_of(const uint8_t *reply, size_t len, unsigned nth)
{
	struct dns_message m = parsed(reply, len);
	struct edns_option o;
	size_t at = 0;

	while (edns_next_option(&m, &at, &o))
		if (o.code == EDNS_EDE && nth-- == 0)
			return wire_get16(o.data);
	return -1;
}

/* ------------------------------------------------------------------ the form of a hit */

static const struct rec address = { DNS_ANSWER, DNS_TYPE_A, 300, NULL, NULL };

static void test_bytes(void **state)
{
	struct cache_key k = key_of("ww.test", DNS_TYPE_A, 0);
	struct asker a;
	size_t len;

	(void)state;
	store(&k, "ww.test", DNS_TYPE_A, OK_FLAGS | DNS_AA, &address, 1, "000c 0002 0000", 1000);
	asker_init(&a, "wW.TesT", DNS_TYPE_A);
	len = fresh(&k, &a, 1007);
	assert_hex("with EDNS", out, len,
		"4242 8180 0001 0001 0000 0001 0277 57 04 54657354 00 0001 0001"
		"c00c 0001 0001 00000125 0004 c0000201 00 0029 04d0 00000000 0000");
	a.form.edns = false;
	a.form.flags = DNS_RD | DNS_CD;
	len = fresh(&k, &a, 1299);
	assert_hex("without", out, len,
		"4242 8190 0001 0001 0000 0000 0277 57 04 54657354 00 0001 0001"
		"c00c 0001 0001 00000001 0004 c0000201");
	assert_int_equal(fresh(&k, &a, 1300), 0);
}

static void test_ttls_are_one(void **state)
{
	static const struct rec recs[] = { { DNS_ANSWER, 5, DAY, "0162047465737400", NULL },
		{ DNS_ANSWER, DNS_TYPE_A, 5, NULL, "b.test" },
		{ DNS_AUTHORITY, 2, 3600, "026e73c00c", NULL },
		{ DNS_ADDITIONAL, DNS_TYPE_A, 1, NULL, "ns.a.test" } };
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct asker a;
	size_t len;

	(void)state;
	store(&k, "a.test", DNS_TYPE_A, OK_FLAGS, recs, 4, NULL, 50);
	asker_init(&a, "a.test", DNS_TYPE_A);
	len = fresh(&k, &a, 50);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(ttl_at(out, len, i), 1);
	assert_int_equal(fresh(&k, &a, 51), 0);
}

/* TTL counts down, and serving again never lengthens it (threats A12). */
static void test_countdown(void **state)
{
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct asker a;

	(void)state;
	store(&k, "a.test", DNS_TYPE_A, OK_FLAGS, &address, 1, NULL, UINT32_MAX - 100);
	asker_init(&a, "a.test", DNS_TYPE_A);
	for (uint32_t age = 0; age < 300; age++)
		assert_int_equal(ttl_at(out, fresh(&k, &a, UINT32_MAX - 100 + age), 0), 300 - age);
	assert_int_equal(fresh(&k, &a, UINT32_MAX - 100 + 300), 0);
}

static void test_opt_in_the_middle(void **state)
{
	uint8_t buf[400];
	struct wire_writer w = wire_writer(buf, sizeof buf);
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct asker a;
	size_t len, tail;

	(void)state;
	put_header(&w, 1, OK_FLAGS, 1);
	put_question(&w, "a.test", DNS_TYPE_A);
	put_rec(&w, &address);
	put_opt(&w, "000c 0005 0000000000");
	tail = w.pos;
	put_rec(&w, &(struct rec){ DNS_ADDITIONAL, 2, 77, "026e73c00c", "b.test" });
	put_rec(&w, &(struct rec){ DNS_ADDITIONAL, 2, 99, "00", NULL });
	/* The last one's owner is the owner of the one before. */
	wire_put16(buf + w.pos - 13, (uint16_t)(0xc000 | tail));
	assert_int_equal(put_message(cache, &k, buf, w.pos, 0), CACHE_STORED);
	asker_init(&a, "A.tesT", DNS_TYPE_A);
	a.form.edns = false;
	len = fresh(&k, &a, 10);
	assert_hex("moved", out, len,
		"4242 8180 0001 0001 0000 0002 0141 04 74657354 00 0001 0001"
		"c00c 0001 0001 00000043 0004 c0000201"
		"0162 04 74657374 00 0002 0001 00000043 0005 026e73c00c"
		"c028 0002 0001 00000043 0001 00");
}

static void test_limits(void **state)
{
	static struct rec recs[40];
	struct cache_key k = key_of("big.test", DNS_TYPE_A, 0);
	struct asker a;
	struct dns_message m;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		recs[i] = (struct rec){ i < 30 ? DNS_ANSWER : DNS_ADDITIONAL, DNS_TYPE_A, 60, NULL,
			NULL };
	store(&k, "big.test", DNS_TYPE_A, OK_FLAGS, recs, 40, NULL, 0);
	asker_init(&a, "big.test", DNS_TYPE_A);
	m = parsed(out, fresh(&k, &a, 1));
	assert_int_equal(m.count[DNS_ADDITIONAL], 11);
	a.form.limit = 600; /* 30 records are 480 */
	m = parsed(out, fresh(&k, &a, 1));
	assert_int_equal(m.flags & DNS_TC, 0);
	assert_int_equal(m.count[DNS_ANSWER], 30);
	assert_int_equal(m.count[DNS_ADDITIONAL], 1);
	a.form.limit = 512;
	m = parsed(out, fresh(&k, &a, 1)); /* 12 + 14 + 480 and an OPT do not fit */
	assert_int_equal(m.flags & DNS_TC, DNS_TC);
	assert_int_equal(m.count[DNS_ANSWER], 0);
	assert_int_equal(m.count[DNS_ADDITIONAL], 1);
	a.form.edns = false;
	m = parsed(out, fresh(&k, &a, 1));
	assert_int_equal(m.flags & DNS_TC, 0);
	assert_int_equal(m.count[DNS_ANSWER], 30);
	assert_int_equal(m.count[DNS_ADDITIONAL], 0);
}

/* An answer of 64 KB comes back whole; one above an eighth of a shard is refused and counted. */
static void test_largest(void **state)
{
	static uint8_t big[HIT_MAX];
	struct wire_writer w = wire_writer(big, DNS_MESSAGE_MAX);
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct cache_figures f;
	struct cache *small = new_cache(CACHE_SIZE_MIN, 0);
	struct asker a;
	size_t len;

	(void)state;
	put_header(&w, 1, OK_FLAGS, 1);
	put_question(&w, "a.test", DNS_TYPE_A);
	for (unsigned i = 0; i < 4000; i++)
		put_rec(&w, &address);
	put_rec(&w, &(struct rec){ DNS_ADDITIONAL, 16, 300, "aa*1400", NULL });
	assert_false(w.bad);
	assert_int_equal(put_message(cache, &k, big, w.pos, 0), CACHE_STORED);
	asker_init(&a, "a.test", DNS_TYPE_A);
	a.form.edns = false;
	len = fresh(&k, &a, 0);
	assert_int_equal(len, w.pos);
	assert_memory_equal(out + 12, big + 12, len - 12);
	assert_int_equal(put_message(small, &k, big, w.pos, 0), CACHE_NOT_STORED);
	assert_false(is_there(small, &k, 0));
	cache_get_figures(small, &f);
	assert_int_equal(f.too_large, 1);
	assert_int_equal(f.octets, 0);
	cache_free(small);
}

static const struct {
	const char *name;
	bool received, trusted, ad, dnssec_ok, want;
} ads[] = {
	{ "asked by AD", true, true, true, false, true },
	{ "asked by DO", true, true, false, true, true },
	{ "not asked", true, true, false, false, false },
	{ "not trusted", true, false, true, true, false },
	{ "not received", false, true, true, true, false },
};

static void test_ad(void **state)
{
	uint8_t buf[300];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ads); i++) {
		struct cache_key k =
			key_of("a.test", DNS_TYPE_A, ads[i].dnssec_ok ? CACHE_KEY_DO : 0);
		size_t len = build_answer(buf, sizeof buf, "a.test", DNS_TYPE_A,
			(uint16_t)(OK_FLAGS | (ads[i].received ? DNS_AD : 0)), &address, 1, NULL);
		struct dns_message m = parsed(buf, len);
		struct cache_answer answer = { &m, ads[i].trusted, true };
		struct asker a;

		assert_int_equal(cache_store(cache, &k, &answer, 0), CACHE_STORED);
		asker_init(&a, "a.test", DNS_TYPE_A);
		a.form.flags |= ads[i].ad ? DNS_AD : 0;
		a.form.dnssec_ok = ads[i].dnssec_ok;
		expect(ads[i].name, fresh(&k, &a, 1) > 0);
		expect_int(ads[i].name, (out[3] & DNS_AD) != 0, ads[i].want);
		expect(ads[i].name, stale(&k, &a, 301) > 0);
		expect_int(ads[i].name, (out[3] & DNS_AD) != 0, false);
	}
}

/* What was asked for without AD tells a client that wants it nothing. */
static void test_ad_not_asked(void **state)
{
	uint8_t buf[300];
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct dns_message m = parsed(buf,
		build_answer(buf, sizeof buf, "a.test", DNS_TYPE_A, OK_FLAGS, &address, 1, NULL));
	struct cache_answer answer = { &m, true, false };
	struct asker plain, wants;

	(void)state;
	asker_init(&plain, "a.test", DNS_TYPE_A);
	asker_init(&wants, "a.test", DNS_TYPE_A);
	wants.form.flags |= DNS_AD;
	cache_store(cache, &k, &answer, 0);
	assert_int_not_equal(fresh(&k, &plain, 0), 0);
	assert_int_equal(fresh(&k, &wants, 0), 0);
	answer.trusted = false; /* nobody's AD is believed there: asking again is of no use */
	cache_store(cache, &k, &answer, 0);
	assert_int_not_equal(fresh(&k, &wants, 0), 0);
	answer.trusted = answer.ad_asked = true;
	cache_store(cache, &k, &answer, 0);
	assert_int_not_equal(fresh(&k, &wants, 0), 0);
	assert_int_not_equal(fresh(&k, &plain, 0), 0);
}

static void test_ede(void **state)
{
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct asker a;
	size_t len;

	(void)state;
	store(&k, "a.test", DNS_TYPE_A, OK_FLAGS, &address, 1,
		"000f 0004 0011 6162 000a 0008 0102030405060708 000f 0002 001d", 0);
	asker_init(&a, "a.test", DNS_TYPE_A);
	a.form.keepalive = 100;
	len = fresh(&k, &a, 0);
	assert_hex("EDEs", out + len - 49, 49,
		"00 0029 04d0 00000000 0026 000b 0002 0064 000f 000e 0011 757073747265616d3a206162"
		"000f 000a 001d 757073747265616d");
	a.form.limit = len - 1;
	len = fresh(&k, &a, 0);
	assert_int_equal(ede_of(out, len, 0), -1);
	a.form.limit = DNS_MESSAGE_MAX;
	len = stale(&k, &a, 300);
	assert_int_equal(ede_of(out, len, 0), EDE_STALE_ANSWER);
	assert_int_equal(ede_of(out, len, 1), 17);
	assert_int_equal(ttl_at(out, len, 0), CACHE_STALE_TTL_S);
}

/* ------------------------------------------------------------------ under which key */

/* Records about others never answer for them (threats A04). */
static void test_strangers(void **state)
{
	static const struct rec recs[] = { { DNS_ANSWER, DNS_TYPE_A, 300, NULL, NULL },
		{ DNS_ANSWER, DNS_TYPE_A, 300, "06060606", "bank.test" },
		{ DNS_ANSWER, 5, 300, "04 6576696c 00", "bank.test" },
		{ DNS_ANSWER, 39, 300, "00", "test" },
		{ DNS_AUTHORITY, 2, 300, "04 6576696c 00", "bank.test" },
		{ DNS_ADDITIONAL, DNS_TYPE_A, 300, "06060606", "bank.test" } };
	static const uint16_t types[] = { DNS_TYPE_A, 2, 5, 39, 28, DNS_TYPE_ANY };
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct cache_figures f;

	(void)state;
	store(&k, "a.test", DNS_TYPE_A, OK_FLAGS, recs, COUNT_OF(recs), NULL, 0);
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		struct cache_key bank = key_of("bank.test", types[i], 0);
		struct cache_key test = key_of("test", types[i], 0);

		assert_int_equal(look(cache, &bank, 0), CACHE_NONE);
		assert_int_equal(look(cache, &test, 0), CACHE_NONE);
	}
	cache_get_figures(cache, &f);
	assert_int_equal(f.entries, 1);
}

/* An answer to another question than the key's is not taken, whoever mixed them up. */
static void test_wrong_question(void **state)
{
	struct cache_key k = key_of("b.test", DNS_TYPE_A, 0), aaaa = key_of("a.test", 28, 0),
			 longer = key_of("aa.test", DNS_TYPE_A, 0);

	(void)state;
	assert_int_equal(put_address(cache, &k, "a.test", 60, 0), CACHE_NOT_STORED);
	assert_int_equal(put_address(cache, &aaaa, "a.test", 60, 0), CACHE_NOT_STORED);
	assert_int_equal(put_address(cache, &longer, "a.test", 60, 0), CACHE_NOT_STORED);
	assert_int_equal(look(cache, &k, 0), CACHE_NONE);
}

static void test_flags_apart(void **state)
{
	static const unsigned flags[] = { 0, CACHE_KEY_DO, CACHE_KEY_CD,
		CACHE_KEY_DO | CACHE_KEY_CD };
	struct cache_key other;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct cache_key k = key_of("a.test", DNS_TYPE_A, flags[i]);

		assert_int_equal(look(cache, &k, 0), CACHE_NONE);
		assert_int_equal(put_address(cache, &k, "a.test", 60, 0), CACHE_STORED);
		for (unsigned j = 0; j < 4; j++) {
			other = key_of("a.test", DNS_TYPE_A, flags[j]);
			assert_int_equal(is_there(cache, &other, 0), j <= i);
		}
	}
	other = key_of("a.test", DNS_TYPE_A, 0);
	assert_true(is_there(cache, &other, 0));
	cache_key_make(&other, secret,
		&(struct dns_question){ (const uint8_t *)"\1a\4test", 8, DNS_TYPE_A, DNS_CLASS_IN },
		0, 2);
	assert_int_equal(other.name_len, 8);
	assert_int_equal(look(cache, &other, 0), CACHE_NONE); /* another policy */
}

/* Names are octets: dots, zeros and letters of other alphabets mean nothing (threats A10, A11). */
static void test_names_are_octets(void **state)
{
	static const char *const names[] = { "bank.test", "bank\\.test", "bank\\000x.test",
		"a\\000.test", "a.test", "\\200.test", "\\160.test", "\\192.test", "\\224.test",
		"[.test", "{.test", "@.test", "`.test", ".", "test", "*.test" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct cache_key k = key_of(names[i], DNS_TYPE_A, 0);

		expect_int(names[i], look(cache, &k, 0), CACHE_NONE);
		expect_int(names[i], put_address(cache, &k, names[i], 60, 0), CACHE_STORED);
	}
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct cache_key k = key_of(names[i], DNS_TYPE_A, 0);

		expect(names[i], is_there(cache, &k, 0));
	}
}

static void test_letters(void **state)
{
	struct cache_key k = key_of("wWw.tEsT", DNS_TYPE_A, 0),
			 same = key_of("www.test", DNS_TYPE_A, 0);
	struct asker a;

	(void)state;
	assert_true(cache_key_equal(&k, &same));
	assert_int_equal(put_address(cache, &k, "WwW.TeSt", 60, 0), CACHE_STORED);
	asker_init(&a, "wwW.TesT", DNS_TYPE_A);
	assert_int_not_equal(fresh(&same, &a, 0), 0);
	assert_memory_equal(out + 12, "\3wwW\4TesT\0", 10);
}

/* A name that leads through a TTL would change with it: such an answer is not kept. */
static void test_names_in_ttls(void **state)
{
	static const struct {
		const char *row, *records;
		enum cache_stored stored;
	} rows[] = {
		{ "into the question",
			"c00c 0001 0001 0000012c 0004 c0000201 c00e 0002 0001 00000064 0002 c00c",
			CACHE_STORED },
		{ "into RDATA",
			"c00c 0005 0001 0000012c 0004 0178c00c c024 0001 0001 00000064 0004 "
			"01020304",
			CACHE_STORED },
		{ "an owner into a TTL",
			"c00c 0001 0001 00016100 0004 c0000201 c01f 0001 0001 00000064 0004 "
			"01020304",
			CACHE_NOT_STORED },
		{ "RDATA into a TTL",
			"c00c 0001 0001 00016100 0004 c0000201 c00c 0002 0001 00000064 0002 c01f",
			CACHE_NOT_STORED },
		{ "a run through a TTL",
			"c00c 0001 0001 00000064 0004 c0000201 c01b 0001 0001 00000064 "
			"0004 01020304",
			CACHE_NOT_STORED },
	};
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t buf[200];
		size_t len = hex_bytes("0001 8180 0001 0002 0000 0000 0161 0474657374 00 0001 0001",
			buf, sizeof buf);
		struct dns_message m;

		len += hex_bytes(rows[i].records, buf + len, sizeof buf - len);
		if (message_parse(buf, len, &m) != MESSAGE_OK)
			fail_msg("%s: malformed", rows[i].row);
		cache_flush(cache, &(struct cache_filter){ 0 });
		expect_int(rows[i].row, put_message(cache, &k, buf, len, 0), rows[i].stored);
	}
}

/* ------------------------------------------------------------------ replacing */

static void test_replaced(void **state)
{
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct asker a;
	struct cache_figures f;

	(void)state;
	asker_init(&a, "a.test", DNS_TYPE_A);
	put_address(cache, &k, "a.test", 60, 0);
	put_address(cache, &k, "a.test", 300, 10);
	assert_int_equal(ttl_at(out, fresh(&k, &a, 10), 0), 300);
	cache_get_figures(cache, &f);
	assert_int_equal(f.entries, 1);
	assert_int_equal(f.stored, 2);
	/* A good answer that can't be kept makes what was known outdated. */
	assert_int_equal(put_address(cache, &k, "a.test", 0, 20), CACHE_REMOVED);
	assert_int_equal(look(cache, &k, 20), CACHE_NONE);
	assert_int_equal(put_address(cache, &k, "a.test", 0, 20), CACHE_NOT_STORED);
	cache_get_figures(cache, &f);
	assert_int_equal(f.entries, 0);
	assert_int_equal(f.octets, 0);
}

static void test_servfail(void **state)
{
	static const uint32_t lives[] = { 1, 2, 4, 5, 5 };
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
	struct cache_key cd = key_of("a.test", DNS_TYPE_A, CACHE_KEY_CD);
	struct asker a;
	uint32_t now = 100;
	size_t len;

	(void)state;
	asker_init(&a, "a.test", DNS_TYPE_A);
	for (unsigned i = 0; i < COUNT_OF(lives); i++) {
		assert_int_equal(
			put_rcode(cache, &k, "a.test", 2, "000f 0002 0016", now), CACHE_STORED);
		len = fresh(&k, &a, now + lives[i] - 1);
		assert_int_not_equal(len, 0);
		assert_int_equal(out[3] & 15, 2);
		assert_int_equal(ede_of(out, len, 0), EDE_CACHED_ERROR);
		assert_int_equal(ede_of(out, len, 1), 22);
		assert_int_equal(look(cache, &cd, now), CACHE_NONE);
		now += lives[i];
		assert_int_equal(look(cache, &k, now), CACHE_NONE); /* never stale */
	}
	now += 100; /* not in a row */
	put_rcode(cache, &k, "a.test", 2, NULL, now);
	assert_int_equal(look(cache, &k, now + 1), CACHE_NONE);
	put_address(cache, &k, "a.test", 60, now + 1);
	put_address(cache, &k, "a.test", 60, now + 1);
	assert_true(is_there(cache, &k, now + 1));
}

static const struct {
	const char *name;
	unsigned rcode;
	const char *options;
	bool keeps;
} renewals[] = {
	{ "SERVFAIL", 2, NULL, true },
	{ "SERVFAIL, EDE 22", 2, "000f 0002 0016", true },
	{ "SERVFAIL, bogus", 2, "000f 0002 0006", false },
	{ "SERVFAIL, blocked", 2, "000f 0002 000f", false },
	{ "REFUSED", 5, NULL, true },
	{ "FORMERR", 1, NULL, true },
	{ "NXDOMAIN without SOA", 3, NULL, false },
	{ "no data without SOA", 0, NULL, false },
};

/* What an answer does to one that is stale, or fresh still (RFC 8767 4). */
static void test_renewals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(renewals) * 2; i++) {
		size_t row = i / 2;
		uint32_t now = i % 2 ? 1000 : 10; /* stale, fresh */
		struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);
		struct cache_hit h;

		put_address(cache, &k, "a.test", 300, 0);
		put_rcode(cache, &k, "a.test", renewals[row].rcode, renewals[row].options, now);
		if (!renewals[row].keeps) {
			struct asker a;

			asker_init(&a, "a.test", DNS_TYPE_A);
			if (hit(cache, &k, &a, now, CACHE_FRESH, out, sizeof out))
				expect_int(renewals[row].name, out[3] & 15, 2);
			expect(renewals[row].name, look(cache, &k, now) != CACHE_STALE);
			continue;
		}
		expect_int(renewals[row].name, cache_find(cache, &k, false, now, &h),
			i % 2 ? CACHE_STALE : CACHE_FRESH);
		expect_int(renewals[row].name, h.resting, i % 2);
		cache_release(&h);
	}
}

static void test_stale(void **state)
{
	static const struct rec soa = { DNS_AUTHORITY, 6, 60, SOA_60, "test" };
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0), nx = key_of("nx.test", DNS_TYPE_A, 0);
	struct cache_hit h;
	struct asker a;
	size_t len;

	(void)state;
	put_address(cache, &k, "a.test", 60, 0);
	assert_int_equal(look(cache, &k, 59), CACHE_FRESH);
	assert_int_equal(look(cache, &k, 60), CACHE_STALE);
	assert_int_equal(look(cache, &k, 60 + DAY - 1), CACHE_STALE);
	assert_int_equal(look(cache, &k, 60 + DAY), CACHE_NONE);
	cache_rest(cache, &k, 70, 5);
	assert_int_equal(cache_find(cache, &k, false, 74, &h), CACHE_STALE);
	assert_true(h.resting && h.stale);
	assert_int_equal(h.ttl_s, CACHE_STALE_TTL_S);
	cache_release(&h);
	assert_int_equal(cache_find(cache, &k, false, 75, &h), CACHE_STALE);
	assert_false(h.resting);
	cache_release(&h);
	store(&nx, "nx.test", DNS_TYPE_A, OK_FLAGS | 3, &soa, 1, NULL, 0);
	asker_init(&a, "nx.test", DNS_TYPE_A);
	len = stale(&nx, &a, 60);
	assert_int_equal(ede_of(out, len, 0), EDE_STALE_NXDOMAIN);
	assert_int_equal(out[3] & 15, 3);
}

static void test_never_stale(void **state)
{
	struct cache *c = new_cache(MB, 0);
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);

	(void)state;
	put_address(c, &k, "a.test", 60, 0);
	assert_int_equal(look(c, &k, 59), CACHE_FRESH);
	assert_int_equal(look(c, &k, 60), CACHE_NONE);
	assert_int_equal(put_rcode(c, &k, "a.test", 2, NULL, 60), CACHE_STORED);
	cache_free(c);
}

/* ------------------------------------------------------------------ prefetch */

static bool almost_old(const struct cache_key *k, uint32_t now, bool take)
{
	struct cache_hit h;
	bool old;

	assert_int_equal(cache_find(cache, k, false, now, &h), CACHE_FRESH);
	old = h.almost_old;
	if (old && take)
		cache_note_refresh(&h);
	cache_release(&h);
	return old;
}

static void test_almost_old(void **state)
{
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0);

	(void)state;
	put_address(cache, &k, "a.test", 100, 0);
	assert_false(almost_old(&k, 95, true)); /* the first hit */
	assert_false(almost_old(&k, 89, true)); /* the second, not in the last tenth */
	assert_true(almost_old(&k, 90, false));
	assert_true(almost_old(&k, 90, true));
	assert_false(almost_old(&k, 91, true)); /* it is on its way */
	put_address(cache, &k, "a.test", 100, 92);
	assert_false(almost_old(&k, 185, true));
	assert_true(almost_old(&k, 185, true));
	put_address(cache, &k, "a.test", 59, 200); /* too short a life */
	for (unsigned i = 0; i < 5; i++)
		assert_false(almost_old(&k, 258, true));
	put_address(cache, &k, "a.test", 60, 300);
	assert_false(almost_old(&k, 359, true));
	assert_true(almost_old(&k, 359, true));
}

/* ------------------------------------------------------------------ flushing */

static const char *const flushed[] = { "a.test", "b.a.test", "c.b.a.test", "xa.test", "test",
	"b\\.a.test", "." };

static void fill(void)
{
	for (size_t i = 0; i < COUNT_OF(flushed); i++) {
		struct cache_key k = key_of(flushed[i], DNS_TYPE_A, 0);
		struct cache_key dnssec = key_of(flushed[i], DNS_TYPE_A, CACHE_KEY_DO);

		put_address(cache, &k, flushed[i], 60, 0);
		put_address(cache, &dnssec, flushed[i], 60, 0);
	}
}

static void assert_left(const char *row, const char *left)
{
	for (size_t i = 0; i < COUNT_OF(flushed); i++) {
		struct cache_key k = key_of(flushed[i], DNS_TYPE_A, CACHE_KEY_DO);

		expect_int(row, is_there(cache, &k, 0), left[i] == '1');
	}
}

static void flush_by(const char *row, const char *text, bool below, size_t count, const char *left)
{
	uint8_t name[DNS_NAME_MAX];
	struct cache_filter f = { .name = name, .below = below };

	fill();
	assert_int_not_equal(name_from_text(text, name), 0);
	expect_int(row, cache_flush(cache, &f), count);
	assert_left(row, left);
}

static void put_as(const char *name, bool trusted)
{
	uint8_t buf[300];
	struct cache_key k = key_of(name, DNS_TYPE_A, 0);
	size_t len = build_answer(buf, sizeof buf, name, DNS_TYPE_A, OK_FLAGS, &address, 1, NULL);
	struct dns_message m = parsed(buf, len);

	assert_int_equal(
		cache_store(cache, &k, &(struct cache_answer){ &m, trusted, true }, 0), CACHE_STORED);
}

static void test_flush_untrusted(void **state)
{
	struct cache_filter f = { .untrusted = true };
	struct cache_key proven = key_of("proven.test", DNS_TYPE_A, 0);
	struct cache_key other = key_of("other.test", DNS_TYPE_A, 0);

	(void)state;
	put_as("proven.test", true);
	put_as("other.test", false);
	f.has_policy = true;
	f.policy = 2;
	assert_int_equal(cache_flush(cache, &f), 0);
	f.policy = 1;
	assert_int_equal(cache_flush(cache, &f), 1);
	assert_true(is_there(cache, &proven, 0));
	assert_false(is_there(cache, &other, 0));
	put_as("other.test", false);
	assert_int_equal(cache_flush(cache, &(struct cache_filter){ .untrusted = true }), 1);
	assert_true(is_there(cache, &proven, 0));
}

static void test_flush(void **state)
{
	struct cache_filter f = { 0 };
	struct cache_figures figures;

	(void)state;
	flush_by("a name", "A.TEST", false, 2, "0111111");
	flush_by("a zone", "a.test", true, 6, "0001111");
	flush_by("test and below", "test", true, 12, "0000001");
	flush_by("a name that is not there", "b.test", true, 0, "1111111");
	flush_by("the root", ".", true, 14, "0000000");
	fill();
	f.has_policy = true;
	f.policy = 2;
	assert_int_equal(cache_flush(cache, &f), 0);
	f.policy = 1;
	assert_int_equal(cache_flush(cache, &f), 14);
	assert_left("policy", "0000000");
	fill();
	f = (struct cache_filter){ 0 };
	assert_int_equal(cache_flush(cache, &f), 14);
	assert_left("all", "0000000");
	cache_get_figures(cache, &figures);
	assert_int_equal(figures.entries, 0);
	assert_int_equal(figures.octets, 0);
	fill();
	assert_left("filled again", "1111111");
}

/* ------------------------------------------------------------------ over a restart */

struct other {
	struct cache *cache;
	uint32_t now;
	unsigned count;
};

static void copy_over(void *arg, const struct cache_item *item)
{
	struct other *o = arg;
	struct dns_message m = parsed(item->message, item->len);
	struct cache_answer a = { &m, item->trusted, item->ad_asked };
	struct cache_key k;

	cache_key_make(&k, cache_secret(o->cache), &m.question, item->key.flags, item->key.policy);
	o->count += cache_restore(o->cache, &k, &a, item->left_s, o->now) == CACHE_STORED;
}

static void test_walk(void **state)
{
	static const struct rec recs[] = { { DNS_ANSWER, 5, DAY, "0162c00c", NULL },
		{ DNS_ANSWER, DNS_TYPE_A, 500, NULL, "b.a.test" },
		{ DNS_AUTHORITY, 2, 3600, "026e73c00c", NULL } };
	struct cache_key k = key_of("a.test", DNS_TYPE_A, 0),
			 old = key_of("old.test", DNS_TYPE_A, 0),
			 bad = key_of("bad.test", DNS_TYPE_A, 0);
	struct other o = { new_cache(MB, 1000), 77, 0 };
	uint8_t again[2000];
	struct asker a;
	size_t len;

	(void)state;
	store(&k, "a.test", DNS_TYPE_A, OK_FLAGS | DNS_AD, recs, 3, NULL, 0);
	put_address(cache, &old, "old.test", 10, 0);
	put_rcode(cache, &bad, "bad.test", 2, NULL, 99);
	cache_walk(cache, 100, copy_over, &o);
	assert_int_equal(o.count, 2);
	asker_init(&a, "a.test", DNS_TYPE_A);
	a.form.flags |= DNS_AD;
	len = fresh(&k, &a, 100);
	assert_int_equal(hit(o.cache, &k, &a, 77, CACHE_FRESH, again, sizeof again), len);
	assert_memory_equal(again, out, len);
	assert_int_equal(ttl_at(out, len, 0), 400);
	assert_int_equal(look(o.cache, &k, 77 + 399), CACHE_FRESH);
	assert_int_equal(look(o.cache, &k, 77 + 400), CACHE_STALE);
	assert_int_equal(look(o.cache, &old, 77), CACHE_STALE);
	assert_int_equal(look(o.cache, &old, 77 + 909), CACHE_STALE);
	assert_int_equal(look(o.cache, &old, 77 + 910), CACHE_NONE);
	cache_free(o.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_bytes, begin, end),
		cmocka_unit_test_setup_teardown(test_ttls_are_one, begin, end),
		cmocka_unit_test_setup_teardown(test_countdown, begin, end),
		cmocka_unit_test_setup_teardown(test_opt_in_the_middle, begin, end),
		cmocka_unit_test_setup_teardown(test_limits, begin, end),
		cmocka_unit_test_setup_teardown(test_largest, begin, end),
		cmocka_unit_test_setup_teardown(test_ad, begin, end),
		cmocka_unit_test_setup_teardown(test_ad_not_asked, begin, end),
		cmocka_unit_test_setup_teardown(test_ede, begin, end),
		cmocka_unit_test_setup_teardown(test_strangers, begin, end),
		cmocka_unit_test_setup_teardown(test_wrong_question, begin, end),
		cmocka_unit_test_setup_teardown(test_flags_apart, begin, end),
		cmocka_unit_test_setup_teardown(test_names_are_octets, begin, end),
		cmocka_unit_test_setup_teardown(test_letters, begin, end),
		cmocka_unit_test_setup_teardown(test_names_in_ttls, begin, end),
		cmocka_unit_test_setup_teardown(test_replaced, begin, end),
		cmocka_unit_test_setup_teardown(test_servfail, begin, end),
		cmocka_unit_test_setup_teardown(test_renewals, begin, end),
		cmocka_unit_test_setup_teardown(test_stale, begin, end),
		cmocka_unit_test_setup_teardown(test_never_stale, begin, end),
		cmocka_unit_test_setup_teardown(test_almost_old, begin, end),
		cmocka_unit_test_setup_teardown(test_flush, begin, end),
		cmocka_unit_test_setup_teardown(test_flush_untrusted, begin, end),
		cmocka_unit_test_setup_teardown(test_walk, begin, end) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
