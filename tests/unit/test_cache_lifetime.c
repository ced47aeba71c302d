#include "common/cache/lifetime.h"

#include "common/dns/ede.h"
#include "tests/unit/cache_case.h"

#define A_   DNS_TYPE_A
#define AN   DNS_ANSWER
#define AU   DNS_AUTHORITY
#define AD_  DNS_ADDITIONAL
#define DAY  86400u
#define NAME "a.test"

static const struct {
	const char *name;
	uint16_t type, flags;
	struct rec recs[4];
	const char *options;
	enum cache_kind kind;
	uint32_t ttl;
} rows[] = {
	{ "an address", A_, 0, { { AN, A_, 300, NULL, NULL } }, NULL, CACHE_POSITIVE, 300 },
	{ "TTL 1", A_, 0, { { AN, A_, 1, NULL, NULL } }, NULL, CACHE_POSITIVE, 1 },
	{ "TTL 0", A_, 0, { { AN, A_, 0, NULL, NULL } }, NULL, CACHE_GONE, 0 },
	{ "TTL 2^31-1 is cut", A_, 0, { { AN, A_, 0x7fffffff, NULL, NULL } }, NULL, CACHE_POSITIVE,
		DAY },
	{ "TTL 2^31 is none", A_, 0, { { AN, A_, 0x80000000, NULL, NULL } }, NULL, CACHE_GONE, 0 },
	{ "TTL 2^32-1 is none", A_, 0, { { AN, A_, 0xffffffff, NULL, NULL } }, NULL, CACHE_GONE,
		0 },
	{ "a day", A_, 0, { { AN, A_, DAY, NULL, NULL } }, NULL, CACHE_POSITIVE, DAY },
	{ "a second more", A_, 0, { { AN, A_, DAY + 1, NULL, NULL } }, NULL, CACHE_POSITIVE, DAY },
	{ "the smallest counts", A_, 0, { { AN, A_, DAY, NULL, NULL }, { AN, A_, 1, NULL, NULL } },
		NULL, CACHE_POSITIVE, 1 },
	{ "in authority, too", A_, 0, { { AN, A_, 60, NULL, NULL }, { AU, 2, 30, "00", NULL } },
		NULL, CACHE_POSITIVE, 30 },
	{ "in additional, too", A_, 0, { { AN, A_, 60, NULL, NULL }, { AD_, A_, 7, NULL, NULL } },
		NULL, CACHE_POSITIVE, 7 },
	{ "not in OPT", A_, 0, { { AN, A_, 60, NULL, NULL } }, "", CACHE_POSITIVE, 60 },
	{ "an alias and its address", A_, 0,
		{ { AN, 5, 60, "0162047465737400", NULL }, { AN, A_, 20, NULL, "b.test" } }, NULL,
		CACHE_POSITIVE, 20 },
	{ "an alias asked for", 5, 0, { { AN, 5, 60, "0162047465737400", NULL } }, NULL,
		CACHE_POSITIVE, 60 },
	{ "an alias to nothing", A_, 0,
		{ { AN, 5, 600, "0162047465737400", NULL }, { AU, 6, 600, SOA_60, "test" } }, NULL,
		CACHE_NEGATIVE, 60 },
	{ "an alias alone", A_, 0, { { AN, 5, 60, "0162047465737400", NULL } }, NULL, CACHE_GONE,
		0 },
	{ "ANY", DNS_TYPE_ANY, 0, { { AN, 13, 60, "075246433834383200", NULL } }, NULL,
		CACHE_POSITIVE, 60 },
	{ "NXDOMAIN", A_, 3, { { AU, 6, 3600, SOA_60, "test" } }, NULL, CACHE_NEGATIVE, 60 },
	{ "NXDOMAIN, SOA lives shorter", A_, 3, { { AU, 6, 30, SOA_60, "test" } }, NULL,
		CACHE_NEGATIVE, 30 },
	{ "NXDOMAIN with answers", A_, 3,
		{ { AN, A_, 300, NULL, NULL }, { AU, 6, 3600, SOA_60, "test" } }, NULL,
		CACHE_NEGATIVE, 60 },
	{ "NXDOMAIN for a week: three hours", A_, 3, { { AU, 6, 604800, SOA("00093a80"), "test" } },
		NULL, CACHE_NEGATIVE, CACHE_NEGATIVE_MAX_S },
	{ "NXDOMAIN, MINIMUM 0", A_, 3, { { AU, 6, 3600, SOA("00000000"), "test" } }, NULL,
		CACHE_GONE, 0 },
	{ "NXDOMAIN, MINIMUM 2^31", A_, 3, { { AU, 6, 3600, SOA("80000000"), "test" } }, NULL,
		CACHE_GONE, 0 },
	{ "NXDOMAIN without SOA", A_, 3, { { 0 } }, NULL, CACHE_GONE, 0 },
	{ "NXDOMAIN, SOA in the answer", A_, 3, { { AN, 6, 3600, SOA_60, "test" } }, NULL,
		CACHE_GONE, 0 },
	{ "NXDOMAIN, SOA without RDATA", A_, 3, { { AU, 6, 3600, "", "test" } }, NULL, CACHE_GONE,
		0 },
	{ "no data", A_, 0, { { AU, 6, 3600, SOA_60, "test" } }, NULL, CACHE_NEGATIVE, 60 },
	{ "no data, no SOA", A_, 0, { { 0 } }, NULL, CACHE_GONE, 0 },
	{ "a referral", A_, 0, { { AU, 2, 3600, "00", "test" } }, NULL, CACHE_GONE, 0 },
	{ "another type answered", A_, 0, { { AN, 16, 60, "0161", NULL } }, NULL, CACHE_GONE, 0 },
	{ "SERVFAIL", A_, 2, { { 0 } }, NULL, CACHE_FAILURE, 0 },
	{ "SERVFAIL with an address", A_, 2, { { AN, A_, 300, NULL, NULL } }, NULL, CACHE_FAILURE,
		0 },
	{ "SERVFAIL, EDE 22", A_, 2, { { 0 } }, "000f 0002 0016", CACHE_FAILURE, 0 },
	{ "SERVFAIL, bogus", A_, 2, { { 0 } }, "000f 0002 0006", CACHE_FINAL, 0 },
	{ "SERVFAIL, NSEC missing", A_, 2, { { 0 } }, "000f 0002 000c", CACHE_FINAL, 0 },
	{ "SERVFAIL, blocked", A_, 2, { { 0 } }, "000f 0002 000f", CACHE_FINAL, 0 },
	{ "SERVFAIL, EDE without code", A_, 2, { { 0 } }, "000f 0001 06", CACHE_FAILURE, 0 },
	{ "REFUSED", A_, 5, { { AN, A_, 300, NULL, NULL } }, NULL, CACHE_UNFIT, 0 },
	{ "FORMERR", A_, 1, { { AN, A_, 300, NULL, NULL } }, NULL, CACHE_UNFIT, 0 },
	{ "NOTIMP", A_, 4, { { AN, A_, 300, NULL, NULL } }, NULL, CACHE_UNFIT, 0 },
	{ "YXDOMAIN", A_, 6, { { AN, A_, 300, NULL, NULL } }, NULL, CACHE_UNFIT, 0 },
	{ "TC", A_, DNS_TC, { { AN, A_, 300, NULL, NULL } }, NULL, CACHE_UNFIT, 0 },
	{ "TC and NXDOMAIN", A_, DNS_TC | 3, { { AU, 6, 3600, SOA_60, "test" } }, NULL, CACHE_UNFIT,
		0 },
	{ "TC and SERVFAIL", A_, DNS_TC | 2, { { 0 } }, NULL, CACHE_UNFIT, 0 },
	{ "NOTIFY", A_, 4 << 11, { { AN, A_, 300, NULL, NULL } }, NULL, CACHE_UNFIT, 0 },
	{ "TKEY", DNS_TYPE_TKEY, 0, { { AN, DNS_TYPE_TKEY, 300, "00", NULL } }, NULL, CACHE_UNFIT,
		0 },
	{ "AXFR", DNS_TYPE_AXFR, 0, { { AN, 6, 300, SOA_60, NULL } }, NULL, CACHE_UNFIT, 0 },
	{ "type 65535", 65535, 0, { { AN, 65535, 300, "00", NULL } }, NULL, CACHE_POSITIVE, 300 },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t buf[1000];
		size_t count = 0;
		struct dns_message m;
		struct cache_lifetime life;

		while (count < 4 && rows[i].recs[count].type)
			count++;
		m = parsed(buf, build_answer(buf, sizeof buf, NAME, rows[i].type,
					(uint16_t)(OK_FLAGS | rows[i].flags), rows[i].recs, count,
					rows[i].options));
		life = cache_lifetime(&m, 0, DAY);
		expect_int(rows[i].name, life.kind, rows[i].kind);
		expect_int(rows[i].name, life.ttl_s, rows[i].ttl);
	}
}

static struct cache_lifetime with_bounds(
	const struct rec *rec, unsigned rcode, uint32_t min, uint32_t max)
{
	uint8_t buf[1000];
	struct dns_message m = parsed(buf, build_answer(buf, sizeof buf, NAME, A_,
						   (uint16_t)(OK_FLAGS | rcode), rec, 1, NULL));

	return cache_lifetime(&m, min, max);
}

static void test_bounds(void **state)
{
	static const struct rec address = { AN, A_, 300, NULL, NULL },
				zero = { AN, A_, 0, NULL, NULL },
				soa = { AU, 6, 600, SOA_60, "test" };

	(void)state;
	assert_int_equal(with_bounds(&address, 0, 600, DAY).ttl_s, 600);
	assert_int_equal(with_bounds(&address, 0, 200, DAY).ttl_s, 300);
	assert_int_equal(with_bounds(&address, 0, 0, 10).ttl_s, 10);
	assert_int_equal(with_bounds(&address, 0, 600, 10).ttl_s, 10);
	assert_int_equal(with_bounds(&address, 0, 0, 0).kind, CACHE_GONE);
	assert_int_equal(with_bounds(&zero, 0, 600, DAY).kind, CACHE_GONE);
	assert_int_equal(with_bounds(&soa, 3, 600, DAY).ttl_s, 60);
	assert_int_equal(with_bounds(&soa, 3, 0, 5).ttl_s, 5);
}

static void test_signed_and_extended(void **state)
{
	uint8_t buf[200];
	size_t len =
		hex_bytes("1234 8180 0001 0001 0000 0001 0161 0474657374 00 0001 0001"
			  "c00c 0001 0001 0000012c 0004 c0000201"
			  "00 00fa 00ff 00000000 0011 00 000000000001 012c 0000 4242 0000 0000",
			buf, sizeof buf);
	struct dns_message m;

	(void)state;
	m = parsed(buf, len);
	assert_true(m.has_signature);
	assert_int_equal(cache_lifetime(&m, 0, DAY).kind, CACHE_UNFIT);
	len = hex_bytes("1234 8180 0001 0001 0000 0001 0161 0474657374 00 0001 0001"
			"c00c 0001 0001 0000012c 0004 c0000201 00 0029 04d0 01000000 0000",
		buf, sizeof buf);
	m = parsed(buf, len);
	assert_int_equal(cache_lifetime(&m, 0, DAY).kind, CACHE_UNFIT);
	len = hex_bytes("1234 8180 0000 0000 0000 0000", buf, sizeof buf);
	m = parsed(buf, len);
	assert_int_equal(cache_lifetime(&m, 0, DAY).kind, CACHE_UNFIT);
}

static void test_failures(void **state)
{
	static const uint32_t want[] = { 1, 2, 4, 5, 5, 5 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(want); i++)
		assert_int_equal(cache_failure_s(i + 1), want[i]);
	assert_int_equal(cache_failure_s(255), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_signed_and_extended),
		cmocka_unit_test(test_failures) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
