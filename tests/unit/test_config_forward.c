/* What `forward` makes of presets, spellings and names; what is wrong only with two of them together. */
#include "common/config/config.h"

#include "tests/unit/config_case.h"

static struct config *load_forward(const char *entries, const char *more)
{
	char text[2000];

	snprintf(text, sizeof text, "forward = [ %s ]\n%s", entries, more ? more : "");
	return load_good(text);
}

/* Addresses in one text, each with its port. */
static const char *addresses(const struct config_upstream *u)
{
	static char all[400];
	char one[ADDR_TEXT_MAX];
	size_t len = 0;

	all[0] = '\0';
	for (size_t i = 0; i < u->address_count; i++)
		len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", i > 0 ? " " : "",
			addr_text(&u->address[i], one));
	return all;
}

#define QUAD9 "9.9.9.9:853 149.112.112.112:853 [2620:fe::fe]:853 [2620:fe::9]:853"

static const struct {
	const char *entry, *addresses, *host, *auth_name;
	unsigned port;
	enum config_filter filter;
} rows[] = {
	{ "quad9", QUAD9, NULL, "dns.quad9.net", 853, FILTER_SOME },
	{ "Quad9", QUAD9, NULL, "dns.quad9.net", 853, FILTER_SOME },
	{ "quad9@8853", "9.9.9.9:8853 149.112.112.112:8853 [2620:fe::fe]:8853 [2620:fe::9]:8853", NULL,
		"dns.quad9.net", 8853, FILTER_SOME },
	{ "quad9:853", QUAD9, NULL, "dns.quad9.net", 853, FILTER_SOME },
	{ "cloudflare/family",
		"1.1.1.3:853 1.0.0.3:853 [2606:4700:4700::1113]:853 [2606:4700:4700::1003]:853", NULL,
		"family.cloudflare-dns.com", 853, FILTER_SOME },
	{ "cloudflare", "1.1.1.1:853 1.0.0.1:853 [2606:4700:4700::1111]:853 [2606:4700:4700::1001]:853",
		NULL, "one.one.one.one", 853, FILTER_NONE },
	{ "controld/malware", "76.76.2.1:853", NULL, "p1.freedns.controld.com", 853, FILTER_SOME },
	{ "nextdns/abc123", "", "abc123.dns.nextdns.io", "abc123.dns.nextdns.io", 853, FILTER_UNKNOWN },
	{ "nextdns/abc123@443", "", "abc123.dns.nextdns.io", "abc123.dns.nextdns.io", 443, FILTER_UNKNOWN },

	{ "tls://9.9.9.9:8853#dns.quad9.net", "9.9.9.9:8853", NULL, "dns.quad9.net", 8853, FILTER_SOME },
	{ "9.9.9.9", "9.9.9.9:853", NULL, NULL, 853, FILTER_SOME },
	{ "9.9.9.10#dns.quad9.net", "9.9.9.10:853", NULL, "dns.quad9.net", 853, FILTER_NONE },
	{ "192.0.2.1#dns.quad9.net", "192.0.2.1:853", NULL, "dns.quad9.net", 853, FILTER_SOME },
	{ "192.0.2.1", "192.0.2.1:853", NULL, NULL, 853, FILTER_UNKNOWN },
	{ "tls://dns.quad9.net", "", "dns.quad9.net", "dns.quad9.net", 853, FILTER_SOME },
	{ "DNS.QUAD9.NET.", "", "DNS.QUAD9.NET", "DNS.QUAD9.NET", 853, FILTER_SOME },
	{ "dns.quad9.net@8853", "", "dns.quad9.net", "dns.quad9.net", 8853, FILTER_SOME },
	{ "dns.google#other.example", "", "dns.google", "other.example", 853, FILTER_NONE },
	{ "cloudflare-dns.com", "", "cloudflare-dns.com", "cloudflare-dns.com", 853, FILTER_NONE },
	{ "dns.example.net", "", "dns.example.net", "dns.example.net", 853, FILTER_UNKNOWN },
};

static void test_one(void **state)
{
	char quoted[120];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct config *c;
		const struct config_upstream *u;

		snprintf(quoted, sizeof quoted, "\"%s\"", rows[i].entry);
		c = load_forward(quoted, NULL);
		u = &c->forward[0];
		expect_int(rows[i].entry, c->forward_count, 1);
		assert_string_equal(u->name, rows[i].entry);
		assert_string_equal(addresses(u), rows[i].addresses);
		expect_int(rows[i].entry, u->host != NULL, rows[i].host != NULL);
		if (u->host)
			assert_string_equal(u->host, rows[i].host);
		expect_int(rows[i].entry, u->auth_name != NULL, rows[i].auth_name != NULL);
		if (u->auth_name)
			assert_string_equal(u->auth_name, rows[i].auth_name);
		expect_int(rows[i].entry, u->port, rows[i].port);
		expect_int(rows[i].entry, u->filter, rows[i].filter);
		expect_int(rows[i].entry, u->connections, 2);
		expect(rows[i].entry, !u->long_form);
		config_unref(c);
	}
}

/* By the spelling, or by the long form; what is written of one is not written of the other. */
static void test_transports(void **state)
{
	struct config *c = load_forward("\"dtls://192.0.2.7#dns.test\", \"home\", \"both\", \"quad9\", "
					"\"tls://192.0.2.7#dns.test\"",
		"upstream = ( { name = \"home\", address = \"192.0.2.1\", transport = \"dtls\" }, "
		"{ name = \"both\", auth-name = \"dns.example\", transport = \"auto\" } )");

	(void)state;
	assert_int_equal(c->forward_count, 5);
	assert_int_equal(c->forward[0].transport, TRANSPORT_DTLS);
	assert_int_equal(c->forward[1].transport, TRANSPORT_DTLS);
	assert_int_equal(c->forward[2].transport, TRANSPORT_AUTO);
	assert_int_equal(c->forward[3].transport, TRANSPORT_TLS);
	assert_int_equal(c->forward[4].transport, TRANSPORT_TLS);
	config_unref(c);
	check_refused("forward = [ \"dtls://192.0.2.7\", \"dtls://192.0.2.7:853\" ]",
		"dnsfwd.conf:1: option \"forward\": value \"dtls://192.0.2.7:853\": it is listed already");
}

static void test_order_is_kept(void **state)
{
	struct config *c = load_forward("\"mullvad\", \"tls://dns.example\", \"home\", \"1.1.1.1\"",
		"upstream = ( { name = \"home\", address = \"192.0.2.1\" } )");

	(void)state;
	assert_int_equal(c->forward_count, 4);
	assert_string_equal(c->forward[0].name, "mullvad");
	assert_string_equal(c->forward[1].host, "dns.example");
	assert_true(c->forward[2].long_form);
	assert_string_equal(c->forward[3].name, "1.1.1.1");
	config_unref(c);
}

static void test_sixteen(void **state)
{
	char text[2000];
	size_t len = 0;
	struct config *c;

	(void)state;
	len += (size_t)snprintf(text, sizeof text, "forward = [ \"192.0.2.1\"");
	for (unsigned i = 2; i <= 16; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, ", \"192.0.2.%u\"", i);
	snprintf(text + len, sizeof text - len, " ]");
	c = load_good(text);
	assert_int_equal(c->forward_count, 16);
	config_unref(c);
	snprintf(text + len, sizeof text - len, ", \"192.0.2.17\" ]");
	check_refused(text, "dnsfwd.conf:1: option \"forward\": 17 entries: at most 16 are allowed");
}

/* The long form without address: its auth-name is looked up. */
static void test_long_form_by_name(void **state)
{
	struct config *c = load_forward("\"home\"",
		"tls-cert-bundle = \"/top\" upstream = ( { name = \"home\", auth-name = \"dns.quad9.net.\", "
		"port = 8853 } )");
	const struct config_upstream *u = &c->forward[0];

	(void)state;
	assert_int_equal(u->address_count, 0);
	assert_string_equal(u->host, "dns.quad9.net");
	assert_string_equal(u->auth_name, "dns.quad9.net");
	assert_string_equal(u->tls_cert_bundle, "/top");
	assert_int_equal(u->port, 8853);
	assert_int_equal(u->filter, FILTER_SOME);
	config_unref(c);
}

/* A preset that a later version brings must not take the place of what somebody wrote. */
static void test_the_file_comes_before_presets(void **state)
{
	struct config *c = load_forward(
		"\"quad9\"", "upstream = ( { name = \"quad9\", address = \"192.0.2.1\" } )");

	(void)state;
	assert_string_equal(addresses(&c->forward[0]), "192.0.2.1:853");
	assert_int_equal(c->forward[0].filter, FILTER_UNKNOWN);
	config_unref(c);
}

#define VALUE "dnsfwd.conf:1: option \"forward\": value \"%s\": %s"
#define DNS0                                                                                       \
	"dns0.eu closed in October 2025; its operators name \"dns4eu\" and \"nextdns/ID\" as what to " \
	"use instead"
#define SINODUN                                                                                    \
	"the dnsovertls test servers of Sinodun were switched off in 2022; use a public resolver "  \
	"instead, like \"quad9\""
#define SECUREDNS                                                                                  \
	"securedns.eu closed on 30 April 2020; use another one instead, like \"dnsforge\" or \"quad9\""
#define ADGUARD                                                                                    \
	"AdGuard replaced its addresses 176.103.130.x in September 2020; use \"adguard\", "         \
	"\"adguard/family\" or \"adguard/unfiltered\" instead"
#define PORT_53 "port 53 is that of DNS in clear, where nobody speaks TLS or DTLS; write 853, or no port"
#define OURSELVES(addr) addr " is where dnsfwd itself listens (option \"listen\")"
#define PRESETS		"unknown preset or upstream (\"dnsfwd --list-presets\" shows the presets)"

/* Refused in these words. */
static const struct {
	const char *entry, *refused;
} refused_rows[] = {
	{ "dns0", DNS0 },
	{ "dns0.eu", DNS0 },
	{ "DNS0.eu/zero", DNS0 },
	{ "tls://dns0.eu", DNS0 },
	{ "tls://zero.dns0.eu", DNS0 },
	{ "dns0.eu:853", DNS0 },
	{ "193.110.81.0#dns0.eu", DNS0 },
	{ "tls://dnsovertls.sinodun.com", SINODUN },
	{ "145.100.185.15#dnsovertls.sinodun.com", SINODUN },
	{ "dnsovertls3.sinodun.com", SINODUN },
	{ "securedns", SECUREDNS },
	{ "146.185.167.43@853#dot.securedns.eu", SECUREDNS },
	{ "176.103.130.130", ADGUARD },
	{ "176.103.130.134#dns-family.adguard.com", ADGUARD },

	{ "quda9", "unknown preset or upstream, did you mean \"quad9\"?" },
	{ "quad9/unfilterd", "unknown preset or upstream, did you mean \"quad9/unfiltered\"?" },
	{ "cloudfare", "unknown preset or upstream, did you mean \"cloudflare\"?" },
	{ "quad9.", "unknown preset or upstream, did you mean \"quad9\"?" },
	{ "nextdns", "unknown preset or upstream, did you mean \"nextdns/ID\"?" },
	{ "nonsense", PRESETS },
	{ "localhost", PRESETS },
	{ "a b", PRESETS },
	{ "tls://quad9", "this is a preset, write its name without tls://" },
	{ "tls://Quad9:8853", "this is a preset, write its name without tls://" },
	{ "nextdns/ID", "behind the / stands your own id, as the service gave it to you" },
	{ "nextdns/a.b", "behind the / stands your own id, as the service gave it to you" },
	{ "quad9@0", "neither an IP address nor a host name, with a port of 1 to 65535 where one is written; "
		     "write it like \"9.9.9.9\", \"9.9.9.9:853\", \"[2620:fe::fe]:853\" or \"dns.quad9.net\"" },

	{ "1.1.1.1:53", PORT_53 },
	{ "quad9@53", PORT_53 },
	{ "tls://dns.example:53", PORT_53 },
	{ "dtls://9.9.9.9@53#dns.quad9.net", PORT_53 },
	{ "127.0.0.1:53", OURSELVES("127.0.0.1:53") },
	{ "tls://127.0.0.1:53#x.example", OURSELVES("127.0.0.1:53") },
	{ "[::1]:53", OURSELVES("[::1]:53") },
	{ "::ffff:127.0.0.1@53", OURSELVES("[::ffff:127.0.0.1]:53") },
};

static void test_refused(void **state)
{
	char text[200], wanted[400];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused_rows); i++) {
		snprintf(text, sizeof text, "forward = [ \"%s\" ]", refused_rows[i].entry);
		snprintf(wanted, sizeof wanted, VALUE, refused_rows[i].entry, refused_rows[i].refused);
		if (load(text))
			fail_msg("%s was accepted", text);
		expect_int(text, errors.count, 1);
		assert_string_equal(errors.text[0], wanted);
	}
}

static const char group_text[] = "upstream = ( { name = \"home\", address = \"192.0.2.1\" },\n"
				 "{ name = \"again\", address = [ \"192.0.2.2\", \"192.0.2.1\" ] },\n"
				 "{ name = \"named\", address = \"192.0.2.1\", auth-name = \"a.example\" },\n"
				 "{ name = \"gone\", address = \"192.0.2.3\", auth-name = \"dns0.eu\" },\n"
				 "{ name = \"lookup\", auth-name = \"dns.example\" },\n"
				 "{ name = \"self\", address = [ \"192.0.2.4\", \"127.0.0.1\" ], port = 5300 } )\n";

/* Refused for what else is written. */
static const struct {
	const char *entries, *more, *refused;
} pair_rows[] = {
	{ "\"quad9\", \"quad9\"", "", "value \"quad9\": it is listed already, as \"quad9\"" },
	{ "\"quad9\", \"mullvad\", \"QUAD9\"", "", "value \"QUAD9\": it is listed already, as \"quad9\"" },
	{ "\"quad9\", \"9.9.9.9#dns.quad9.net\"", "", "it is listed already, as \"quad9\"" },
	{ "\"9.9.9.9#dns.quad9.net\", \"quad9\"", "", "it is listed already, as \"9.9.9.9#dns.quad9.net\"" },
	{ "\"9.9.9.9\", \"tls://9.9.9.9:853\"", "", "it is listed already, as \"9.9.9.9\"" },
	{ "\"dns.example\", \"tls://DNS.example.\"", "", "it is listed already, as \"dns.example\"" },
	{ "\"lookup\", \"tls://dns.example\"", group_text, "it is listed already, as \"lookup\"" },
	{ "\"home\", \"home\"", group_text, "it is listed already, as \"home\"" },
	{ "\"home\", \"again\"", group_text, "it is listed already, as \"home\"" },

	{ "\"gone\"", group_text, "value \"gone\": " DNS0 },

	{ "\"tls://dns.quad9.net\"", "bootstrap = [ ]",
		"value \"tls://dns.quad9.net\": the address of dns.quad9.net has to be looked up, but option "
		"\"bootstrap\" is empty; write name servers there, or an address here" },
	{ "\"nextdns/abc\"", "bootstrap = [ ]", "the address of abc.dns.nextdns.io has to be looked up" },
	{ "\"lookup\"", "bootstrap = ( )\nupstream = ( { name = \"lookup\", auth-name = \"dns.example\" } )",
		"value \"lookup\": the address of dns.example has to be looked up" },

	{ "\"127.0.0.1:5300\"", "listen = [ \"127.0.0.1:5300\" ]", OURSELVES("127.0.0.1:5300") },
	{ "\"127.0.0.1\"", "port = 853", OURSELVES("127.0.0.1:853") },
	{ "\"127.3.2.1:5300\"", "listen = [ \"0.0.0.0:5300\" ]", OURSELVES("127.3.2.1:5300") },
	{ "\"[::1]:5300\"", "listen = [ \"192.0.2.1\", \"[::]:5300\" ]", OURSELVES("[::1]:5300") },
	{ "\"192.0.2.1\"", "listen = [ \"192.0.2.1:853\" ]", OURSELVES("192.0.2.1:853") },
};

static void test_refused_together(void **state)
{
	char text[1500];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pair_rows); i++) {
		snprintf(text, sizeof text, "forward = [ %s ]\n%s", pair_rows[i].entries, pair_rows[i].more);
		check_refused(text, pair_rows[i].refused);
	}
	snprintf(text, sizeof text, "forward = [ \"self\" ]\nlisten = [ \"127.0.0.1:5300\" ]\n%s", group_text);
	check_refused(text, "value \"self\": " OURSELVES("127.0.0.1:5300"));
	/* One complaint for one mistake: that none of them could be read is said already. */
	check_refused("forward = [ \"dns.example\" ]\nbootstrap = [ \"x\" ]", "option \"bootstrap\": value \"x\"");
}

static const struct {
	const char *entries, *more;
	size_t warnings;
} accepted_rows[] = {
	{ "\"9.9.9.9\", \"9.9.9.9:8853\"", "", 0 },
	{ "\"9.9.9.9#a.example\", \"9.9.9.9#b.example\"", "", 0 },
	{ "\"home\", \"named\"", group_text, 4 }, /* those not listed */
	{ "\"dns.example\", \"dns.example:8853\"", "", 0 },
	{ "\"quad9\"", "bootstrap = [ ]", 0 },
	{ "\"127.0.0.1:5301\"", "listen = [ \"127.0.0.1:5300\" ]", 0 },
	{ "\"127.0.0.1:853\"", "listen = [ \"[::]:853\" ]", 0 },
	{ "\"127.0.0.1:853\"", "listen = [ \"127.0.0.1:0\" ]", 0 },
};

static void test_accepted_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted_rows); i++) {
		struct config *c = load_forward(accepted_rows[i].entries, accepted_rows[i].more);

		expect_int(accepted_rows[i].entries, c->warnings.count, accepted_rows[i].warnings);
		config_unref(c);
	}
}

#define MIXES(some, filters, none)                                                                 \
	"dnsfwd.conf:1: forward mixes " some " (filters: " filters ") with " none                   \
	" (filters nothing): names that the first blocks are answered by the second; use one kind"

static const struct {
	const char *entries, *warnings[3];
} warning_rows[] = {
	{ "\"quad9\"", { NULL } },
	{ "\"quad9\", \"cloudflare\"", { MIXES("quad9", "malware", "cloudflare") } },
	{ "\"cloudflare\", \"quad9\"", { MIXES("quad9", "malware", "cloudflare") } },
	{ "\"cloudflare/family\", \"google\", \"quad9\", \"mullvad\"",
		{ MIXES("cloudflare/family", "malware, adult", "google") } },
	{ "\"tls://9.9.9.9\", \"dns.google\"", { MIXES("tls://9.9.9.9", "malware", "dns.google") } },
	{ "\"quad9\", \"quad9/unfiltered\"", { MIXES("quad9", "malware", "quad9/unfiltered") } },
	{ "\"home\", \"cloudflare\"", { MIXES("home", "malware", "cloudflare") } },
	{ "\"quad9\", \"cloudflare/security\"", { NULL } },
	{ "\"quad9\", \"cloudflare/family\"",
		{ "dnsfwd.conf:1: forward mixes quad9 (filters: malware) with cloudflare/family (filters: "
		  "malware, adult): names that the first blocks may be answered by the second; use one kind" } },
	{ "\"google\", \"cloudflare\"", { NULL } },
	{ "\"quad9\", \"192.0.2.1\", \"switch\", \"nextdns/abc\"", { NULL } },
	{ "\"getdnsapi\"", { "dnsfwd.conf:1: forward: getdnsapi is a test server" } },
	{ "\"wikimedia\", \"185.49.141.37\"",
		{ "dnsfwd.conf:1: forward: wikimedia is a beta service, without guarantees",
			"dnsfwd.conf:1: forward: 185.49.141.37 is a test server" } },
	{ "\"wikimedia\", \"quad9\"", { "dnsfwd.conf:1: forward: wikimedia is a beta service, without guarantees",
						MIXES("quad9", "malware", "wikimedia") } },
};

static void test_warnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(warning_rows); i++) {
		struct config *c = load_forward(warning_rows[i].entries,
			"upstream = ( { name = \"home\", address = [ \"192.0.2.1\", \"9.9.9.9\" ] } )\n"
			"zone = ( { name = \"z.test\", forward = [ \"home\" ] } )");
		size_t count = 0;

		for (; warning_rows[i].warnings[count]; count++) {
			expect(warning_rows[i].entries, count < c->warnings.count);
			assert_string_equal(c->warnings.text[count], warning_rows[i].warnings[count]);
		}
		expect_int(warning_rows[i].entries, c->warnings.count, count);
		config_unref(c);
	}
}

/* Of no use, but no reason not to start: somebody may try another one for a day. */
static void test_unlisted(void **state)
{
	static const char text[] =
		"forward = [ \"quad9\" ]\n"
		"upstream = ( { name = \"gone\", address = \"176.103.130.130\" },\n"
		"{ name = \"used\", address = \"192.0.2.1\" },\n"
		"{ name = \"spare\", address = \"192.0.2.2\" } )\n"
		"zone = ( { name = \"z.test\", forward = [ \"used\" ] } )\n";
	static const char *const forward[] = { "quad9" };
	const struct config_overrides overrides = { .forward = forward, .forward_count = 1 };
	struct config *c = load_good(text);

	(void)state;
	assert_int_equal(c->warnings.count, 2);
	assert_string_equal(c->warnings.text[0],
		"dnsfwd.conf:2: upstream \"gone\": named by neither forward nor a zone, and so asked for nothing");
	assert_string_equal(c->warnings.text[1],
		"dnsfwd.conf:4: upstream \"spare\": named by neither forward nor a zone, and so asked for nothing");
	config_unref(c);
	/* The file's own list is out of play: it may well be in there. */
	c = load_with(text, &overrides);
	assert_non_null(c);
	assert_int_equal(c->warnings.count, 0);
	config_unref(c);
}

/* The line of the entry; and the command line in place of one. */
static void test_where_it_is(void **state)
{
	static const char *const forward[] = { "quad9", "cloudflare" };
	const struct config_overrides overrides = { .forward = forward, .forward_count = 2 };
	struct config *c = load_good("forward = [ \"quad9\",\n\"google\",\n\"cloudflare\" ]\n");

	(void)state;
	assert_int_equal(c->warnings.count, 1);
	assert_int_equal(strncmp(c->warnings.text[0], "dnsfwd.conf:2: forward mixes ", 29), 0);
	config_unref(c);
	c = load_with(NULL, &overrides);
	assert_non_null(c);
	assert_int_equal(c->warnings.count, 1);
	assert_int_equal(strncmp(c->warnings.text[0], "command line: forward mixes quad9 ", 34), 0);
	config_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_one, teardown),
		cmocka_unit_test_teardown(test_transports, teardown),
		cmocka_unit_test_teardown(test_order_is_kept, teardown),
		cmocka_unit_test_teardown(test_sixteen, teardown),
		cmocka_unit_test_teardown(test_long_form_by_name, teardown),
		cmocka_unit_test_teardown(test_the_file_comes_before_presets, teardown),
		cmocka_unit_test_teardown(test_refused, teardown),
		cmocka_unit_test_teardown(test_refused_together, teardown),
		cmocka_unit_test_teardown(test_accepted_together, teardown),
		cmocka_unit_test_teardown(test_warnings, teardown),
		cmocka_unit_test_teardown(test_unlisted, teardown),
		cmocka_unit_test_teardown(test_where_it_is, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
