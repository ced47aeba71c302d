#include "common/dns/record_text.h"

#include "common/dns/ede.h"
#include "tests/unit/hex.h"

#include "tests/unit/cm.h"

/* One answer about a.b; its owner is a pointer to the question. */
#define HEAD(type) "0001 8180 0001 0001 0000 0000 0161 0162 00 " type " 0001 c00c " type " 0001 0000012c "

static const struct {
	const char *name, *hex, *text;
} rows[] = {
	{ "A", HEAD("0001") "0004 c0000201", "192.0.2.1" },
	{ "AAAA", HEAD("001c") "0010 20010db8 00*11 01", "2001:db8::1" },
	{ "CNAME, compressed", HEAD("0005") "0002 c00e", "b." },
	{ "MX", HEAD("000f") "0005 000a 0163 00", "10 c." },
	{ "SRV", HEAD("0021") "0009 0001 0002 01bb 0163 00", "1 2 443 c." },
	{ "SOA", HEAD("0006") "001a 016e 00 0168 00 00000001 00000002 00000003 00000004 ffffffff",
		"n. h. 1 2 3 4 4294967295" },
	{ "TXT", HEAD("0010") "0008 02 6122 00 03 5c07ff", "\"a\\\"\" \"\" \"\\\\\\007\\255\"" },
	{ "NAPTR", HEAD("0023") "000f 0001 0002 0173 0453495032 00 0163 00", "1 2 \"s\" \"SIP2\" \"\" c." },
	{ "CAA", HEAD("0101") "000b 00 05 6973737565 63612e78", "0 issue \"ca.x\"" },
	{ "CAA whose tag is too long", HEAD("0101") "0004 00 09 6973", "0 is \"\"" },
	{ "DS", HEAD("002b") "0006 3039 0d 02 abcd", "12345 13 2 abcd" },
	{ "TLSA", HEAD("0034") "0005 03 01 01 abcd", "3 1 1 abcd" },
	{ "HTTPS, alias", HEAD("0041") "0005 0000 0163 00", "0 c." },
	{ "HTTPS", HEAD("0041") "0020 0001 00 0001 0006 02 6832 02 6833 0003 0002 01bb 0004 0004 c0000201 fff0 0001 22",
		"1 . alpn=\"h2,h3\" port=443 ipv4hint=192.0.2.1 key65520=\"\\\"\"" },
	{ "HTTPS whose value is too long", HEAD("0041") "0009 0001 00 fff0 0009 61 62", "1 . key65520=\"ab\"" },
	{ "unknown", HEAD("ff00") "0003 010203", "\\# 3 010203" },
	{ "empty", HEAD("0001") "0000", "\\# 0" },
};

static void test_data(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[300];
		size_t len = hex_bytes(rows[i].hex, bytes, sizeof bytes);
		uint8_t *copy = exact_copy(bytes, len);
		struct dns_message m;
		struct record_walk w;
		struct dns_record r;
		char text[300], owner[RECORD_NAME_TEXT_MAX];

		expect_int(rows[i].name, message_parse(copy, len, &m), MESSAGE_OK);
		w = record_walk(&m);
		expect(rows[i].name, record_next(&w, &r));
		assert_string_equal(record_data_text(&m, &r, text, sizeof text), rows[i].text);
		assert_string_equal(record_owner_text(&m, &r, owner), "a.b.");
		assert_int_equal(record_ttl(&m, &r), 300);
		/* Whatever the room: it is cut, and ended. */
		for (size_t size = 1; size <= strlen(rows[i].text); size++) {
			char *small = malloc(size);

			record_data_text(&m, &r, small, size);
			expect_int(rows[i].name, strlen(small), size - 1);
			free(small);
		}
		free(copy);
	}
}

static void test_types(void **state)
{
	static const struct {
		const char *text;
		unsigned type;
	} types[] = { { "A", 1 }, { "aaaa", 28 }, { "CAA", 257 }, { "TYPE1", 1 }, { "type65535", 65535 },
		{ "TYPE65536", 0 }, { "TYPE0", 0 }, { "TYPE", 0 }, { "TYPE1x", 0 }, { "TYPE-1", 0 }, { "", 0 },
		{ "AA", 0 }, { "1", 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++)
		expect_int(types[i].text, type_from_text(types[i].text), types[i].type);
	assert_string_equal(ede_meaning(3), "Stale Answer");
	assert_string_equal(ede_meaning(30), "Invalid Query Type");
	assert_string_equal(ede_meaning(31), "unassigned");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
