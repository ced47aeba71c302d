#include "common/base/addr.h"

#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Default port 853; NULL: refused. */
static const struct {
	const char *text, *wanted;
} parse_rows[] = {
	{ "192.0.2.1", "192.0.2.1:853" },
	{ "192.0.2.1:53", "192.0.2.1:53" },
	{ "192.0.2.1@53", "192.0.2.1:53" },
	{ "192.0.2.1:65535", "192.0.2.1:65535" },
	{ "192.0.2.1:1", "192.0.2.1:1" },
	{ "2001:db8::1", "[2001:db8::1]:853" },
	{ "2001:DB8:0::1", "[2001:db8::1]:853" },
	{ "2001:db8::1@53", "[2001:db8::1]:53" },
	{ "2001:db8::1:53", "[2001:db8::1:53]:853" },
	{ "[2001:db8::1]", "[2001:db8::1]:853" },
	{ "[2001:db8::1]:53", "[2001:db8::1]:53" },
	{ "[2001:db8::1]@53", "[2001:db8::1]:53" },
	{ "::", "[::]:853" },
	{ "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:853" },
	{ "fe80::1%lo", "[fe80::1%lo]:853" },
	{ "[fe80::1%lo]:53", "[fe80::1%lo]:53" },
	{ "fe80::1%lo@53", "[fe80::1%lo]:53" },
	{ "fe80::1%1", "[fe80::1%lo]:853" },
	{ "fe80::1%4000000", "[fe80::1%4000000]:853" },

	{ "", NULL },
	{ ":53", NULL },
	{ "@53", NULL },
	{ "[]", NULL },
	{ "[]:53", NULL },
	{ "192.0.2.256", NULL },
	{ "192.0.2", NULL },
	{ "192.0.2.01", NULL },
	{ "192.0.2.1.", NULL },
	{ " 192.0.2.1", NULL },
	{ "192.0.2.1 ", NULL },
	{ "192.0.2.1:", NULL },
	{ "192.0.2.1@", NULL },
	{ "192.0.2.1:0", NULL },
	{ "192.0.2.1:65536", NULL },
	{ "192.0.2.1:99999999999999999999", NULL },
	{ "192.0.2.1:053", NULL },
	{ "192.0.2.1:+53", NULL },
	{ "192.0.2.1:-1", NULL },
	{ "192.0.2.1:5x", NULL },
	{ "192.0.2.1@53@53", NULL },
	{ "192.0.2.1:53:53", NULL },
	{ "[192.0.2.1]:53", NULL },
	{ "[2001:db8::1", NULL },
	{ "[2001:db8::1]53", NULL },
	{ "[2001:db8::1]:", NULL },
	{ "[2001:db8::1]:x", NULL },
	{ "2001:db8::1]:53", NULL },
	{ "2001:db8:::1", NULL },
	{ "2001:db8::1::", NULL },
	{ "12345::", NULL },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "2001:db8::1%lo", NULL },
	{ "192.0.2.1%lo", NULL },
	{ "fe80::1%", NULL },
	{ "fe80::1%0", NULL },
	{ "fe80::1%no-such-link", NULL },
	{ "fe80::1%99999999999", NULL },
	{ "localhost", NULL },
	{ "dns.quad9.net:53", NULL },
	{ "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	  "0",
		NULL },
};

static const struct {
	const char *text;
	bool wanted;
} destination_rows[] = {
	{ "192.0.2.1", true },
	{ "127.0.0.1", true },
	{ "223.255.255.255", true },
	{ "240.0.0.1", true },
	{ "2001:db8::1", true },
	{ "::1", true },
	{ "fe80::1%lo", true },
	{ "::ffff:192.0.2.1", true },
	{ "0.0.0.0", false },
	{ "0.0.0.1", false },
	{ "224.0.0.1", false },
	{ "239.255.255.255", false },
	{ "255.255.255.255", false },
	{ "::", false },
	{ "ff02::1", false },
	{ "fe80::1", false },
	{ "::ffff:0.0.0.0", false },
	{ "::ffff:224.0.0.1", false },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parse_rows); i++) {
		size_t len = strlen(parse_rows[i].text);
		char *exact = malloc(len + !len), text[ADDR_TEXT_MAX];
		struct addr a, before;
		bool done;

		assert_non_null(exact);
		memcpy(exact, parse_rows[i].text, len);
		memset(&a, 0x5a, sizeof a);
		before = a;
		done = addr_parse(exact, len, 853, false, &a);
		free(exact);
		expect_int(parse_rows[i].text, done, parse_rows[i].wanted != NULL);
		if (done)
			assert_string_equal(addr_text(&a, text), parse_rows[i].wanted);
		else
			assert_memory_equal(&a, &before, sizeof a);
	}
}

static void test_parse_port_zero_and_nul(void **state)
{
	struct addr a;

	(void)state;
	assert_true(addr_parse("192.0.2.1:0", 11, 853, true, &a));
	assert_int_equal(addr_port(&a), 0);
	assert_true(addr_parse("[::1]@0", 7, 853, true, &a));
	assert_int_equal(addr_port(&a), 0);
	assert_true(addr_parse("192.0.2.1", 9, 0, false, &a));
	assert_int_equal(addr_port(&a), 0);
	assert_false(addr_parse("192.0.2.1\0", 10, 853, true, &a));
	assert_false(addr_parse("\0"
				"192.0.2.1",
		10, 853, true, &a));
	/* Only len octets count. */
	assert_true(addr_parse("192.0.2.1:53", 9, 853, true, &a));
	assert_int_equal(addr_port(&a), 853);
}

static const struct {
	const char *text, *wanted;
} ip_rows[] = {
	{ "192.0.2.1", "192.0.2.1" },
	{ "2001:db8::1", "2001:db8::1" },
	{ "fe80::1%lo", "fe80::1%lo" },
	{ "192.0.2.1:53", NULL },
	{ "[::1]", NULL },
	{ "::1@53", NULL },
	{ "", NULL },
	{ "a.example", NULL },
	{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222", NULL },
};

static void test_parse_ip(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ip_rows); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a;
		bool done = addr_parse_ip(ip_rows[i].text, &a);

		expect_int(ip_rows[i].text, done, ip_rows[i].wanted != NULL);
		if (done) {
			assert_string_equal(addr_ip_text(&a, text), ip_rows[i].wanted);
			assert_int_equal(addr_port(&a), 0);
		}
	}
}

static struct addr parsed(const char *text)
{
	struct addr a = { 0 };

	assert_true(addr_parse(text, strlen(text), 53, true, &a));
	return a;
}

static void test_none(void **state)
{
	struct addr none = { 0 }, other = parsed("0.0.0.0");
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(addr_port(&none), 0);
	addr_set_port(&none, 53);
	assert_int_equal(addr_port(&none), 0);
	assert_string_equal(addr_text(&none, text), "(none)");
	assert_string_equal(addr_ip_text(&none, text), "(none)");
	assert_false(addr_is_any(&none));
	assert_false(addr_is_loopback(&none));
	assert_false(addr_equal(&none, &other));
	assert_true(addr_equal(&none, &none));
}

static const struct {
	const char *a, *b;
	bool wanted;
} equal_rows[] = {
	{ "192.0.2.1", "192.0.2.1:53", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.1", "192.0.2.1:54", false },
	{ "::1", "[::1]:53", true },
	{ "::1", "::2", false },
	{ "::1", "[::1]:54", false },
	{ "fe80::1%1", "fe80::1%lo", true },
	{ "fe80::1%1", "fe80::1%2", false },
	{ "fe80::1%1", "fe80::1", false },
	{ "::ffff:192.0.2.1", "192.0.2.1", false },
};

static void test_equal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(equal_rows); i++) {
		struct addr a = parsed(equal_rows[i].a), b = parsed(equal_rows[i].b);

		expect_int(equal_rows[i].a, addr_equal(&a, &b), equal_rows[i].wanted);
		expect_int(equal_rows[i].a, addr_equal(&b, &a), equal_rows[i].wanted);
	}
}

static const struct {
	const char *text;
	bool any, loopback;
} kind_rows[] = {
	{ "0.0.0.0", true, false },
	{ "::", true, false },
	{ "::ffff:0.0.0.0", true, false },
	{ "127.0.0.1", false, true },
	{ "127.255.255.254", false, true },
	{ "::1", false, true },
	{ "::ffff:127.0.0.1", false, true },
	{ "128.0.0.1", false, false },
	{ "126.0.0.1", false, false },
	{ "::2", false, false },
	{ "1::", false, false },
	{ "::127.0.0.1", false, false },
	{ "0.0.0.1", false, false },
};

static void test_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kind_rows); i++) {
		struct addr a = parsed(kind_rows[i].text);

		expect_int(kind_rows[i].text, addr_is_any(&a), kind_rows[i].any);
		expect_int(kind_rows[i].text, addr_is_loopback(&a), kind_rows[i].loopback);
	}
}

static const struct {
	const char *listen, *to;
	bool reaches;
} reach_rows[] = {
	{ "127.0.0.1:53", "127.0.0.1:53", true },
	{ "127.0.0.1:53", "127.0.0.1:54", false },
	{ "127.0.0.1:53", "127.0.0.2:53", false },
	{ "127.0.0.1:53", "0.0.0.0:53", false },
	{ "127.0.0.1:53", "[::1]:53", false },
	{ "127.0.0.1:53", "[::ffff:127.0.0.1]:53", true },
	{ "[::ffff:127.0.0.1]:53", "127.0.0.1:53", true },
	{ "[::1]:53", "[::1]:53", true },
	{ "[::1]:53", "[::1]:853", false },
	{ "192.0.2.1:53", "192.0.2.1:53", true },
	{ "[fe80::1%lo]:53", "[fe80::1%lo]:53", true },
	{ "[fe80::1%lo]:53", "[fe80::1%4000]:53", false },
	{ "0.0.0.0:53", "127.0.0.1:53", true },
	{ "0.0.0.0:53", "127.9.9.9:53", true },
	{ "0.0.0.0:53", "0.0.0.0:53", true },
	{ "0.0.0.0:53", "127.0.0.1:54", false },
	{ "0.0.0.0:53", "192.0.2.1:53", false },
	{ "0.0.0.0:53", "[::1]:53", false },
	{ "0.0.0.0:53", "[::ffff:127.0.0.1]:53", true },
	{ "[::]:53", "[::1]:53", true },
	{ "[::]:53", "[::1]:54", false },
	{ "[::]:53", "127.0.0.1:53", false }, /* our IPv6 sockets take no IPv4 */
	{ "[::]:53", "[2001:db8::1]:53", false },
};

static void test_reaches(void **state)
{
	struct addr none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reach_rows); i++) {
		struct addr listen, to;
		char row[200];

		snprintf(row, sizeof row, "%s <- %s", reach_rows[i].listen, reach_rows[i].to);
		expect(row, addr_parse(reach_rows[i].listen, strlen(reach_rows[i].listen), 0, true, &listen));
		expect(row, addr_parse(reach_rows[i].to, strlen(reach_rows[i].to), 0, true, &to));
		expect_int(row, addr_reaches(&listen, &to), reach_rows[i].reaches);
		expect_int(row, addr_reaches(&none, &to), false);
		expect_int(row, addr_reaches(&listen, &none), false);
	}
}

static void test_set_port_and_len(void **state)
{
	struct addr v4 = parsed("192.0.2.1"), v6 = parsed("::1");

	(void)state;
	addr_set_port(&v4, 0x1234);
	addr_set_port(&v6, 0x1234);
	assert_int_equal(addr_port(&v4), 0x1234);
	assert_int_equal(addr_port(&v6), 0x1234);
	assert_int_equal(v4.in4.sin_port, htons(0x1234));
	assert_int_equal(addr_len(&v4), sizeof v4.in4);
	assert_int_equal(addr_len(&v6), sizeof v6.in6);
}

static const struct {
	const char *text, *wanted;
} prefix_rows[] = {
	{ "10.0.0.0/8", "10.0.0.0/8" },
	{ "0.0.0.0/0", "0.0.0.0/0" },
	{ "192.0.2.1", "192.0.2.1/32" },
	{ "192.0.2.1/32", "192.0.2.1/32" },
	{ "192.0.2.128/25", "192.0.2.128/25" },
	{ "::1/128", "::1/128" },
	{ "::1", "::1/128" },
	{ "::/0", "::/0" },
	{ "2001:db8::/33", "2001:db8::/33" },
	{ "::ffff:10.0.0.0/104", "10.0.0.0/8" },
	{ "::ffff:0.0.0.0/96", "0.0.0.0/0" },
	{ "::ffff:192.0.2.1", "192.0.2.1/32" },

	{ "", NULL },
	{ "/8", NULL },
	{ "10.0.0.0/", NULL },
	{ "10.0.0.0/33", NULL },
	{ "10.0.0.0/-1", NULL },
	{ "10.0.0.0/08", NULL },
	{ "10.0.0.0/8x", NULL },
	{ "10.0.0.0/8/8", NULL },
	{ "10.0.0.0/4294967304", NULL },
	{ "10.0.0.1/8", NULL },
	{ "10.128.0.0/8", NULL },
	{ "192.0.2.128/24", NULL },
	{ "10/8", NULL },
	{ "::1/129", NULL },
	{ "::1/127", NULL },
	{ "2001:db8:8000::/32", NULL },
	{ "::ffff:10.0.0.0/95", NULL },
	{ "fe80::%lo/64", NULL },
	{ "localhost", NULL },
	{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111/64", NULL },
};

static void test_prefix_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(prefix_rows); i++) {
		char text[ADDR_TEXT_MAX];
		struct prefix p;
		bool done = prefix_parse(prefix_rows[i].text, &p);

		expect_int(prefix_rows[i].text, done, prefix_rows[i].wanted != NULL);
		if (done)
			assert_string_equal(prefix_text(&p, text), prefix_rows[i].wanted);
	}
}

static const struct {
	const char *prefix, *addr;
	bool wanted;
} prefix_match_rows[] = {
	{ "10.0.0.0/8", "10.255.0.1", true },
	{ "10.0.0.0/8", "11.0.0.1", false },
	{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
	{ "10.0.0.0/8", "::ffff:11.1.2.3", false },
	{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
	{ "0.0.0.0/0", "192.0.2.1", true },
	{ "0.0.0.0/0", "::1", false },
	{ "0.0.0.0/0", "::ffff:192.0.2.1", true },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.1", false },
	{ "::/0", "::ffff:192.0.2.1", false },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.2/31", "192.0.2.3", true },
	{ "192.0.2.2/31", "192.0.2.1", false },
	{ "192.0.2.1", "192.0.2.1:9999", true },
	{ "192.0.2.1", "192.0.2.0", false },
	{ "::1", "::1", true },
	{ "::1", "::2", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "fe80::/10", "fe80::1%lo", true },
};

static void test_prefix_match(void **state)
{
	struct addr none = { 0 };
	struct prefix all;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(prefix_match_rows); i++) {
		struct addr a = parsed(prefix_match_rows[i].addr);
		struct prefix p;

		assert_true(prefix_parse(prefix_match_rows[i].prefix, &p));
		if (prefix_match(&p, &a) != prefix_match_rows[i].wanted)
			fail_msg("%s for %s", prefix_match_rows[i].prefix,
				prefix_match_rows[i].addr);
	}
	assert_true(prefix_parse("0.0.0.0/0", &all));
	assert_false(prefix_match(&all, &none));
}

static void test_destinations(void **state)
{
	struct addr none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(destination_rows); i++) {
		struct addr a = parsed(destination_rows[i].text);

		expect_int(destination_rows[i].text, addr_is_destination(&a),
			destination_rows[i].wanted);
	}
	assert_false(addr_is_destination(&none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_port_zero_and_nul),
		cmocka_unit_test(test_parse_ip),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_kind),
		cmocka_unit_test(test_reaches),
		cmocka_unit_test(test_set_port_and_len),
		cmocka_unit_test(test_prefix_parse),
		cmocka_unit_test(test_prefix_match),
		cmocka_unit_test(test_destinations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
