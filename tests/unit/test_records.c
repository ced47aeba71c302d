/* Records as they are written, the store, and the answers from it. */
#include "common/local/record_line.h"
#include "common/local/records.h"

#include "tests/unit/hex.h"
#include "tests/unit/local_case.h"

static enum records_result add_from(struct records *store, enum records_source source, const char *line)
{
	struct record_line r;
	const char *why;

	if (!record_line_parse(line, &r, &why))
		fail_msg("%s: %s", line, why);
	return records_add(
		store, source, r.name, r.name_len, r.type, r.ttl, r.rdata, r.len);
}

static const char *answer(const struct records *store, const char *name, const char *type)
{
	static struct local_reply r;
	const struct wire_name *n = wire_name(name);
	uint16_t number = type_number(type);

	local_reply_init(&r);
	if (!local_reply_records(&r, store, &n->suffixes, number))
		return "unknown";
	return reply_text(&r, n, number);
}

static const char *const lines[] = {
	"nas.lan A 192.168.1.5",
	"nas.lan 300 AAAA fd00::5",
	"NAS.lan A 192.168.1.6",
	"www.lan CNAME nas.lan",
	"far.lan CNAME www.lan",
	"loop.lan CNAME loop2.lan",
	"loop2.lan CNAME loop.lan",
	"out.lan CNAME www.example.com.",
	"*.dev.lan A 10.0.0.1",
	"*.a.dev.lan A 10.0.0.2",
	"have.dev.lan TXT x",
	"lan MX 10 mail.lan",
	"_ipp._tcp.lan IN SRV 0 5 631 printer.lan",
	"text.lan 0 IN TXT \"two words\" more \"q\\\"\\\\\"",
	"5.1.168.192.in-addr.arpa PTR nas.lan",
	"a\\.b.lan A 10.0.0.3",
};

static const struct {
	const char *name, *type, *wanted;
} answers[] = {
	{ "nas.lan", "A",
		"NOERROR aa; answer 60 nas.lan. A 192.168.1.5; answer 60 nas.lan. A 192.168.1.6" },
	{ "nas.lan", "AAAA", "NOERROR aa; answer 300 nas.lan. AAAA fd00::5" },
	{ "nas.lan", "MX", "NOERROR aa; authority 60 nas.lan. SOA nas.lan." },
	{ "www.lan", "A",
		"NOERROR aa; answer 60 www.lan. CNAME nas.lan.; answer 60 nas.lan. A 192.168.1.5; "
		"answer 60 nas.lan. A 192.168.1.6" },
	{ "www.lan", "CNAME", "NOERROR aa; answer 60 www.lan. CNAME nas.lan." },
	{ "far.lan", "AAAA",
		"NOERROR aa; answer 60 far.lan. CNAME www.lan.; answer 60 www.lan. CNAME nas.lan.; "
		"answer 300 nas.lan. AAAA fd00::5" },
	{ "out.lan", "A", "NOERROR aa; answer 60 out.lan. CNAME www.example.com." },
	{ "x.dev.lan", "A", "NOERROR aa; answer 60 x.dev.lan. A 10.0.0.1" },
	{ "x.y.dev.lan", "A", "NOERROR aa; answer 60 x.y.dev.lan. A 10.0.0.1" },
	{ "x.a.dev.lan", "A", "NOERROR aa; answer 60 x.a.dev.lan. A 10.0.0.2" },
	{ "x.dev.lan", "TXT", "NOERROR aa; authority 60 x.dev.lan. SOA x.dev.lan." },
	{ "have.dev.lan", "A", "NOERROR aa; authority 60 have.dev.lan. SOA have.dev.lan." },
	{ "dev.lan", "A", "unknown" },
	{ "lan", "MX", "NOERROR aa; answer 60 lan. MX 000a046d61696c036c616e00" },
	{ "_ipp._tcp.lan", "SRV",
		"NOERROR aa; answer 60 _ipp._tcp.lan. SRV 000000050277077072696e746572036c616e00" },
	{ "text.lan", "TXT",
		"NOERROR aa; answer 0 text.lan. TXT 0974776f20776f726473046d6f72650371225c" },
	{ "5.1.168.192.in-addr.arpa", "PTR",
		"NOERROR aa; answer 60 5.1.168.192.in-addr.arpa. PTR nas.lan." },
	{ "a\\.b.lan", "A", "NOERROR aa; answer 60 a\\.b.lan. A 10.0.0.3" },
	{ "a.b.lan", "A", "unknown" },
	{ "other.lan", "A", "unknown" },
	{ ".", "A", "unknown" },
};

static void test_answers(void **state)
{
	struct records store;
	const char *loop;

	(void)state;
	records_init(&store, key);
	assert_string_equal(answer(&store, "nas.lan", "A"), "unknown");
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		expect_int(lines[i], add_from(&store, RECORDS_CONFIG, lines[i]), RECORDS_OK);
	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		const char *got = answer(&store, answers[i].name, answers[i].type);

		if (strcmp(got, answers[i].wanted) != 0)
			fail_msg("%s %s: %s\nnot: %s", answers[i].name, answers[i].type, got,
				answers[i].wanted);
	}
	/* Aliases in a circle come to an end. */
	loop = answer(&store, "loop.lan", "A");
	assert_non_null(strstr(loop, "answer 60 loop2.lan. CNAME loop.lan."));
	assert_true(strlen(loop) < 500);
	assert_true(records_is_parent(&store, &wire_name("dev.lan")->suffixes));
	assert_true(records_is_parent(&store, &wire_name("168.192.in-addr.arpa")->suffixes));
	assert_false(records_is_parent(&store, &wire_name("nas.lan")->suffixes));
	assert_false(records_is_parent(&store, &wire_name("169.192.in-addr.arpa")->suffixes));
	records_deinit(&store);
}

static void test_what_stands_side_by_side(void **state)
{
	struct records store;

	(void)state;
	records_init(&store, key);
	assert_int_equal(add_from(&store, RECORDS_CONFIG, "a.lan A 10.0.0.1"), RECORDS_OK);
	assert_int_equal(add_from(&store, RECORDS_CONFIG, "A.LAN 5 A 10.0.0.1"), RECORDS_KNOWN);
	assert_int_equal(add_from(&store, RECORDS_CONFIG, "a.lan CNAME b.lan"), RECORDS_CLASH);
	assert_int_equal(add_from(&store, RECORDS_CONFIG, "c.lan CNAME b.lan"), RECORDS_OK);
	assert_int_equal(add_from(&store, RECORDS_CONFIG, "c.lan CNAME d.lan"), RECORDS_CLASH);
	assert_int_equal(add_from(&store, RECORDS_CONFIG, "c.lan TXT x"), RECORDS_CLASH);
	/* A name has one source. */
	assert_int_equal(add_from(&store, RECORDS_HOSTS, "a.lan AAAA fd00::1"), RECORDS_KNOWN);
	assert_int_equal(add_from(&store, RECORDS_HOSTS, "h.lan A 10.0.0.2"), RECORDS_OK);
	assert_int_equal(add_from(&store, RECORDS_LEASE, "h.lan A 10.0.0.3"), RECORDS_KNOWN);
	assert_int_equal(add_from(&store, RECORDS_HOSTS, "h.lan A 10.0.0.3"), RECORDS_OK);
	records_deinit(&store);
}

/* An answer about the name that an alias leads to is put behind it; names inside are expanded. */
static void test_append(void **state)
{
	static const struct {
		const char *name, *bytes, *wanted;
	} messages[] = {
		{ "an address", "0001 8180 0001 0001 0000 0000 0377777707 6578616d706c6503636f6d00 0001 0001"
				" c00c 0001 0001 0000003c 0004 c0000201",
			"NOERROR; answer 60 out.lan. CNAME www.example.com.; answer 60 www.example.com. A 192.0.2.1" },
		{ "NXDOMAIN with an SOA", "0001 8183 0001 0000 0001 0001 0377777707 6578616d706c6503636f6d00 0001 0001"
			" c010 0006 0001 0000003c 0018 c00c c010 00000001 00000002 00000003 00000004 00000005"
			" 00 0029 04d0 00000000 0000",
			"NXDOMAIN; answer 60 out.lan. CNAME www.example.com.; "
			"authority 60 example.com. SOA www.example.com." },
		{ "nothing", "0001 8182 0001 0000 0000 0000 0377777707 6578616d706c6503636f6d00 0001 0001",
			"SERVFAIL; answer 60 out.lan. CNAME www.example.com." },
	};
	static struct local_reply r;
	struct wire_name n;
	struct records store;

	(void)state;
	records_init(&store, key);
	assert_int_equal(add_from(&store, RECORDS_CONFIG, "out.lan CNAME www.example.com"), RECORDS_OK);
	wire_name_into(&n, "out.lan");
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		uint8_t bytes[300], *copy;
		size_t len = hex_bytes(messages[i].bytes, bytes, sizeof bytes);
		struct dns_message m;
		const char *got;

		copy = exact_copy(bytes, len);
		expect_int(messages[i].name, message_parse(copy, len, &m), MESSAGE_OK);
		local_reply_init(&r);
		assert_true(local_reply_records(&r, &store, &n.suffixes, DNS_TYPE_A));
		assert_memory_equal(r.outside, "\3www\7example\3com", 17);
		assert_true(local_reply_append(&r, &m));
		got = reply_text(&r, &n, DNS_TYPE_A);
		if (strcmp(got, messages[i].wanted) != 0)
			fail_msg("%s: %s", messages[i].name, got);
		free(copy);
	}
	records_deinit(&store);
}

/* The bound of one name: what is in still makes an answer that can be written. */
static void test_bound_of_a_name(void **state)
{
	struct records store;
	enum records_result result = RECORDS_OK;
	uint8_t ip[4] = { 10 };
	unsigned taken = 0;

	(void)state;
	records_init(&store, key);
	for (unsigned i = 0; i < 2000 && result == RECORDS_OK; i++) {
		const struct wire_name *n = wire_name("many.lan");

		ip[2] = (uint8_t)(i >> 8);
		ip[3] = (uint8_t)i;
		result = records_add(&store, RECORDS_CONFIG, n->octets, n->len, DNS_TYPE_A, 60, ip, 4);
		taken += result == RECORDS_OK;
	}
	assert_int_equal(result, RECORDS_NO_ROOM);
	assert_int_equal(taken, RECORDS_NAME_OCTETS / 16);
	for (unsigned i = 0; i < 8; i++) {
		char line[64];

		if (i)
			snprintf(line, sizeof line, "c%u.lan CNAME c%u.lan", i, i - 1);
		else
			snprintf(line, sizeof line, "c0.lan CNAME many.lan");
		assert_int_equal(add_from(&store, RECORDS_CONFIG, line), RECORDS_OK);
	}
	assert_non_null(strstr(answer(&store, "c6.lan", "A"), "answer 60 many.lan. A 10.0.0.0"));
	records_deinit(&store);
}

static void add_host(struct records *store, const char *name, const char *ip)
{
	const struct wire_name *n = wire_name(name);
	uint8_t octets[16];
	bool v4 = inet_pton(AF_INET, ip, octets) == 1;

	assert_true(v4 || inet_pton(AF_INET6, ip, octets) == 1);
	assert_int_equal(records_add_host(store, RECORDS_HOSTS, n->octets, n->len, octets, v4 ? 4 : 16, 60),
		RECORDS_OK);
}

static void test_hosts_have_reverse_names(void **state)
{
	struct records store;

	(void)state;
	records_init(&store, key);
	add_host(&store, "first.lan", "192.168.100.20");
	add_host(&store, "second.lan", "192.168.100.20");
	add_host(&store, "six.lan", "fd00::a1");
	add_host(&store, "blocked.example", "0.0.0.0");
	add_host(&store, "blocked6.example", "::");
	add_host(&store, "me.lan", "127.0.0.1");
	assert_string_equal(answer(&store, "20.100.168.192.in-addr.arpa", "PTR"),
		"NOERROR aa; answer 60 20.100.168.192.in-addr.arpa. PTR first.lan.");
	assert_non_null(strstr(answer(&store,
				       "1.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
				       "PTR"),
		"PTR six.lan."));
	assert_string_equal(answer(&store, "0.0.0.0.in-addr.arpa", "PTR"), "unknown");
	assert_string_equal(answer(&store, "1.0.0.127.in-addr.arpa", "PTR"), "unknown");
	records_deinit(&store);
}

static void test_many_names(void **state)
{
	struct records store;
	char name[64], ip[32], wanted[128];

	(void)state;
	records_init(&store, key);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "h%u.lan", i);
		snprintf(ip, sizeof ip, "10.1.%u.%u", i / 250, i % 250 + 1);
		add_host(&store, name, ip);
	}
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "h%u.lan", i);
		snprintf(wanted, sizeof wanted, "NOERROR aa; answer 60 h%u.lan. A 10.1.%u.%u", i, i / 250,
			i % 250 + 1);
		assert_string_equal(answer(&store, name, "A"), wanted);
	}
	assert_int_equal(store.count, 40000);
	records_deinit(&store);
}

static const struct {
	const char *line, *why; /* NULL: it is fine */
} syntax[] = {
	{ "a A 1.2.3.4", NULL }, { "  a.\tA\t1.2.3.4  ", NULL }, { "a 604800 A 1.2.3.4", NULL },
	{ "a in a 1.2.3.4", NULL }, { "a PTR b", NULL }, { "a TXT \"\"", NULL }, { "_x._y AAAA ::", NULL },
	{ "", "NAME TYPE DATA" }, { "a", "NAME TYPE DATA" }, { ". A 1.2.3.4", "NAME TYPE DATA" },
	{ "a..b A 1.2.3.4", "NAME TYPE DATA" }, { "a 60", "NAME TYPE DATA" }, { "a IN", "NAME TYPE DATA" },
	{ "a 604801 A 1.2.3.4", "at most 604800" }, { "a IN 60 A 1.2.3.4", "the type must be" },
	{ "a NS b", "the type must be" }, { "a TYPE1 \\# 0", "the type must be" },
	{ "a A", "an IPv4 address" }, { "a A ::1", "an IPv4 address" }, { "a A 1.2.3.4 5", "an IPv4 address" },
	{ "a A 1.2.3.256", "an IPv4 address" }, { "a AAAA 1.2.3.4", "an IPv6 address" },
	{ "a AAAA fe80::1%lo", "an IPv6 address" }, { "a CNAME", "a name is wanted" },
	{ "a CNAME b c", "a name is wanted" }, { "a PTR ..", "a name is wanted" },
	{ "a MX b", "a preference" }, { "a MX 65536 b", "a preference" }, { "a MX 1", "a preference" },
	{ "a SRV 1 2 b", "priority, weight, port" }, { "a SRV 1 2 99999 b", "priority, weight, port" },
	{ "a TXT", "texts" }, { "a TXT \"x", "texts" },
};

static void test_syntax(void **state)
{
	char line[1200] = "a TXT ";
	struct record_line r;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(syntax); i++) {
		bool taken = record_line_parse(syntax[i].line, &r, &why);

		expect_int(syntax[i].line, taken, syntax[i].why == NULL);
		if (!taken && !strstr(why, syntax[i].why))
			fail_msg("%s: %s", syntax[i].line, why);
	}
	memset(line + 6, 'x', 255);
	assert_true(record_line_parse(line, &r, &why));
	memset(line + 6, 'x', 256);
	assert_false(record_line_parse(line, &r, &why));
}

/* Too long for the client: TC and nothing else; EDE and OPT stay. */
static void test_limits_of_the_client(void **state)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	static struct local_reply r;
	const struct wire_name *n = wire_name("nas.lan");
	struct client_form f = form_of(n, DNS_TYPE_A);
	const uint8_t ip[4] = { 10, 0, 0, 1 };
	size_t len;

	(void)state;
	local_reply_init(&r);
	r.ede = (struct ede){ EDE_SYNTHESIZED, "a reason" };
	for (unsigned i = 0; i < 40; i++)
		local_reply_add(&r, DNS_TYPE_A, 60, ip, sizeof ip);
	f.limit = 512;
	len = local_reply_write(&r, &f, out, sizeof out);
	assert_true(len > 0 && len <= 512);
	assert_string_equal(describe(out, len), "NOERROR tc");
	assert_int_equal(wire_get16(out + 10), 1);
	f.limit = 1232;
	len = local_reply_write(&r, &f, out, sizeof out);
	assert_int_equal(len, 12 + 9 + 4 + 40 * 16 + 11 + 6 + strlen("a reason"));
	assert_memory_equal(out + len - 8, "a reason", 8);
	f.edns = false;
	f.flags = DNS_RD | DNS_CD | DNS_AD;
	len = local_reply_write(&r, &f, out, sizeof out);
	assert_int_equal(len, 12 + 9 + 4 + 40 * 16);
	assert_int_equal(wire_get16(out + 2), DNS_QR | DNS_RD | DNS_RA | DNS_CD);
	assert_int_equal(local_reply_write(&r, &f, out, len - 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_what_stands_side_by_side),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_bound_of_a_name),
		cmocka_unit_test(test_hosts_have_reverse_names),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_limits_of_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
