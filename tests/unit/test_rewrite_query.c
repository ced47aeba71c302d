#include "common/dns/rewrite.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"

#define EXAMPLE_COM "076578616d706c6503636f6d00 0001 0001 "

static const uint8_t example_com[] = "\7example\3com";

/* RFC 9018 A.1 */
static const uint8_t cookies[24] = "\x24\x64\xc4\xab\xcf\x10\xc9\x57\1\0\0\0\x5c\xf7\x9f\x11"
				   "\x1f\x81\x30\xc3\xee\xe2\x94\x80";

static struct upstream_query query(void)
{
	return (struct upstream_query){
		.question = { .name = example_com, .name_len = 13, .type = 1, .class = 1 },
	};
}

static const struct {
	const char *name;
	struct upstream_form form;
	bool cd, ad, dnssec_ok;
	const char *want;
} rows[] = {
	/* standards.md 25.4 */
	{ "EDNS query", { .udp_size = 1232 }, false, false, false,
		"123401000001000000000001" EXAMPLE_COM "00002904d0000000000000" },
	{ "padded to 128", { .udp_size = 1232, .pad_block = 128 }, false, false, false,
		"123401000001000000000001" EXAMPLE_COM "00002904d0000000000058000c0054 00*84" },
	{ "subnet, keepalive, padding",
		{ .udp_size = 1232, .keepalive = true, .subnet_family = 1, .pad_block = 128 },
		false, false, false,
		"123401000001000000000001" EXAMPLE_COM "00002904d0000000000058"
		"0008000400010000 000b0000 000c0048 00*72" },

	{ "subnet, keepalive, client cookie, padding",
		{ .udp_size = 1232,
			.keepalive = true,
			.subnet_family = 1,
			.pad_block = 128,
			.cookie = cookies,
			.cookie_len = 8 },
		false, false, false,
		"123401000001000000000001" EXAMPLE_COM "00002904d0000000000058"
		"0008000400010000 000b0000 000a0008 2464c4abcf10c957 000c003c 00*60" },
	{ "subnet, keepalive, both cookies, padding",
		{ .udp_size = 1232,
			.keepalive = true,
			.subnet_family = 1,
			.pad_block = 128,
			.cookie = cookies,
			.cookie_len = 24 },
		false, false, false,
		"123401000001000000000001" EXAMPLE_COM "00002904d0000000000058"
		"0008000400010000 000b0000"
		"000a0018 2464c4abcf10c957 01000000 5cf79f11 1f8130c3eee29480 000c002c 00*44" },
	{ "a plain upstream: cookies, nothing else",
		{ .udp_size = 1232, .cookie = cookies, .cookie_len = 24 }, false, false, false,
		"123401000001000000000001" EXAMPLE_COM "00002904d000000000001c"
		"000a0018 2464c4abcf10c957 01000000 5cf79f11 1f8130c3eee29480" },

	{ "subnet over IPv6", { .udp_size = 4096, .subnet_family = 2 }, false, false, false,
		"123401000001000000000001" EXAMPLE_COM "0000291000000000000008 0008000400020000" },
	{ "keepalive alone", { .udp_size = 4096, .keepalive = true }, false, false, false,
		"123401000001000000000001" EXAMPLE_COM "0000291000000000000004 000b0000" },
	{ "CD", { .udp_size = 1232 }, true, false, false,
		"123401100001000000000001" EXAMPLE_COM "00002904d0000000000000" },
	{ "AD", { .udp_size = 1232 }, false, true, false,
		"123401200001000000000001" EXAMPLE_COM "00002904d0000000000000" },
	{ "DO", { .udp_size = 1232 }, false, false, true,
		"123401000001000000000001" EXAMPLE_COM "00002904d0000080000000" },
	{ "block of 44: nothing but the header", { .udp_size = 1232, .pad_block = 44 }, false,
		false, false,
		"123401000001000000000001" EXAMPLE_COM "00002904d0000000000004 000c0000" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct upstream_query q = query();
		uint8_t out[256];
		size_t len;

		q.checking_disabled = rows[i].cd;
		q.authentic_data = rows[i].ad;
		q.dnssec_ok = rows[i].dnssec_ok;
		len = rewrite_query(&q, &rows[i].form, 0x1234, out, sizeof out);
		assert_hex(rows[i].name, out, len, rows[i].want);
	}
}

/* Each row parses, with the OPT as the last record and padding as its last option. */
static void test_rows_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct upstream_query q = query();
		struct edns_option o = { 0 };
		struct dns_message m;
		uint8_t out[256];
		size_t len = rewrite_query(&q, &rows[i].form, 0xffff, out, sizeof out), pos = 0;

		expect_int(rows[i].name, message_parse(out, len, &m), MESSAGE_OK);
		expect_int(rows[i].name, m.opt + m.opt_len, len);
		expect_int(rows[i].name, m.id, 0xffff);
		while (edns_next_option(&m, &pos, &o))
			;
		expect_int(rows[i].name, pos, m.opt_len - EDNS_OPT_MIN);
		expect(rows[i].name, !rows[i].form.pad_block || o.code == EDNS_PADDING);
	}
}

/* The client's own options, captured (standards.md 25.7): only the four that must be are copied. */
static void test_copied(void **state)
{
	static const struct {
		const char *name;
		const char *options; /* of the client */
		const char *want;    /* OPT RDLENGTH and options to the upstream */
	} cases[] = {
		{ "DAU", "000500020607", "0006 000500020607" },
		{ "DAU, DHU, N3U", "00050001fd 000600010200 07000101",
			"000f 00050001fd 0006000102 0007000101" },
		{ "key tags", "000e00047530ea60", "0008 000e00047530ea60" },
		{ "first of two", "0005000106 0005000107", "0005 0005000106" },
		{ "empty", "00050000", "0000" },
		{ "subnet", "0008000700011800c00002", "0000" },
		{ "cookie", "000a0008a954d29208767b5c", "0000" },
		{ "NSID", "00030000", "0000" },
		{ "unknown", "004d0004deadbeef", "0000" },
		{ "padding", "000c0006000000000000", "0000" },
		{ "keepalive", "000b000204d2", "0000" },
		{ "device ids", "6942 0002 aabb fde9 0002 ccdd", "0000" },
		{ "512 octets", "000e0200 11*512", "0204 000e0200 11*512" },
		{ "513 octets", "000e0201 11*513", "0000" },
		{ "cookies in front of DAU", "000a000811*8 0005000108 000a000822*8",
			"0005 0005000108" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		static uint8_t in[2048], out[2048];
		struct wire_writer w = wire_writer(in, sizeof in);
		struct upstream_query q = query();
		const struct upstream_form form = { .udp_size = 1232 };
		struct dns_message m;
		struct edns e;
		size_t len;

		put_header(&w, 1, DNS_RD, 1);
		put_question(&w, "example.com", 1);
		put_opt(&w, cases[i].options);
		expect_int(cases[i].name, message_parse(in, w.pos, &m), MESSAGE_OK);
		edns_parse(&m, false, &e);
		q.copied = e.copied;
		len = rewrite_query(&q, &form, 1, out, sizeof out);
		expect(cases[i].name, len >= 40);
		assert_hex(cases[i].name, out + 38, len - 38, cases[i].want);
	}
}

/* Copied ones come first, padding last. */
static void test_order(void **state)
{
	const struct edns_option copied[EDNS_COPIED] = {
		{ EDNS_DAU, 1, (const uint8_t *)"\x08" },
		{ 0 },
		{ EDNS_N3U, 1, (const uint8_t *)"\x01" },
		{ EDNS_KEY_TAG, 2, (const uint8_t *)"\x4f\x66" },
	};
	const struct upstream_form form = { .udp_size = 4096, .keepalive = true, .subnet_family = 1, .pad_block = 64 };
	struct upstream_query q = query();
	uint8_t out[256];
	size_t len;

	(void)state;
	q.copied = copied;
	len = rewrite_query(&q, &form, 0x1234, out, sizeof out);
	assert_hex("order", out, len,
		"1234 0100 0001 0000 0000 0001" EXAMPLE_COM "00 0029 1000 00000000 0058"
		"0005000108 0007000101 000e00024f66 0008000400010000 000b0000 000c0038 00*56");
}

/* All that may be copied, the longest name, the largest block: UPSTREAM_QUERY_MAX is enough. */
static void test_longest(void **state)
{
	static uint8_t out[UPSTREAM_QUERY_MAX], name[DNS_NAME_MAX], data[EDNS_COPIED_MAX];
	struct edns_option copied[EDNS_COPIED];
	const struct upstream_form form = { .udp_size = 4096,
		.keepalive = true,
		.subnet_family = 2,
		.pad_block = 512,
		.cookie = data,
		.cookie_len = 40 };
	struct upstream_query q = { .question = { name, 255, 1, 1 }, .copied = copied };
	struct dns_message m;
	size_t len;

	(void)state;
	hex_bytes("3f 61*63 3f 61*63 3f 61*63 3d 61*61 00", name, sizeof name);
	for (unsigned i = 0; i < EDNS_COPIED; i++)
		copied[i] = (struct edns_option){ (uint16_t)(5 + i), EDNS_COPIED_MAX, data };
	len = rewrite_query(&q, &form, 1, out, sizeof out);
	assert_int_equal(len, 2560); /* 12 + 259 + 11 + 4 * 516 + 8 + 4 + 44 + 4, then to 512s */
	assert_int_equal(message_parse(out, len, &m), MESSAGE_OK);
}

/* Whatever length the cookie has, the size is a multiple of the block (design 4: padding last). */
static void test_padded_with_every_cookie(void **state)
{
	static const uint16_t blocks[] = { 16, 44, 128, 468, 512 };
	uint8_t cookie[40] = { 0 }, out[1024];

	(void)state;
	for (size_t b = 0; b < COUNT_OF(blocks); b++) {
		for (size_t len = 0; len <= sizeof cookie; len++) {
			const struct upstream_form form = { .udp_size = 1232,
				.pad_block = blocks[b],
				.cookie = cookie,
				.cookie_len = len };
			struct upstream_query q = query();

			assert_int_equal(
				rewrite_query(&q, &form, 1, out, sizeof out) % blocks[b], 0);
		}
	}
}

/* Too small a buffer: nothing.  Room that is too small for the padding only: less padding. */
static void test_room(void **state)
{
	const struct upstream_form form = { .udp_size = 1232, .pad_block = 128 };
	struct upstream_query q = query();

	(void)state;
	for (size_t cap = 0; cap <= 130; cap++) {
		size_t want = cap < 40 ? 0 : cap < 44 ? 40 : cap < 128 ? cap : 128, len;
		uint8_t out[140];
		struct dns_message m;

		memset(out, 0xee, sizeof out);
		len = rewrite_query(&q, &form, 1, out, cap);
		assert_int_equal(len, want);
		for (size_t i = cap; i < sizeof out; i++)
			assert_int_equal(out[i], 0xee);
		if (len)
			assert_int_equal(message_parse(out, len, &m), MESSAGE_OK);
	}
}

static void test_signed(void **state)
{
	static const uint8_t message[] = "\x99\x99\x01\x20\0\1\0\0\0\0\0\2\0\0\1\0\1 anything";
	const struct upstream_form form = { .udp_size = 4096, .keepalive = true, .subnet_family = 1, .pad_block = 128 };
	struct upstream_query q = query();
	uint8_t out[64];

	(void)state;
	q.signed_message = message;
	q.signed_len = sizeof message;
	assert_int_equal(rewrite_query(&q, &form, 0x1234, out, sizeof out), sizeof message);
	assert_int_equal(wire_get16(out), 0x1234);
	assert_memory_equal(out + 2, message + 2, sizeof message - 2);
	assert_int_equal(rewrite_query(&q, &form, 1, out, sizeof message - 1), 0);
	assert_int_equal(rewrite_query(&q, &form, 1, out, sizeof message), sizeof message);
	q.signed_len = 12;
	assert_int_equal(rewrite_query(&q, &form, 1, out, sizeof out), 12);
	q.signed_len = 11; /* no header */
	assert_int_equal(rewrite_query(&q, &form, 1, out, sizeof out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_parse),
		cmocka_unit_test(test_copied),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_padded_with_every_cookie),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
