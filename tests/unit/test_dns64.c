#include "common/local/dns64.h"

#include "tests/unit/build.h"
#include "tests/unit/local_case.h"

static struct prefix prefix_of(const char *text)
{
	struct prefix p = { 0 };

	expect(text, prefix_parse(text, &p));
	return p;
}

/* RFC 6052 2.4: 192.0.2.33 in each length. */
static const struct {
	const char *prefix, *address;
} vectors[] = {
	{ "2001:db8::/32", "2001:db8:c000:221::" },
	{ "2001:db8:100::/40", "2001:db8:1c0:2:21::" },
	{ "2001:db8:122::/48", "2001:db8:122:c000:2:2100::" },
	{ "2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::" },
	{ "2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100:0" },
	{ "2001:db8:122:344::/96", "2001:db8:122:344::c000:221" },
	{ "64:ff9b::/96", "64:ff9b::c000:221" },
};

static void test_embed(void **state)
{
	static const uint8_t ip4[] = { 192, 0, 2, 33 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		struct prefix p = prefix_of(vectors[i].prefix);
		uint8_t made[16], wanted[16];

		assert_int_equal(inet_pton(AF_INET6, vectors[i].address, wanted), 1);
		dns64_embed(&p, ip4, made);
		expect(vectors[i].prefix, memcmp(made, wanted, 16) == 0);
	}
}

/* Records as "SECTION TYPE TTL HEX", owners are the question's name. */
struct row {
	enum dns_section section;
	uint16_t type;
	uint32_t ttl;
	const char *rdata;
};

#define SOA(minimum) "02 6e73 c00c 01 68 c00c 00000001 00000002 00000003 00000004 " minimum

static uint8_t bytes[70000];

static struct dns_message message(uint16_t flags, const struct row *rows, size_t count)
{
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct dns_message m;

	put_header(&w, 1, flags, 1);
	put_question(&w, "x.example", DNS_TYPE_AAAA);
	for (size_t i = 0; i < count; i++) {
		uint8_t octets[300];
		size_t len = hex_bytes(rows[i].rdata, octets, sizeof octets);

		count_record(&w, rows[i].section);
		wire_write16(&w, 0xc00c);
		wire_write16(&w, rows[i].type);
		wire_write16(&w, DNS_CLASS_IN);
		wire_write32(&w, rows[i].ttl);
		wire_write16(&w, (uint16_t)len);
		wire_write(&w, octets, len);
	}
	assert_false(w.bad);
	assert_int_equal(message_parse(bytes, w.pos, &m), MESSAGE_OK);
	return m;
}

static void check_wanted(const char *name, uint16_t flags, struct row row, long wanted)
{
	struct dns_message m = message(flags, &row, row.rdata != NULL);
	uint32_t ttl = 12345;
	bool is = dns64_wanted(&m, &ttl);

	expect_int(name, is, wanted >= 0);
	if (is)
		expect_int(name, ttl, wanted);
}

static void test_wanted(void **state)
{
	(void)state;
	check_wanted("empty", 0x8180, (struct row){ 0 }, DNS64_TTL_MAX);
	check_wanted("NXDOMAIN", 0x8183, (struct row){ 0 }, -1);
	check_wanted("SERVFAIL", 0x8182, (struct row){ 0 }, DNS64_TTL_MAX);
	check_wanted("an address", 0x8180, (struct row){ 0, 28, 60, "20010db8 00*12" }, -1);
	check_wanted("a mapped address", 0x8180, (struct row){ 0, 28, 60, "00*10 ffff 0a000001" },
		DNS64_TTL_MAX);
	check_wanted("an alias", 0x8180, (struct row){ 0, 5, 60, "01 79 c00c" }, DNS64_TTL_MAX);
	check_wanted("SOA, minimum", 0x8180, (struct row){ 1, 6, 900, SOA("0000003c") }, 60);
	check_wanted("SOA, TTL", 0x8180, (struct row){ 1, 6, 30, SOA("0000003c") }, 30);
	check_wanted("SOA, negative TTL", 0x8180, (struct row){ 1, 6, 0x80000000u, SOA("0000003c") }, 0);
	check_wanted("empty SOA", 0x8180, (struct row){ 1, 6, 30, "" }, DNS64_TTL_MAX);
}

static const char *made_text_of(const char *prefix, const struct dns_message *m, uint32_t ttl_max)
{
	static struct local_reply r;
	struct prefix p = prefix_of(prefix);
	struct wire_name n;

	if (!dns64_make(&p, m, ttl_max, &r) && !dns64_none(m, &r))
		return "as it is";
	return reply_text(&r, wire_name_into(&n, "x.example"), DNS_TYPE_AAAA);
}

static const char *made_text(const struct dns_message *m, uint32_t ttl_max)
{
	return made_text_of("2001:db8:64::/96", m, ttl_max);
}

/* RFC 6052 3.1: whoever runs a NAT64 for all knows nothing of such addresses. */
static void test_well_known_prefix(void **state)
{
	static const char *const others[] = { "00000000", "0a000001", "64400001", "647fffff", "7f000001", "a9fe0001",
		"ac100001", "ac1fffff", "c0000001", "c0000201", "c0a80001", "c6120001", "c613ffff", "c6336401", "cb007101",
		"e0000001", "f0000001", "ffffffff" };
	static const char *const global[] = { "09090909", "0b000001", "64800001", "643fffff", "ac200001", "ac0fffff",
		"c0000101", "c0a90001", "c6140001", "dfffffff" };
	struct row mixed[] = { { 0, 1, 60, "0a000001" }, { 0, 1, 60, "09090909" } };
	struct dns_message m;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		m = message(0x8180, &(struct row){ 0, 1, 60, others[i] }, 1);
		expect(others[i], !strstr(made_text_of("64:ff9b::/96", &m, 60), "AAAA"));
		expect(others[i], strstr(made_text_of("64:ff9b:1::/96", &m, 60), "AAAA") != NULL);
	}
	for (size_t i = 0; i < COUNT_OF(global); i++) {
		m = message(0x8180, &(struct row){ 0, 1, 60, global[i] }, 1);
		expect(global[i], strstr(made_text_of("64:ff9b::/96", &m, 60), "AAAA") != NULL);
	}
	m = message(0x8180, mixed, 2);
	assert_string_equal(made_text_of("64:ff9b::/96", &m, 60), "NOERROR; answer 60 x.example. AAAA 64:ff9b::909:909");
}

static void test_make(void **state)
{
	static const struct row two[] = { { 0, 1, 300, "c0000201" }, { 0, 1, 20, "c6120001" },
		{ 0, 46, 300, "00*20" }, { 2, 1, 300, "0a000001" } };
	static const struct row alias[] = { { 0, 5, 40, "01 79 c00e" }, { 0, 1, 300, "c0000201" } };
	static const struct row none[] = { { 0, 5, 40, "01 79 c00e" }, { 1, 6, 900, SOA("0000003c") } };
	struct dns_message m = message(0x8180, two, 4);

	(void)state;
	assert_string_equal(made_text(&m, 100),
		"NOERROR; answer 100 x.example. AAAA 2001:db8:64::c000:201; "
		"answer 20 x.example. AAAA 2001:db8:64::c612:1");
	m = message(0x8180, alias, 2);
	assert_string_equal(made_text(&m, 600),
		"NOERROR; answer 40 x.example. CNAME y.example.; "
		"answer 300 x.example. AAAA 2001:db8:64::c000:201");
	m = message(0x8180, none, 2);
	assert_string_equal(made_text(&m, 600),
		"NOERROR; answer 40 x.example. CNAME y.example.; "
		"authority 900 x.example. SOA ns.x.example.");
	m = message(0x8182, two, 1);
	assert_string_equal(made_text(&m, 600), "as it is");
}

/* More addresses than there is room for: as many as fit, and no harm. */
static void test_too_many(void **state)
{
	static struct row rows[2000];
	static struct local_reply r;
	struct prefix p = prefix_of("2001:db8:64::/96");
	struct dns_message m;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		rows[i] = (struct row){ 0, 1, 60, "c0000201" };
	m = message(0x8180, rows, COUNT_OF(rows));
	assert_true(dns64_make(&p, &m, 60, &r));
	assert_false(r.records.bad);
	assert_in_range(r.counts[DNS_ANSWER], 500, 1999);
}

static const struct {
	const char *address, *prefix; /* NULL: none is found */
} discoveries[] = {
	{ "64:ff9b::c000:aa", "64:ff9b::/96" },
	{ "64:ff9b::c000:ab", "64:ff9b::/96" },
	{ "2001:db8:c000:aa::", "2001:db8::/32" },
	{ "2001:db8:1c0:0:aa::", "2001:db8:100::/40" },
	{ "2001:db8:122:c000:0:aa00::", "2001:db8:122::/48" },
	{ "2001:db8:122:3c0:0:aa::", "2001:db8:122:300::/56" },
	{ "2001:db8:122:344:c0:0:aa00:0", "2001:db8:122:344::/64" },
	{ "64:ff9b::c000:a9", NULL },
	{ "2001:db8::1", NULL },
};

static void test_discover(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(discoveries); i++) {
		uint8_t octets[16];
		char hex[40], text[ADDR_TEXT_MAX];
		struct row row = { 0, 28, 77, hex };
		struct prefix found = { 0 };
		struct dns_message m;
		uint32_t ttl = 0;
		bool is;

		assert_int_equal(inet_pton(AF_INET6, discoveries[i].address, octets), 1);
		for (size_t k = 0; k < 16; k++)
			snprintf(hex + 2 * k, 3, "%02x", octets[k]);
		m = message(0x8180, &row, 1);
		is = dns64_discover(&m, &found, &ttl);
		expect_int(discoveries[i].address, is, discoveries[i].prefix != NULL);
		if (!is)
			continue;
		assert_string_equal(prefix_text(&found, text), discoveries[i].prefix);
		assert_int_equal(ttl, 77);
	}
}

/* Each vector's reverse name leads back; what is not quite in the prefix does not. */
static void test_reverse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		struct prefix p = prefix_of(vectors[i].prefix), other = prefix_of("2001:db8:ffff::/48");
		uint8_t ip6[16], name[DNS_NAME_MAX], back[DNS_NAME_MAX];
		char text[DNS_NAME_TEXT_MAX];
		struct suffixes x;
		size_t len;

		assert_int_equal(inet_pton(AF_INET6, vectors[i].address, ip6), 1);
		len = records_reverse(ip6, 16, name);
		suffixes_of(key, name, len, &x);
		expect(vectors[i].prefix, dns64_reverse(&p, &x, back) > 0);
		assert_string_equal(name_text(back, text, sizeof text), "33.2.0.192.in-addr.arpa.");
		assert_int_equal(dns64_reverse(&other, &x, back), 0);
		ip6[8] = 1; /* bits 64 to 71 are zero, or part of the address in none of these but /96 */
		len = records_reverse(ip6, 16, name);
		suffixes_of(key, name, len, &x);
		assert_int_equal(dns64_reverse(&p, &x, back), 0);
	}
	struct prefix p = prefix_of("64:ff9b::/96");
	uint8_t back[DNS_NAME_MAX];

	assert_int_equal(dns64_reverse(&p, &wire_name("1.0.0.127.in-addr.arpa")->suffixes, back), 0);
	assert_int_equal(dns64_reverse(&p, &wire_name("b.9.f.f.4.6.0.0.ip6.arpa")->suffixes, back), 0);
	assert_int_equal(dns64_reverse(&p, &wire_name(".")->suffixes, back), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_embed),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_well_known_prefix),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_discover),
		cmocka_unit_test(test_reverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
