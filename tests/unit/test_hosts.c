/* hosts(5) files and lease files. */
#include "common/local/hosts.h"

#include "tests/unit/hex.h"
#include "tests/unit/local_case.h"

#define NOW 1700000000u

static struct records store;

static int setup(void **state)
{
	(void)state;
	records_init(&store, key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	records_deinit(&store);
	return 0;
}

typedef void parser(struct text *t, const struct hosts_form *f, const char *part, size_t len);

/* Parsed from a copy that ends where the text ends. */
static struct text parse(parser *p, const char *text, const char *domain)
{
	static struct wire_name d;
	struct hosts_form form = { .records = &store,
		.source = p == lease_parse ? RECORDS_LEASE : RECORDS_HOSTS,
		.domain = domain ? wire_name_into(&d, domain)->octets : NULL,
		.now_s = NOW };
	uint8_t *copy = exact_copy(text, strlen(text));
	struct text t = { 0 };

	p(&t, &form, (const char *)copy, strlen(text));
	free(copy);
	return t;
}

static void check(const char *name, const char *type, const char *wanted)
{
	static struct local_reply r;
	const struct wire_name *n = wire_name(name);
	const char *got;

	local_reply_init(&r);
	if (!local_reply_records(&r, &store, &n->suffixes, type_number(type))) {
		if (wanted)
			fail_msg("%s %s is not known", name, type);
		return;
	}
	got = reply_text(&r, n, type_number(type));
	if (!wanted)
		fail_msg("%s %s is known: %s", name, type, got);
	if (!strstr(got, wanted))
		fail_msg("%s %s: %s, not %s", name, type, got, wanted);
}

static void test_hosts(void **state)
{
	static const char file[] = "127.0.0.1\tlocalhost me.localhost\n"
				   "127.0.1.1 laptop.example.net laptop\n"
				   "# a comment\n"
				   "\n"
				   "   192.168.1.5  nas nas.other # behind\r\n"
				   "fd00::5 nas\n"
				   "fe80::1%eth0 scoped\n"
				   "::1 ip6-localhost ip6-loopback\n"
				   "192.168.1.6 UPPER.Lan\n"
				   "192.168.1.7 no-newline";
	struct text t = parse(hosts_parse, file, "lan");

	(void)state;
	assert_int_equal(t.bad, 0);
	assert_int_equal(t.line, 10);
	check("laptop.example.net", "A", "A 127.0.1.1");
	check("laptop.lan", "A", "A 127.0.1.1");
	check("laptop", "A", "A 127.0.1.1");
	check("nas", "A", "A 192.168.1.5");
	check("nas.lan", "AAAA", "AAAA fd00::5");
	check("nas.other", "A", "A 192.168.1.5");
	check("5.1.168.192.in-addr.arpa", "PTR", "PTR nas.lan.");
	check("upper.lan", "A", "A 192.168.1.6");
	check("upper.lan.lan", "A", NULL);
	check("no-newline.lan", "A", "A 192.168.1.7");
	check("ip6-localhost", "AAAA", "AAAA ::1");
	/* These are what RFC 6761 says. */
	check("localhost", "A", NULL);
	check("me.localhost", "A", NULL);
	check("localhost.lan", "A", NULL);
	check("scoped", "AAAA", NULL);
}

static const struct {
	const char *name, *file;
	unsigned bad, bad_line;
	const char *reason;
} bad_files[] = {
	{ "no name", "10.0.0.1 a\n10.0.0.2\n", 1, 2, "a name is wanted" },
	{ "no address", "a\nhello world\n10.0.0.1 a\n", 2, 1, "an IP address" },
	{ "a bad name", "10.0.0.1 a..b c\n", 1, 1, "not a host name" },
	{ "two bad names on a line", "10.0.0.1 .. ... a\n", 1, 1, "not a host name" },
	{ "address with port", "10.0.0.1:80 a\n", 1, 1, "an IP address" },
	{ "mask", "10.0.0.0/8 a\n", 1, 1, "an IP address" },
	{ "html", "<html>\n<body>\n", 2, 1, "an IP address" },
	{ "a comment behind the address", "10.0.0.1 # a\n", 1, 1, "a name is wanted" },
};

static void test_bad_hosts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_files); i++) {
		struct text t = parse(hosts_parse, bad_files[i].file, NULL);

		expect_int(bad_files[i].name, t.bad, bad_files[i].bad);
		expect_int(bad_files[i].name, t.bad_line, bad_files[i].bad_line);
		expect(bad_files[i].name, strstr(t.reason, bad_files[i].reason));
	}
	check("a", "A", "A 10.0.0.1"); /* the good lines count */
	check("c", "A", "A 10.0.0.1");
}

/* Parts of a file count its lines on; words without end and NUL octets do no harm. */
static void test_parts(void **state)
{
	struct hosts_form form = { .records = &store, .source = RECORDS_HOSTS };
	static char longest[3000];
	struct text t = { 0 };

	(void)state;
	hosts_parse(&t, &form, "10.0.0.1 a\n10.0.0.2 b\n", 22);
	hosts_parse(&t, &form, "bad\n10.0.0.3 c\n", 15);
	assert_int_equal(t.line, 4);
	assert_int_equal(t.bad_line, 3);
	assert_int_equal(t.entries, 3);
	memset(longest, 'x', sizeof longest);
	memcpy(longest, "10.0.0.4 ", 9);
	hosts_parse(&t, &form, longest, sizeof longest);
	hosts_parse(&t, &form, "10.0.0.5 a\0b\n", 13);
	assert_int_equal(t.entries, 3);
	assert_int_equal(t.bad, 3);
}

static void test_leases_of_dnsmasq(void **state)
{
	static const char file[] =
		"1700003600 aa:bb:cc:dd:ee:01 192.168.1.101 phone 01:aa:bb:cc:dd:ee:01\n"
		"0 aa:bb:cc:dd:ee:02 192.168.1.102 printer *\n"
		"1699999999 aa:bb:cc:dd:ee:03 192.168.1.103 gone *\n"
		"1700003600 aa:bb:cc:dd:ee:04 192.168.1.104 * *\n"
		"1700003600 aa:bb:cc:dd:ee:05 192.168.1.105 tv.lan *\n"
		"duid 00:01:00:01:2a:aa:aa:aa:aa:bb:cc:dd:ee:ff\n"
		"1700003600 123456 fd00::101 phone 00:01:00:01\n"
		"1700003600 T123456 fd00::102 * 00:01:00:01\n";
	struct text t = parse(lease_parse, file, "lan");

	(void)state;
	assert_int_equal(t.bad, 0);
	check("phone.lan", "A", "A 192.168.1.101");
	check("phone", "AAAA", "AAAA fd00::101");
	check("printer.lan", "A", "A 192.168.1.102");
	check("102.1.168.192.in-addr.arpa", "PTR", "PTR printer.lan.");
	check("tv", "A", "A 192.168.1.105");
	check("tv.lan", "A", "A 192.168.1.105");
	check("gone", "A", NULL);
	check("104.1.168.192.in-addr.arpa", "PTR", NULL);
}

static void test_leases_of_odhcpd(void **state)
{
	static const char file[] =
		"# br-lan 00010001deadbeef 1a2b3c laptop 1700003600 5d1 128 fd00::5d1/128 2001:db8::5d1/128\n"
		"fd00::5d1\tlaptop.lan\n"
		"# br-lan aabbccddee06 ipv4 camera 1700003600 6a 32 192.168.1.106/32\n"
		"192.168.1.106\tcamera\n"
		"# br-lan aabbccddee07 ipv4 - 1700003600 6b 32 192.168.1.107/32\n"
		"# br-lan aabbccddee08 ipv4 old 1699999999 6c 32 192.168.1.108/32\n"
		"# br-lan 00010001 1 router -1 1 62 2001:db8:1::/62\n"
		"# just a comment\n";
	struct text t = parse(lease_parse, file, "lan");

	(void)state;
	assert_int_equal(t.bad, 0);
	check("laptop.lan", "AAAA", "AAAA fd00::5d1");
	check("laptop", "AAAA", "AAAA 2001:db8::5d1");
	check("camera.lan", "A", "A 192.168.1.106");
	check("old", "A", NULL);
	check("router", "AAAA", NULL); /* a prefix is no host */
	check("-", "A", NULL);
}

/* A client says itself what it is called. */
static const char *const forbidden[] = { "wpad", "WPAD", "isatap", "localhost", "www.example.com", "a b",
	"x.localhost", "com.lan.lan", "a/b", "a..b", "*", "..", "wpad.lan", "a\\032b", "bücher" };

static void test_names_of_clients(void **state)
{
	char line[200];

	(void)state;
	parse(hosts_parse, "10.0.0.1 nas\n", "lan");
	for (size_t i = 0; i < COUNT_OF(forbidden); i++) {
		struct text t;

		if (strcmp(forbidden[i], "a b") == 0 || strcmp(forbidden[i], "*") == 0)
			continue; /* a name and a client id; no name */
		snprintf(line, sizeof line, "0 aa:bb:cc:dd:ee:01 10.0.0.99 %s *\n", forbidden[i]);
		t = parse(lease_parse, line, "lan");
		expect_int(forbidden[i], t.bad, 1);
		expect_int(forbidden[i], t.entries, 0);
	}
	/* What hosts says of a name is not the client's to change. */
	parse(lease_parse, "0 aa:bb:cc:dd:ee:01 10.0.0.99 nas *\n", "lan");
	check("nas", "A", "answer 60 nas. A 10.0.0.1");
	check("99.0.0.10.in-addr.arpa", "PTR", NULL);
	check("wpad.lan", "A", NULL);
}

static void test_bad_leases(void **state)
{
	struct text t = parse(lease_parse,
		"1700003600 aa:bb 192.168.1.x phone *\n1700003600\nnonsense here\n"
		"0 aa:bb:cc:dd:ee:01 10.0.0.1 good *\n",
		NULL);

	(void)state;
	assert_int_equal(t.bad, 3);
	assert_int_equal(t.bad_line, 1);
	check("good", "A", "A 10.0.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leases_of_dnsmasq, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leases_of_odhcpd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_of_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_leases, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
