#include "common/local/special.h"

#include "tests/unit/local_case.h"

#define NIL_ARPA "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"
#define LABEL	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_DOMAIN LABEL "." LABEL "." LABEL "." LABEL
#define NX(zone) "NXDOMAIN aa; authority 10800 " zone ". SOA " zone "."
#define EMPTY(zone) "NOERROR aa; authority 10800 " zone ". SOA " zone "."

/* Names, and what is said of them; NULL: they are forwarded. */
static const struct row {
	const char *name, *type, *wanted;
} rows[] = {
	{ "localhost", "A", "NOERROR aa; answer 10800 localhost. A 127.0.0.1" },
	{ "LocalHost", "AAAA", "NOERROR aa; answer 10800 localhost. AAAA ::1" },
	{ "a.b.localhost", "A", "NOERROR aa; answer 10800 a.b.localhost. A 127.0.0.1" },
	{ "localhost", "MX", EMPTY("localhost") },
	{ "localhost", "DS", EMPTY("localhost") },
	{ "notlocalhost", "A", NULL }, { "localhost.example", "A", NULL },
	{ "invalid", "A", NX("invalid") }, { "x.invalid", "TXT", NX("invalid") },
	{ "onion", "A", NX("onion") }, { "x.onion", "DS", NX("onion") }, { "onion", "DS", NX("onion") },
	{ "test", "A", NX("test") }, { "a.b.test", "A", NX("test") }, { "test", "DS", NULL },
	{ "a.test", "DS", NX("test") },
	{ "local", "SOA", NX("local") }, { "printer.local", "A", NX("local") },
	{ "alt", "A", NULL }, { "x.alt", "A", NULL }, { "example", "A", NULL }, { "example.com", "A", NULL },
	{ "home.arpa", "A", EMPTY("home.arpa") },
	{ "home.arpa", "SOA", "NOERROR aa; answer 10800 home.arpa. SOA home.arpa." },
	{ "home.arpa", "NS", "NOERROR aa; answer 10800 home.arpa. NS home.arpa." },
	{ "home.arpa", "DS", NULL }, { "nas.home.arpa", "DS", NX("home.arpa") },
	{ "nas.home.arpa", "AAAA", NX("home.arpa") },
	{ "resolver.arpa", "A", EMPTY("resolver.arpa") },
	{ "_dns.resolver.arpa", "SVCB", EMPTY("resolver.arpa") },
	{ "ipv4only.arpa", "A", NULL }, { "service.arpa", "A", NULL }, { "arpa", "A", NULL },
	{ "in-addr.arpa", "NS", NULL }, { "170.0.0.192.in-addr.arpa", "PTR", NULL },
	{ "1.2.3.10.in-addr.arpa", "PTR", NX("10.in-addr.arpa") }, { "11.in-addr.arpa", "PTR", NULL },
	{ "15.172.in-addr.arpa", "PTR", NULL }, { "16.172.in-addr.arpa", "PTR", EMPTY("16.172.in-addr.arpa") },
	{ "1.0.31.172.in-addr.arpa", "PTR", NX("31.172.in-addr.arpa") }, { "32.172.in-addr.arpa", "A", NULL },
	{ "5.1.168.192.in-addr.arpa", "PTR", NX("168.192.in-addr.arpa") },
	{ "63.100.in-addr.arpa", "A", NULL }, { "1.64.100.in-addr.arpa", "A", NX("64.100.in-addr.arpa") },
	{ "1.127.100.in-addr.arpa", "A", NX("127.100.in-addr.arpa") }, { "128.100.in-addr.arpa", "A", NULL },
	{ "0.in-addr.arpa", "A", EMPTY("0.in-addr.arpa") },
	{ "1.0.0.127.in-addr.arpa", "PTR", "NOERROR aa; answer 10800 1.0.0.127.in-addr.arpa. PTR localhost." },
	{ "1.0.0.127.in-addr.arpa", "A", EMPTY("127.in-addr.arpa") },
	{ "2.0.0.127.in-addr.arpa", "PTR", NX("127.in-addr.arpa") },
	{ "1.1.254.169.in-addr.arpa", "PTR", NX("254.169.in-addr.arpa") },
	{ "1.2.0.192.in-addr.arpa", "PTR", NX("2.0.192.in-addr.arpa") },
	{ "1.100.51.198.in-addr.arpa", "PTR", NX("100.51.198.in-addr.arpa") },
	{ "1.113.0.203.in-addr.arpa", "PTR", NX("113.0.203.in-addr.arpa") },
	{ "255.255.255.255.in-addr.arpa", "PTR", EMPTY("255.255.255.255.in-addr.arpa") },
	{ "0." NIL_ARPA, "PTR", EMPTY("0." NIL_ARPA) },
	{ "1." NIL_ARPA, "PTR", "NOERROR aa; answer 10800 1." NIL_ARPA ". PTR localhost." },
	{ "1." NIL_ARPA, "A", EMPTY("1." NIL_ARPA) }, { "2." NIL_ARPA, "PTR", NULL },
	{ "1.d.f.ip6.arpa", "PTR", NX("d.f.ip6.arpa") }, { "c.f.ip6.arpa", "PTR", NULL },
	{ "8.e.f.ip6.arpa", "NS", "NOERROR aa; answer 10800 8.e.f.ip6.arpa. NS 8.e.f.ip6.arpa." },
	{ "0.b.e.f.ip6.arpa", "PTR", NX("b.e.f.ip6.arpa") }, { "c.e.f.ip6.arpa", "PTR", NULL },
	{ "1.8.b.d.0.1.0.0.2.ip6.arpa", "PTR", NX("8.b.d.0.1.0.0.2.ip6.arpa") },
	{ "use-application-dns.net", "A", NULL }, { "mask.icloud.com", "A", NULL },
};

static struct local_reply reply;

static const char *answer_from(const struct special *s, const char *name, const char *type, bool children)
{
	const struct wire_name *n = wire_name(name);
	const struct special_name *found = special_find(s, &n->suffixes);

	local_reply_init(&reply);
	if (!found || !special_answer(found, &n->suffixes, type_number(type), children, children, &reply))
		return NULL;
	assert_int_equal(reply.ede.code, EDE_SYNTHESIZED);
	return reply_text(&reply, n, type_number(type));
}

static void check(const struct special *s, const char *name, const char *type, const char *wanted)
{
	const char *got = answer_from(s, name, type, false);

	if (!got != !wanted || (got && strcmp(got, wanted) != 0))
		fail_msg("%s %s: %s\nnot: %s", name, type, got ? got : "forwarded",
			wanted ? wanted : "forwarded");
}

static void test_table(void **state)
{
	const struct special_options all = { .enabled = true };
	struct special s;

	(void)state;
	assert_int_equal(special_init(&s, &all), 0);
	assert_true(s.count < SPECIAL_MAX);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check(&s, rows[i].name, rows[i].type, rows[i].wanted);
	special_deinit(&s);
}

static void test_exceptions(void **state)
{
	static const char *const except[] = { "test", "17.172.in-addr.arpa.", "Home.ARPA" };
	const struct special_options some = { .enabled = true, .except = except, .except_count = 3 };
	struct special s;

	(void)state;
	assert_int_equal(special_init(&s, &some), 0);
	check(&s, "x.test", "A", NULL);
	check(&s, "home.arpa", "SOA", NULL);
	check(&s, "17.172.in-addr.arpa", "SOA", NULL);
	check(&s, "18.172.in-addr.arpa", "A", EMPTY("18.172.in-addr.arpa"));
	check(&s, "x.local", "A", NX("local"));
	special_deinit(&s);
}

/* Three are never forwarded, whatever is said. */
static void test_none(void **state)
{
	const struct special_options none = { .enabled = false };
	struct special s;

	(void)state;
	assert_int_equal(special_init(&s, &none), 0);
	assert_int_equal(s.count, 3);
	check(&s, "x.onion", "A", NX("onion"));
	check(&s, "invalid", "A", NX("invalid"));
	check(&s, "localhost", "A", "NOERROR aa; answer 10800 localhost. A 127.0.0.1");
	check(&s, "x.local", "A", NULL);
	check(&s, "1.0.0.127.in-addr.arpa", "PTR", NULL);
	special_deinit(&s);
}

static void test_own_domain(void **state)
{
	const struct special_options own = { .enabled = true, .domain = "lan" };
	const struct special_options longest = { .enabled = true, .domain = LONG_DOMAIN };
	const struct special_options below = { .enabled = true, .domain = "my.home.arpa" };
	struct special s;

	(void)state;
	assert_int_equal(special_init(&s, &own), 0);
	check(&s, "x.lan", "A", "NXDOMAIN aa; authority 60 lan. SOA lan.");
	check(&s, "lan", "A", "NOERROR aa; authority 60 lan. SOA lan.");
	check(&s, "plan", "A", NULL);
	/* A name that has others below it is there (RFC 8020 2). */
	assert_string_equal(answer_from(&s, "x.lan", "A", true), "NOERROR aa; authority 60 lan. SOA lan.");
	assert_string_equal(answer_from(&s, "1.168.192.in-addr.arpa", "NS", true),
		"NOERROR aa; authority 60 168.192.in-addr.arpa. SOA 168.192.in-addr.arpa.");
	special_deinit(&s);
	assert_int_equal(special_init(&s, &below), 0);
	check(&s, "x.my.home.arpa", "A", "NXDOMAIN aa; authority 60 my.home.arpa. SOA my.home.arpa.");
	check(&s, "x.home.arpa", "A", NX("home.arpa"));
	special_deinit(&s);
	assert_int_equal(special_init(&s, &longest), 0);
	assert_non_null(answer_from(&s, "x." LONG_DOMAIN, "A", false));
	special_deinit(&s);
}

static void test_canaries(void **state)
{
	const struct special_options firefox = { .no_firefox = true };
	const struct special_options relay = { .no_private_relay = true };
	struct special s;

	(void)state;
	assert_int_equal(special_init(&s, &firefox), 0);
	check(&s, "use-application-dns.net", "A", NX("use-application-dns.net"));
	check(&s, "mask.icloud.com", "A", NULL);
	special_deinit(&s);
	assert_int_equal(special_init(&s, &relay), 0);
	check(&s, "use-application-dns.net", "A", NULL);
	check(&s, "mask.icloud.com", "A", NX("mask.icloud.com"));
	check(&s, "mask-h2.icloud.com", "AAAA", NX("mask-h2.icloud.com"));
	check(&s, "icloud.com", "A", NULL);
	special_deinit(&s);
}

static void test_known(void **state)
{
	bool forced;

	(void)state;
	assert_true(special_known("test", &forced) && !forced);
	assert_true(special_known("TEST.", &forced) && !forced);
	assert_true(special_known("31.172.in-addr.arpa", &forced) && !forced);
	assert_true(special_known("onion", &forced) && forced);
	assert_false(special_known("x.test", &forced));
	assert_false(special_known("32.172.in-addr.arpa", &forced));
	assert_false(special_known("", &forced));
	assert_false(special_known("alt", &forced));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_own_domain),
		cmocka_unit_test(test_canaries),
		cmocka_unit_test(test_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
