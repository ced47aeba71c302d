#include "common/dns/edns.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"

/* example.com A with the OPT of the hex: CLASS, TTL, RDLENGTH, options. */
#define QUERY "1234 0120 0001 0000 0000 0001 076578616d706c6503636f6d00 0001 0001 00 0029 "

static uint8_t bytes[70000];

static void parse(const char *hex, struct dns_message *ret)
{
	size_t len = hex_bytes(hex, bytes, sizeof bytes);

	expect_int(hex, message_parse(bytes, len, ret), MESSAGE_OK);
}

static const struct {
	const char *name;
	const char *hex;
	uint16_t udp_size;
	uint8_t extended_rcode, version;
	bool dnssec_ok, bad_options, padding;
} fixed[] = {
	{ "plain", QUERY "04d0 00000000 0000", 1232, 0, 0, false, false, false },
	{ "size 0", QUERY "0000 00000000 0000", 512, 0, 0, false, false, false },
	{ "size 511", QUERY "01ff 00000000 0000", 512, 0, 0, false, false, false },
	{ "size 512", QUERY "0200 00000000 0000", 512, 0, 0, false, false, false },
	{ "size 65535", QUERY "ffff 00000000 0000", 65535, 0, 0, false, false, false },
	{ "DO", QUERY "1000 00008000 0000", 4096, 0, 0, true, false, false },
	{ "all flags but DO", QUERY "1000 00007fff 0000", 4096, 0, 0, false, false, false },
	{ "version 255", QUERY "1000 00ff0000 0000", 4096, 0, 255, false, false, false },
	{ "extended RCODE", QUERY "1000 17000000 0000", 4096, 0x17, 0, false, false, false },
	{ "padding", QUERY "1000 00000000 0005 000c0001 00", 4096, 0, 0, false, false, true },
	{ "empty padding", QUERY "1000 00000000 0004 000c0000", 4096, 0, 0, false, false, true },
	{ "one octet of options", QUERY "1000 00000000 0001 00", 4096, 0, 0, false, true, false },
	{ "option header cut", QUERY "1000 00000000 0003 000c00", 4096, 0, 0, false, true, false },
	{ "option overruns", QUERY "1000 00000000 0005 000c0002 00", 4096, 0, 0, false, true,
		false },
	{ "option overruns by far", QUERY "1000 00000000 0004 000cffff", 4096, 0, 0, false, true,
		false },
	{ "kept before the broken one", QUERY "1000 00000000 0007 000c0000 000c00", 4096, 0, 0,
		false, true, true },
	{ "padding behind the broken one", QUERY "1000 00000000 0008 004d0005 000c0000", 4096, 0, 0,
		false, true, false },
};

static void test_fixed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(fixed); i++) {
		struct dns_message m;
		struct edns e;

		parse(fixed[i].hex, &m);
		memset(&e, 0xaa, sizeof e);
		edns_parse(&m, false, &e);
		expect(fixed[i].name, e.present);
		expect_int(fixed[i].name, e.udp_size, fixed[i].udp_size);
		expect_int(fixed[i].name, e.extended_rcode, fixed[i].extended_rcode);
		expect_int(fixed[i].name, e.version, fixed[i].version);
		expect_int(fixed[i].name, e.dnssec_ok, fixed[i].dnssec_ok);
		expect_int(fixed[i].name, e.bad_options, fixed[i].bad_options);
		expect_int(fixed[i].name, e.padding, fixed[i].padding);
		expect(fixed[i].name, !e.keepalive && !e.keepalive_bad);
		for (unsigned k = 0; k < EDNS_COPIED; k++)
			expect(fixed[i].name, e.copied[k].len == 0 && !e.copied[k].data);
	}
}

static void test_none(void **state)
{
	static const struct edns zero;
	struct dns_message m;
	struct edns e;
	struct edns_option o;
	size_t pos = 0;

	(void)state;
	parse("1234 0100 0001 0000 0000 0000 00 0001 0001", &m);
	memset(&e, 0xaa, sizeof e);
	edns_parse(&m, false, &e);
	assert_false(e.present);
	assert_int_equal(e.udp_size, zero.udp_size);
	assert_false(e.dnssec_ok || e.bad_options || e.keepalive || e.padding);
	assert_null(e.copied[0].data);
	assert_false(edns_next_option(&m, &pos, &o));
}

/* RFC 7828 3.2: empty from a client, two octets from a server. */
static void test_keepalive(void **state)
{
	static const struct {
		const char *name;
		const char *hex;
		bool from_upstream, bad;
		uint16_t timeout;
	} cases[] = {
		{ "empty in a query", QUERY "1000 00000000 0004 000b0000", false, false, 0 },
		{ "two octets in a query", QUERY "1000 00000000 0006 000b0002 04d2", false, true,
			0 },
		{ "one octet in a query", QUERY "1000 00000000 0005 000b0001 04", false, true, 0 },
		{ "two octets in an answer", QUERY "1000 00000000 0006 000b0002 04d2", true, false,
			1234 },
		{ "zero in an answer", QUERY "1000 00000000 0006 000b0002 0000", true, false, 0 },
		{ "empty in an answer", QUERY "1000 00000000 0004 000b0000", true, true, 0 },
		{ "three octets in an answer", QUERY "1000 00000000 0007 000b0003 04d200", true,
			true, 0 },
		{ "the first counts", QUERY "1000 00000000 000c 000b0002 0001 000b0002 0002", true,
			false, 1 },
		{ "the first counts, bad", QUERY "1000 00000000 000a 000b0000 000b0002 0002", true,
			true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct dns_message m;
		struct edns e;

		parse(cases[i].hex, &m);
		edns_parse(&m, cases[i].from_upstream, &e);
		expect(cases[i].name, e.keepalive);
		expect_int(cases[i].name, e.keepalive_bad, cases[i].bad);
		expect_int(cases[i].name, e.keepalive_timeout, cases[i].timeout);
		expect(cases[i].name, !e.bad_options);
	}
}

/* Captured queries (standards.md 25.7): which options are copied. */
static void test_copied(void **state)
{
	static const struct {
		const char *name;
		const char *hex;
		const char *want[EDNS_COPIED]; /* DAU, DHU, N3U, key-tag; NULL: absent */
	} cases[] = {
		{ "DAU", QUERY "1000 00008000 0006 000500020607", { "0607" } },
		{ "all three", QUERY "1000 00008000 000f 00050001fd 000600010200 07000101",
			{ "fd", "02", "01" } },
		{ "key tags", QUERY "1000 00008000 0008 000e00047530ea60",
			{ NULL, NULL, NULL, "7530ea60" } },
		{ "the first of two", QUERY "1000 00008000 000a 0005000106 0005000107", { "06" } },
		{ "an empty one counts as the first",
			QUERY "1000 00008000 0009 00050000 0005000107", { "" } },
		{ "NSID", QUERY "1000 00000000 0004 00030000", { NULL } },
		{ "client subnet", QUERY "1000 00000000 000b 0008000700011800c00002", { NULL } },
		{ "cookie", QUERY "1000 00000000 000c 000a0008a954d29208767b5c", { NULL } },
		{ "unknown option 77", QUERY "1000 00000000 0008 004d0004deadbeef", { NULL } },
		{ "neighbours of the codes", QUERY "1000 00008000 000c 00040000 000d0000 000f0000",
			{ NULL } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		static const uint16_t codes[EDNS_COPIED] = { 5, 6, 7, 14 };
		struct dns_message m;
		struct edns e;

		parse(cases[i].hex, &m);
		edns_parse(&m, false, &e);
		expect(cases[i].name, !e.bad_options);
		for (unsigned k = 0; k < EDNS_COPIED; k++) {
			expect(cases[i].name, !e.copied[k].data == !cases[i].want[k]);
			if (!cases[i].want[k])
				continue;
			expect_int(cases[i].name, e.copied[k].code, codes[k]);
			assert_hex(
				cases[i].name, e.copied[k].data, e.copied[k].len, cases[i].want[k]);
		}
	}
}

/* RFC 7873 5.2: the first counts, and only lengths 8 and 16 to 40 are legal, in both directions. */
static void test_cookie(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= 70; len++) {
		for (unsigned more = 0; more < 2; more++) {
			char hex[200], row[40];
			struct dns_message m;
			struct edns e;

			snprintf(row, sizeof row, "%u octets, %u more", len, more);
			snprintf(hex, sizeof hex, QUERY "1000 00000000 %04x 000a %04x 77*%u %s",
				4 + len + 12 * more, len, len, more ? "000a0008 88*8" : "");
			parse(hex, &m);
			edns_parse(&m, more, &e);
			expect_int(row, e.cookie.len, len);
			expect(row, e.cookie.data && !e.bad_options);
			expect(row, len == 0 || e.cookie.data[0] == 0x77);
			expect_int(row, e.cookie_bad, !(len == 8 || (len >= 16 && len <= 40)));
			edns_ignore_cookie(&e);
			expect(row, !e.cookie.data && !e.cookie_bad);
		}
	}
}

static void test_next_option(void **state)
{
	struct dns_message m;
	struct edns_option o;
	size_t pos = 0;

	(void)state;
	parse(QUERY "1000 00000000 000d 000a0003 010203 ffff0000 000c", &m);
	assert_true(edns_next_option(&m, &pos, &o));
	assert_int_equal(o.code, 10);
	assert_hex("first", o.data, o.len, "010203");
	assert_true(edns_next_option(&m, &pos, &o));
	assert_int_equal(o.code, 65535);
	assert_int_equal(o.len, 0);
	assert_int_equal(pos, 11);
	assert_false(edns_next_option(&m, &pos, &o));
	assert_int_equal(pos, 11);
}

/* A query with `count` options of this code and length. */
static size_t build_many(unsigned count, uint16_t first_code, uint16_t codes, uint16_t len)
{
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	size_t rdlen;

	put_header(&w, 0x1234, 0x0120, 1);
	put_question(&w, ".", DNS_TYPE_A);
	put_opt(&w, "");
	rdlen = w.pos - 2;
	for (unsigned i = 0; i < count; i++) {
		wire_write16(&w, (uint16_t)(first_code + i % codes));
		wire_write16(&w, len);
		wire_zero(&w, len);
	}
	assert_false(w.bad);
	wire_put16(bytes + rdlen, (uint16_t)(w.pos - rdlen - 2));
	return w.pos;
}

/* A26: each is read in one pass; the number of steps is the number of options. */
static void test_many(void **state)
{
	static const struct {
		const char *name;
		unsigned count;
		uint16_t first_code, codes, len;
	} cases[] = {
		{ "16,000 empty ones", 16000, 3, 1, 0 },
		{ "16,000 of 13 codes", 16000, 3, 13, 0 },
		{ "500 COOKIE, 500 KEEPALIVE, 500 PADDING", 1500, 10, 3, 8 },
		{ "500 NSID, 500 unknown, 500 DAU", 1500, 3, 3, 39 },
		{ "one of 65,000", 1, 12, 1, 65000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t len = build_many(
			cases[i].count, cases[i].first_code, cases[i].codes, cases[i].len);
		struct edns_option o;
		struct dns_message m;
		struct edns e;
		unsigned steps = 0;
		size_t pos = 0;

		expect_int(cases[i].name, message_parse(bytes, len, &m), MESSAGE_OK);
		while (edns_next_option(&m, &pos, &o))
			steps++;
		expect_int(cases[i].name, steps, cases[i].count);
		edns_parse(&m, false, &e);
		expect(cases[i].name, !e.bad_options);
		expect_int(cases[i].name, e.padding, cases[i].first_code + cases[i].codes > 12);
	}
}

static void test_write(void **state)
{
	uint8_t out[64];
	struct wire_writer w = wire_writer(out, sizeof out);
	size_t at;

	(void)state;
	memset(out, 0xee, sizeof out);
	wire_write8(&w, 0x77);
	at = edns_begin(&w, 1232, 1, true);
	edns_option(&w, EDNS_COOKIE, "\1\2\3", 3);
	edns_option(&w, EDNS_KEEPALIVE, NULL, 0);
	edns_end(&w, at);
	assert_false(w.bad);
	assert_int_equal(at, 10);
	assert_hex("with options", out, w.pos,
		"77 00 0029 04d0 01 00 8000 000b 000a0003010203 000b0000");
}

static void test_write_minimum(void **state)
{
	uint8_t out[EDNS_OPT_MIN];
	struct wire_writer w = wire_writer(out, sizeof out);

	(void)state;
	edns_end(&w, edns_begin(&w, 512, 0, false));
	assert_false(w.bad);
	assert_hex("minimum", out, w.pos, "00 0029 0200 00 00 0000 0000");
}

/* Every size that is too small makes the writer bad and writes nothing behind it. */
static void test_write_without_room(void **state)
{
	(void)state;
	for (size_t cap = 0; cap <= 18; cap++) {
		uint8_t out[20];
		struct wire_writer w = wire_writer(out, cap);
		size_t at;

		memset(out, 0xee, sizeof out);
		at = edns_begin(&w, 1232, 0, false);
		edns_option(&w, EDNS_COOKIE, "\1\2\3", 3);
		edns_end(&w, at);
		assert_int_equal(w.bad, cap < 18);
		for (size_t i = cap; i < sizeof out; i++)
			assert_int_equal(out[i], 0xee);
	}
}

static void test_write_too_long(void **state)
{
	static uint8_t out[140000], data[65536];
	struct wire_writer w = wire_writer(out, sizeof out);
	size_t at = edns_begin(&w, 1232, 0, false);

	(void)state;
	edns_option(&w, 1, data, 65535);
	assert_false(w.bad);
	edns_end(&w, at); /* 65539 octets of options */
	assert_true(w.bad);

	w = wire_writer(out, sizeof out);
	at = edns_begin(&w, 1232, 0, false);
	edns_option(&w, 1, data, 65531);
	edns_end(&w, at);
	assert_false(w.bad);
	assert_int_equal(wire_get16(out + at), 65535);

	w = wire_writer(out, sizeof out);
	edns_option(&w, 1, data, 65536);
	assert_true(w.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_copied),
		cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_next_option),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_minimum),
		cmocka_unit_test(test_write_without_room),
		cmocka_unit_test(test_write_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
