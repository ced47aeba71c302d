#include "proxy/resolve/private.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"

#include <stdbool.h>

static const char *const ranges[] = { "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16",
	"172.16.0.0/12", "192.168.0.0/16", "::/128", "::1/128", "fc00::/7", "fe80::/10" };

/* A record, and whether it points inside. */
static const struct {
	const char *name;
	uint16_t type;
	const char *rdata;
	bool private;
} rows[] = {
	{ "10/8", 1, "0a000001", true }, { "10/8, last", 1, "0affffff", true }, { "9/8", 1, "09ffffff", false },
	{ "11/8", 1, "0b000000", false }, { "0.0.0.0", 1, "00000000", true }, { "127.0.0.1", 1, "7f000001", true },
	{ "169.254", 1, "a9fe0101", true }, { "172.15", 1, "ac0fffff", false }, { "172.16", 1, "ac100000", true },
	{ "172.31", 1, "ac1fffff", true }, { "172.32", 1, "ac200000", false }, { "192.168", 1, "c0a80101", true },
	{ "198.18.0.1", 1, "c6120001", false },
	{ "::", 28, "00*16", true }, { "::1", 28, "00*15 01", true }, { "::2", 28, "00*15 02", false },
	{ "fd00::1", 28, "fd 00*14 01", true }, { "fe80::1", 28, "fe80 00*13 01", true },
	{ "febf::", 28, "febf 00*14", true }, { "fec0::", 28, "fec0 00*14", false },
	{ "2001:db8::1", 28, "20010db8 00*11 01", false },
	{ "::ffff:10.0.0.1", 28, "00*10 ffff 0a000001", true },
	{ "::ffff:192.0.2.1", 28, "00*10 ffff c0000201", false },
	{ "64:ff9b::192.168.1.1", 28, "0064ff9b 00*8 c0a80101", true },
	{ "64:ff9b::192.0.2.1", 28, "0064ff9b 00*8 c0000201", false },
	{ "2002:c0a8:0101::", 28, "2002 c0a80101 00*10", true },
	{ "2002:c000:0201::", 28, "2002 c0000201 00*10", false },
	{ "empty A", 1, "", false }, { "A of five octets", 1, "0a00000000", false },
	{ "empty AAAA", 28, "", false },
	{ "TXT with such octets", 16, "04 0a000001", false },
	{ "HTTPS, no hints", 65, "0001 00 0001 0003 026832", false },
	{ "HTTPS, ipv4hint", 65, "0001 00 0004 0004 0a000001", true },
	{ "HTTPS, ipv4hint outside", 65, "0001 00 0004 0004 c0000201", false },
	{ "HTTPS, the second ipv4hint", 65, "0001 00 0004 0008 c0000201 c0a80101", true },
	{ "HTTPS, ipv6hint", 65, "0001 00 0006 0010 fd 00*14 01", true },
	{ "HTTPS, mapped ipv6hint", 65, "0001 00 0006 0010 00*10 ffff 7f000001", true },
	{ "HTTPS, both, the second inside", 65,
		"0001 00 0004 0004 c0000201 0006 0020 20010db8 00*11 01 fe80 00*13 01", true },
	{ "SVCB with a target", 64, "0001 0161 0162 00 0001 0003 026832 0004 0004 7f000001", true },
	{ "SVCB, alias", 64, "0000 0161 00", false },
	{ "SVCB, empty", 64, "", false },
	{ "SVCB, cut in a value", 64, "0001 00 0004 0008 0a000001", false },
	{ "SVCB, cut in a key", 64, "0001 00 00", false },
	{ "SVCB, hint of three octets", 64, "0001 00 0004 0003 0a0000", false },
	{ "SVCB, another key with such octets", 64, "0001 00 0005 0004 0a000001", false },
};

static size_t count;
static struct prefix prefixes[COUNT_OF(ranges)];

static int setup(void **state)
{
	(void)state;
	for (count = 0; count < COUNT_OF(ranges); count++)
		assert_true(prefix_parse(ranges[count], &prefixes[count]));
	return 0;
}

/* A message with these records of one section each, of an exact length. */
static bool is_private(const char *name, const uint16_t *types, const char *const *rdata,
	const enum dns_section *sections, size_t records)
{
	uint8_t bytes[1000], octets[300], *copy;
	struct wire_writer w = wire_writer(bytes, sizeof bytes);
	struct dns_message m;
	bool found;

	put_header(&w, 1, 0x8180, 1);
	put_question(&w, "rebind.example", 1);
	for (size_t i = 0; i < records; i++) {
		size_t len = hex_bytes(rdata[i], octets, sizeof octets);

		count_record(&w, sections[i]);
		wire_write16(&w, 0xc00c);
		put_fixed(&w, types[i], (uint16_t)len);
		wire_write(&w, octets, len);
	}
	copy = exact_copy(bytes, w.pos);
	expect_int(name, message_parse(copy, w.pos, &m), MESSAGE_OK);
	found = private_in_answer(prefixes, count, &m);
	free(copy);
	return found;
}

static void test_records(void **state)
{
	static const enum dns_section section[] = { DNS_ANSWER };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(rows[i].name,
			is_private(rows[i].name, &rows[i].type, &rows[i].rdata, section, 1),
			rows[i].private);
}

/* One of them is enough, wherever it stands. */
static void test_mixed(void **state)
{
	static const uint16_t types[] = { 1, 28, 1 };
	static const char *const rdata[] = { "c0000201", "20010db8 00*11 01", "0a000001" };
	static const enum dns_section answer[] = { DNS_ANSWER, DNS_ANSWER, DNS_ANSWER };
	static const enum dns_section spread[] = { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };

	(void)state;
	assert_false(is_private("two", types, rdata, answer, 2));
	assert_true(is_private("three", types, rdata, answer, 3));
	assert_true(is_private("glue", types, rdata, spread, 3));
	assert_false(is_private("none", types, rdata, answer, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_mixed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
