#include <string.h>

#include "common/dns/rewrite.h"

#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

#define EXAMPLE_COM "076578616d706c6503636f6d00 0001 0001 "

static const uint8_t example_com[] = "\7example\3com";

/* An EDNS client that asks for example.com A over UDP. */
static struct client_form client(uint16_t flags)
{
	return (struct client_form){
		.id = 0x1234,
		.flags = flags,
		.has_question = true,
		.question = { .name = example_com, .name_len = 13, .type = 1, .class = 1 },
		.edns = true,
		.udp_size = 1232,
		.limit = 1232,
		.keepalive = -1,
	};
}

static const struct ede no_reason = { EDE_NONE, NULL };

static const struct {
	const char *name;
	uint16_t flags;
	unsigned rcode;
	struct ede ede;
	const char *want;
} rows[] = {
	/* standards.md 25.4 */
	{ "SERVFAIL and EDE 23", 0x0100, 2, { EDE_NETWORK_ERROR, NULL },
		"123481820001000000000001" EXAMPLE_COM "00002904d0000000000006000f00020017" },
	{ "REFUSED and EDE 20 for RD=0", 0x0000, 5, { EDE_NOT_AUTHORITATIVE, NULL },
		"123480850001000000000001" EXAMPLE_COM "00002904d0000000000006000f00020014" },
	{ "BADVERS", 0x0100, 16, { EDE_NONE, NULL },
		"123481000001000000000001" EXAMPLE_COM "00002904d0010000000000" },
	{ "BADCOOKIE", 0x0100, 23, { EDE_NONE, NULL },
		"123481870001000000000001" EXAMPLE_COM "00002904d0010000000000" },
	{ "opcode 15", 0x7800, 4, { EDE_NONE, NULL }, "1234f8040000000000000000" },
	{ "DSO", 0x3000, 4, { EDE_NONE, NULL }, "1234b0040000000000000000" },

	{ "NOTIMP: the other opcode's flags do not go back", 0x2ff0, 4, { EDE_NOT_SUPPORTED, "x" },
		"1234a8040000000000000000" },
	{ "NOTIMP of a type: the reason goes along", 0x0100, 4, { EDE_NOT_SUPPORTED, NULL },
		"123481840001000000000001" EXAMPLE_COM "00002904d0000000000006000f00020015" },
	{ "FORMERR", 0x0100, 1, { EDE_NONE, NULL },
		"123481810001000000000001" EXAMPLE_COM "00002904d0000000000000" },
	{ "NOERROR", 0x0100, 0, { EDE_NONE, NULL },
		"123481800001000000000001" EXAMPLE_COM "00002904d0000000000000" },
	{ "CD goes back; AA, TC, Z, AD, RCODE do not", 0x077f, 2, { EDE_NONE, NULL },
		"123481920001000000000001" EXAMPLE_COM "00002904d0000000000000" },
	{ "EDE 0 is a reason", 0x0100, 2, { EDE_OTHER, NULL },
		"123481820001000000000001" EXAMPLE_COM "00002904d0000000000006000f00020000" },
	{ "with text", 0x0100, 2, { EDE_NETWORK_ERROR, "abc" },
		"123481820001000000000001" EXAMPLE_COM
		"00002904d0000000000009000f0005 0017 616263" },
	{ "with empty text", 0x0100, 2, { EDE_NETWORK_ERROR, "" },
		"123481820001000000000001" EXAMPLE_COM "00002904d0000000000006000f00020017" },
	{ "text without a reason is not written", 0x0100, 2, { EDE_NONE, "abc" },
		"123481820001000000000001" EXAMPLE_COM "00002904d0000000000000" },
	{ "text is cleaned", 0x0100, 2, { EDE_NETWORK_ERROR, "a\nb" },
		"123481820001000000000001" EXAMPLE_COM
		"00002904d0000000000009000f0005 0017 613f62" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct client_form c = client(rows[i].flags);
		uint8_t out[256];
		size_t len = rewrite_error(&c, rows[i].rcode, rows[i].ede, out, sizeof out);

		assert_hex(rows[i].name, out, len, rows[i].want);
	}
}

/* Without OPT: four bits of RCODE and no reason. */
static void test_without_edns(void **state)
{
	static const struct {
		unsigned rcode;
		const char *want;
	} cases[] = {
		{ 2, "123481820001000000000000" EXAMPLE_COM },
		{ 1, "123481810001000000000000" EXAMPLE_COM },
		{ 15, "1234818f0001000000000000" EXAMPLE_COM },
		{ 16, "123481820001000000000000" EXAMPLE_COM },
		{ 23, "123481820001000000000000" EXAMPLE_COM },
		{ 4, "123481840001000000000000" EXAMPLE_COM },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct client_form c = client(0x0100);
		struct ede reason = { EDE_OTHER, "why" };
		uint8_t out[256];
		size_t len;

		c.edns = false;
		len = rewrite_error(&c, cases[i].rcode, reason, out, sizeof out);
		assert_hex(rcode_text(cases[i].rcode), out, len, cases[i].want);
	}
}

static void test_without_question(void **state)
{
	struct client_form c = client(0x0100);
	uint8_t out[256];
	size_t len;

	(void)state;
	c.has_question = false;
	len = rewrite_error(&c, 1, no_reason, out, sizeof out);
	assert_hex("with OPT", out, len, "123481810000000000000001 00002904d0000000000000");
	c.edns = false;
	len = rewrite_error(&c, 1, no_reason, out, sizeof out);
	assert_hex("bare", out, len, "123481810000000000000000");
}

static void test_opt_of_reply(void **state)
{
	struct client_form c = client(0x0100);
	struct ede reason = { EDE_PROHIBITED, NULL };
	uint8_t out[256];
	size_t len;

	(void)state;
	c.dnssec_ok = true;
	c.keepalive = 100;
	c.udp_size = 4096;
	len = rewrite_error(&c, 5, reason, out, sizeof out);
	assert_hex("DO, keepalive, size", out, len,
		"123481850001000000000001" EXAMPLE_COM
		"0000291000 0000 8000 000c 000b0002 0064 000f0002 0012");
	c.keepalive = 0; /* finish and close: RFC 7828 3.2.2 */
	len = rewrite_error(&c, 5, no_reason, out, sizeof out);
	assert_hex("keepalive 0", out, len,
		"123481850001000000000001" EXAMPLE_COM "0000291000 0000 8000 0006 000b0002 0000");
}

/* RFC 9018 A.1 */
static const uint8_t cookies[24] = "\x24\x64\xc4\xab\xcf\x10\xc9\x57\1\0\0\0\x5c\xf7\x9f\x11"
				   "\x1f\x81\x30\xc3\xee\xe2\x94\x80";
#define COOKIE_HEX "000a0018 2464c4abcf10c957 01000000 5cf79f11 1f8130c3eee29480"

static void test_cookie(void **state)
{
	struct client_form c = client(0x0100);
	struct ede reason = { EDE_NETWORK_ERROR, "abc" };
	uint8_t out[256];

	(void)state;
	c.has_cookie = true;
	memcpy(c.cookie, cookies, sizeof cookies);
	/* standards.md 25.4 */
	assert_hex("BADCOOKIE", out, rewrite_error(&c, 23, no_reason, out, sizeof out),
		"123481870001000000000001" EXAMPLE_COM "00002904d001000000001c" COOKIE_HEX);
	c.keepalive = 100;
	assert_hex("with keepalive and reason", out, rewrite_error(&c, 2, reason, out, sizeof out),
		"123481820001000000000001" EXAMPLE_COM "00002904d000000000002b" COOKIE_HEX
		"000b0002 0064 000f0005 0017 616263");
	c.has_question = false;
	c.keepalive = -1;
	assert_hex("cookie-only", out, rewrite_error(&c, 0, no_reason, out, sizeof out),
		"123481800000000000000001 00002904d000000000001c" COOKIE_HEX);
	c.edns = false; /* no OPT, nothing in it */
	assert_hex("without OPT", out, rewrite_error(&c, 1, no_reason, out, sizeof out),
		"123481810000000000000000");
}

/* standards.md 25.4; no longer than the query. */
static void test_truncated(void **state)
{
	struct client_form c = client(0x0100);
	uint8_t out[256];

	(void)state;
	assert_hex("EDNS", out, rewrite_truncated(&c, out, sizeof out),
		"123483800001000000000001" EXAMPLE_COM "00002904d0000000000000");
	assert_int_equal(rewrite_truncated(&c, out, 40), 40);
	assert_int_equal(rewrite_truncated(&c, out, 39), 0);
	c.flags = 0x0110;
	c.edns = false;
	assert_hex("plain, CD", out, rewrite_truncated(&c, out, sizeof out),
		"123483900001000000000000" EXAMPLE_COM);
}

/* The text is cut to fit, then goes, then the reason, then OPT and question. */
static void test_limits(void **state)
{
	static const char text[] =
		"0123456789 and \xe2\x82\xac more than two hundred octets: "
		"................................................................"
		"................................................................"
		"................................................................";
	const struct ede reason = { EDE_NETWORK_ERROR, text };

	(void)state;
	for (size_t room = 0; room <= 300; room++) {
		struct client_form c = client(0x0100);
		uint8_t out[320], by_cap[320];
		size_t len, want_text = room > 46 ? room - 46 : 0;

		if (want_text > EDE_TEXT_MAX)
			want_text = EDE_TEXT_MAX;
		if (want_text == 16 || want_text == 17)
			want_text = 15; /* inside the euro sign */
		memset(out, 0xee, sizeof out);
		c.limit = room;
		len = rewrite_error(&c, 2, reason, out, room < 12 ? 12 : sizeof out);
		for (size_t i = room < 12 ? 12 : room; i < sizeof out; i++)
			assert_int_equal(out[i], 0xee);
		if (room < 40) {
			assert_hex("bare header", out, len, "123481820000000000000000");
		} else if (room < 46) {
			assert_hex("without reason", out, len,
				"123481820001000000000001" EXAMPLE_COM "00002904d0000000000000");
		} else {
			assert_int_equal(len, 46 + want_text);
			assert_memory_equal(out + 46, text, want_text);
		}
		c.limit = 1232; /* a small buffer does the same */
		memset(by_cap, 0xee, sizeof by_cap);
		if (room >= 12) {
			assert_int_equal(rewrite_error(&c, 2, reason, by_cap, room), len);
			assert_memory_equal(by_cap, out, len);
		} else {
			assert_int_equal(rewrite_error(&c, 2, reason, by_cap, room), 0);
		}
		for (size_t i = room; i < sizeof by_cap; i++)
			assert_int_equal(by_cap[i], 0xee);
	}
}

/* BADVERS needs the OPT; without room for it four bits must do. */
static void test_no_room_for_extended_rcode(void **state)
{
	struct client_form c = client(0x0100);
	uint8_t out[64];

	(void)state;
	assert_hex(
		"bare", out, rewrite_error(&c, 16, no_reason, out, 39), "123481820000000000000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_without_edns),
		cmocka_unit_test(test_without_question),
		cmocka_unit_test(test_opt_of_reply),
		cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_room_for_extended_rcode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
