#include "common/config/spelling.h"

#include "tests/unit/cm.h"

#include <string.h>

#define NAME_253                                                                                   \
	"a234567890123456789012345678901234567890123456789012345678901.a2345678901234567890"       \
	"123456789012345678901234567890123456789012.a23456789012345678901234567890123456789"       \
	"01234567890123456789012.a234567890123456789012345678901234567890123456789012345678901.a23"

/* Without an address: a host to look up. */
static const struct {
	const char *text, *addr, *host, *auth_name;
	unsigned port;
} good[] = {
	{ "tls://9.9.9.9#dns.quad9.net", "9.9.9.9:853", "", "dns.quad9.net", 853 },
	{ "tls://9.9.9.9:8853#dns.quad9.net", "9.9.9.9:8853", "", "dns.quad9.net", 8853 },
	{ "tls://[2620:fe::fe]:853#dns.quad9.net", "[2620:fe::fe]:853", "", "dns.quad9.net", 853 },
	{ "tls://[2620:fe::fe]", "[2620:fe::fe]:853", "", "", 853 },
	{ "tls://2620:fe::fe", "[2620:fe::fe]:853", "", "", 853 },
	{ "9.9.9.9@853#dns.quad9.net", "9.9.9.9:853", "", "dns.quad9.net", 853 },
	{ "9.9.9.9@8853#dns.quad9.net", "9.9.9.9:8853", "", "dns.quad9.net", 8853 },
	{ "[2620:fe::fe]:853#dns.quad9.net", "[2620:fe::fe]:853", "", "dns.quad9.net", 853 },
	{ "9.9.9.9#dns.quad9.net", "9.9.9.9:853", "", "dns.quad9.net", 853 },
	{ "9.9.9.9", "9.9.9.9:853", "", "", 853 },
	{ "dns+tls://9.9.9.9#dns.quad9.net", "9.9.9.9:853", "", "dns.quad9.net", 853 },
	{ "TLS://9.9.9.9", "9.9.9.9:853", "", "", 853 },
	{ "DNS+TLS://9.9.9.9", "9.9.9.9:853", "", "", 853 },
	{ "9.9.9.9:1", "9.9.9.9:1", "", "", 1 },
	{ "9.9.9.9:65535", "9.9.9.9:65535", "", "", 65535 },
	{ "2620:fe::fe", "[2620:fe::fe]:853", "", "", 853 },
	{ "2620:fe::fe@8853#dns.quad9.net", "[2620:fe::fe]:8853", "", "dns.quad9.net", 8853 },
	{ "fe80::1%lo#router.lan", "[fe80::1%lo]:853", "", "router.lan", 853 },
	{ "9.9.9.9#dns.quad9.net.", "9.9.9.9:853", "", "dns.quad9.net", 853 },
	{ "9.9.9.9#" NAME_253, "9.9.9.9:853", "", NAME_253, 853 },
	{ "9.9.9.9#" NAME_253 ".", "9.9.9.9:853", "", NAME_253, 853 },

	{ "tls://dns.quad9.net", NULL, "dns.quad9.net", "dns.quad9.net", 853 },
	{ "TLS://DNS.Quad9.NET", NULL, "DNS.Quad9.NET", "DNS.Quad9.NET", 853 },
	{ "dns+tls://dns.quad9.net", NULL, "dns.quad9.net", "dns.quad9.net", 853 },
	{ "tls://dns.quad9.net:8853", NULL, "dns.quad9.net", "dns.quad9.net", 8853 },
	{ "tls://dns.quad9.net.", NULL, "dns.quad9.net", "dns.quad9.net", 853 },
	{ "tls://dns.quad9.net.:853", NULL, "dns.quad9.net", "dns.quad9.net", 853 },
	{ "dns.quad9.net", NULL, "dns.quad9.net", "dns.quad9.net", 853 },
	{ "dns.quad9.net.", NULL, "dns.quad9.net", "dns.quad9.net", 853 },
	{ "dns.quad9.net@853", NULL, "dns.quad9.net", "dns.quad9.net", 853 },
	{ "dns.quad9.net:853", NULL, "dns.quad9.net", "dns.quad9.net", 853 },
	{ "dns.quad9.net:65535", NULL, "dns.quad9.net", "dns.quad9.net", 65535 },
	{ "dns.quad9.net:853#other.name", NULL, "dns.quad9.net", "other.name", 853 },
	{ "dns.quad9.net#other.name.", NULL, "dns.quad9.net", "other.name", 853 },
	{ "tls://dns.quad9.net@8853#other.name", NULL, "dns.quad9.net", "other.name", 8853 },
	{ "tls://resolver", NULL, "resolver", "resolver", 853 },
	{ "tls://resolver:853#dns.example.net", NULL, "resolver", "dns.example.net", 853 },
	{ "1.1.1.1.example", NULL, "1.1.1.1.example", "1.1.1.1.example", 853 },
	{ "abc123.dns.nextdns.io", NULL, "abc123.dns.nextdns.io", "abc123.dns.nextdns.io", 853 },
	{ NAME_253, NULL, NAME_253, NAME_253, 853 },
	{ NAME_253 ".:853", NULL, NAME_253, NAME_253, 853 },
};

/* Other schemes. */
static const struct {
	const char *text, *addr, *host, *auth_name;
	unsigned port;
	enum spelling_scheme scheme;
} good_other[] = {
	{ "udp://192.168.1.1", "192.168.1.1:53", "", "", 53, SCHEME_UDP },
	{ "UDP://192.168.1.1:5353", "192.168.1.1:5353", "", "", 5353, SCHEME_UDP },
	{ "udp://fd00::1", "[fd00::1]:53", "", "", 53, SCHEME_UDP },
	{ "tcp://[fd00::1]:5353", "[fd00::1]:5353", "", "", 5353, SCHEME_TCP },
	{ "tcp://192.168.1.1@853", "192.168.1.1:853", "", "", 853, SCHEME_TCP },
	{ "dtls://9.9.9.9", "9.9.9.9:853", "", "", 853, SCHEME_DTLS },
	{ "DTLS://9.9.9.9:8853#dns.quad9.net", "9.9.9.9:8853", "", "dns.quad9.net", 8853, SCHEME_DTLS },
	{ "dtls://9.9.9.9@8853#dns.quad9.net", "9.9.9.9:8853", "", "dns.quad9.net", 8853, SCHEME_DTLS },
	{ "dtls://[2620:fe::fe]:853#dns.quad9.net", "[2620:fe::fe]:853", "", "dns.quad9.net", 853, SCHEME_DTLS },
	{ "dtls://dns.quad9.net", NULL, "dns.quad9.net", "dns.quad9.net", 853, SCHEME_DTLS },
	{ "dtls://dns.quad9.net@8853#other.name", NULL, "dns.quad9.net", "other.name", 8853, SCHEME_DTLS },
	{ "dtls://resolver", NULL, "resolver", "resolver", 853, SCHEME_DTLS },
};

static void test_other_schemes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good_other); i++) {
		char text[ADDR_TEXT_MAX];
		struct spelling s;

		expect_int(good_other[i].text, spelling_parse(good_other[i].text, &s), SPELLING_OK);
		expect_int(good_other[i].text, s.scheme, good_other[i].scheme);
		if (good_other[i].addr)
			assert_string_equal(addr_text(&s.addr, text), good_other[i].addr);
		else
			expect_int(good_other[i].text, s.addr.sa.sa_family, AF_UNSPEC);
		assert_string_equal(s.host, good_other[i].host);
		assert_string_equal(s.auth_name, good_other[i].auth_name);
		expect_int(good_other[i].text, s.port, good_other[i].port);
	}
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(strlen(NAME_253), 253);
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		char text[ADDR_TEXT_MAX];
		struct spelling s;

		expect_int(good[i].text, spelling_parse(good[i].text, &s), SPELLING_OK);
		expect_int(good[i].text, s.scheme, SCHEME_TLS);
		if (good[i].addr)
			assert_string_equal(addr_text(&s.addr, text), good[i].addr);
		else
			expect_int(good[i].text, s.addr.sa.sa_family, AF_UNSPEC);
		assert_string_equal(s.host, good[i].host);
		assert_string_equal(s.auth_name, good[i].auth_name);
		expect_int(good[i].text, s.port, good[i].port);
	}
}

static const struct {
	const char *text;
	enum spelling_verdict verdict;
} bad[] = {
	{ "", SPELLING_EMPTY },
	{ "tls://", SPELLING_EMPTY },
	{ "dtls://", SPELLING_EMPTY },
	{ "dtls://9.9.9.9:0", SPELLING_ADDRESS },
	{ "dtls://dns.quad9.net/dns-query", SPELLING_PATH },
	{ "#dns.quad9.net", SPELLING_EMPTY },
	{ "tls://#dns.quad9.net", SPELLING_EMPTY },
	{ "udp://", SPELLING_EMPTY },
	{ "udp://router.lan", SPELLING_PLAIN },
	{ "udp://9.9.9.9#dns.quad9.net", SPELLING_PLAIN },
	{ "udp://9.9.9.9:0", SPELLING_PLAIN },
	{ "udp://9.9.9.9/24", SPELLING_PLAIN },
	{ "udp://0.0.0.0", SPELLING_NOBODY },
	{ "udp://fe80::1", SPELLING_LINK },
	{ "udp://fe80::1%nothere0", SPELLING_INTERFACE },
	{ "tcp://[ff02::1]:53", SPELLING_NOBODY },
	{ "tcp://quad9", SPELLING_PLAIN },
	{ "UDP://192.168.1.1:53#router.lan", SPELLING_PLAIN },
	{ "https://dns.quad9.net/dns-query", SPELLING_HTTPS },
	{ "HTTPS://dns.quad9.net", SPELLING_HTTPS },
	{ "h3://dns.quad9.net/dns-query", SPELLING_HTTPS },
	{ "quic://dns.adguard-dns.com", SPELLING_QUIC },
	{ "sdns://AwcAAAAAAAAAAAAQZG90LnNlY3VyZWRucy5ldQ", SPELLING_STAMP },
	{ "tls+dns://9.9.9.9", SPELLING_SCHEME },
	{ "dot://9.9.9.9", SPELLING_SCHEME },
	{ "://9.9.9.9", SPELLING_SCHEME },
	{ " tls://9.9.9.9", SPELLING_SCHEME },
	{ "quad9", SPELLING_WORD },
	{ "quad9.", SPELLING_WORD },
	{ "quad9@853", SPELLING_WORD },
	{ "quad9#dns.quad9.net", SPELLING_WORD },
	{ "quad9/unfiltered", SPELLING_WORD },
	{ "/etc/hosts", SPELLING_WORD },
	{ "a b", SPELLING_WORD },
	{ "\"", SPELLING_WORD },
	{ "853", SPELLING_WORD },
	{ "-", SPELLING_WORD },
	{ "tls://https://9.9.9.9", SPELLING_PATH },
	{ "9.9.9.256", SPELLING_ADDRESS },
	{ "9.9.9", SPELLING_ADDRESS },
	{ "9.9.9.9:0", SPELLING_ADDRESS },
	{ "9.9.9.9:65536", SPELLING_ADDRESS },
	{ "9.9.9.9:0853", SPELLING_ADDRESS },
	{ "9.9.9.9:", SPELLING_ADDRESS },
	{ "9.9.9.9:https", SPELLING_ADDRESS },
	{ "9.9.9.9:853:853", SPELLING_ADDRESS },
	{ "9.9.9.9 ", SPELLING_ADDRESS },
	{ " 9.9.9.9", SPELLING_ADDRESS },
	{ "[9.9.9.9]", SPELLING_ADDRESS },
	{ "[dns.quad9.net]", SPELLING_ADDRESS },
	{ "[2620:fe::fe", SPELLING_ADDRESS },
	{ "2620:fe::zz", SPELLING_ADDRESS },
	{ "[2620:fe::fe]:x", SPELLING_ADDRESS },
	{ "dns.quad9.net:0", SPELLING_ADDRESS },
	{ "dns.quad9.net:65536", SPELLING_ADDRESS },
	{ "dns.quad9.net:", SPELLING_ADDRESS },
	{ "dns.quad9.net:x", SPELLING_ADDRESS },
	{ "dns.quad9.net@853@853", SPELLING_ADDRESS },
	{ "dns..quad9.net", SPELLING_ADDRESS },
	{ ".quad9.net", SPELLING_ADDRESS },
	{ "dns quad9.net", SPELLING_ADDRESS },
	{ "d\xc3\xbc.example", SPELLING_ADDRESS },
	{ "tls://a b", SPELLING_ADDRESS },
	{ "tls://853", SPELLING_ADDRESS },
	{ "tls://.", SPELLING_ADDRESS },
	{ "0.0.0.0", SPELLING_NOBODY },
	{ "::", SPELLING_NOBODY },
	{ "224.0.0.251#a.example", SPELLING_NOBODY },
	{ "255.255.255.255", SPELLING_NOBODY },
	{ "tls://[ff02::fb]", SPELLING_NOBODY },
	{ "fe80::1", SPELLING_LINK },
	{ "tls://[fe80::1]:853#router.lan", SPELLING_LINK },
	{ "fe80::1%nothere0#router.lan", SPELLING_INTERFACE },
	{ "tls://9.9.9.9%lo", SPELLING_INTERFACE },
	{ "dns.quad9.net%lo", SPELLING_INTERFACE },
	{ "*.quad9.net", SPELLING_ADDRESS },
	{ "x" NAME_253, SPELLING_ADDRESS },
	{ "tls://" NAME_253 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", SPELLING_ADDRESS },
	{ "9.9.9.9#", SPELLING_AUTH_NAME },
	{ "dns.quad9.net#", SPELLING_AUTH_NAME },
	{ "dns.quad9.net#9.9.9.9", SPELLING_AUTH_NAME },
	{ "9.9.9.9#*.quad9.net", SPELLING_AUTH_NAME },
	{ "9.9.9.9#dns quad9", SPELLING_AUTH_NAME },
	{ "9.9.9.9#dns.quad9.net:853", SPELLING_AUTH_NAME },
	{ "9.9.9.9#dns.quad9.net@853", SPELLING_AUTH_NAME },
	{ "9.9.9.9#dns.quad9.net/dns-query", SPELLING_AUTH_NAME },
	{ "9.9.9.9#a#b", SPELLING_AUTH_NAME },
	{ "9.9.9.9#9.9.9.9", SPELLING_AUTH_NAME },
	{ "9.9.9.9#.", SPELLING_AUTH_NAME },
	{ "9.9.9.9#x" NAME_253, SPELLING_AUTH_NAME },
	{ "9.9.9.9/dns-query", SPELLING_PATH },
	{ "9.9.9.9/", SPELLING_PATH },
	{ "10.0.0.0/8", SPELLING_PATH },
	{ "9.9.9.9?x", SPELLING_PATH },
	{ "tls://dns.quad9.net/", SPELLING_PATH },
	{ "dns.quad9.net/dns-query", SPELLING_PATH },
	{ "tls://quad9/unfiltered", SPELLING_PATH },
	{ "tls://9.9.9.9:853/dns-query#dns.quad9.net", SPELLING_PATH },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct spelling s, before;

		memset(&s, 0x5a, sizeof s);
		before = s;
		expect_int(bad[i].text, spelling_parse(bad[i].text, &s), bad[i].verdict);
		assert_memory_equal(&s, &before, sizeof s);
	}
}

static const struct {
	const char *text;
	size_t len;
	unsigned port; /* 7: untouched */
} splits[] = {
	{ "quad9", 5, 7 }, { "quad9@8853", 5, 8853 }, { "quad9:1", 5, 1 }, { "quad9:65535", 5, 65535 },
	{ "quad9:0", 7, 7 }, { "quad9:65536", 11, 7 }, { "quad9:", 6, 7 }, { "quad9:08", 8, 7 },
	{ "quad9:99999999999", 17, 7 }, { "quad9:8x", 8, 7 }, { "a:b:5", 3, 5 }, { ":5", 0, 5 }, { "", 0, 7 },
};

static void test_split_port(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(splits); i++) {
		uint16_t port = 7;
		size_t len = spelling_split_port(splits[i].text, strlen(splits[i].text), &port);

		expect_int(splits[i].text, len, splits[i].len);
		expect_int(splits[i].text, port, splits[i].port);
	}
}

#define TRY "; write it like \"tls://9.9.9.9#dns.quad9.net\" or \"tls://dns.quad9.net\""

static const char *const words[] = {
	[SPELLING_OK] = "nothing is wrong",
	[SPELLING_EMPTY] = "no address and no name is written" TRY,
	[SPELLING_WORD] = "unknown preset or upstream (\"dnsfwd --list-presets\" shows the presets)",
	[SPELLING_PLAIN] = "behind udp:// and tcp:// an IP address is wanted, with a port where it is not 53, "
			   "and nothing else, like \"udp://192.168.1.1\"",
	[SPELLING_HTTPS] = "DNS over HTTPS is not spoken, write tls:// and the name of the server, like "
			   "\"tls://dns.quad9.net\"",
	[SPELLING_QUIC] = "DNS over QUIC is not spoken, write tls:// and the name of the server, like "
			  "\"tls://dns.quad9.net\"",
	[SPELLING_STAMP] = "DNS stamps (sdns://) are not read, write tls:// and the name of the server, like "
			   "\"tls://dns.quad9.net\"",
	[SPELLING_SCHEME] = "only tls:// and dtls:// are spoken" TRY,
	[SPELLING_ADDRESS] = "neither an IP address nor a host name, with a port of 1 to 65535 where one is "
			     "written; write it like \"9.9.9.9\", \"9.9.9.9:853\", \"[2620:fe::fe]:853\" or "
			     "\"dns.quad9.net\"",
	[SPELLING_INTERFACE] = "behind % stands an interface that this machine has (\"ip link\" shows them), and "
			       "before it a link-local IPv6 address, like \"fe80::1%eth0\"",
	[SPELLING_LINK] = "a link-local address needs the interface that it is reached by, like "
			  "\"fe80::1%eth0\" (\"ip link\" shows them)",
	[SPELLING_NOBODY] = "no server has such an address: it is multicast, broadcast or unspecified",
	[SPELLING_AUTH_NAME] = "behind the # stands the host name of the certificate, like \"#dns.quad9.net\": "
			       "letters, digits, '-', '_' and dots, no wildcard",
	[SPELLING_PATH] = "nothing may follow the address and its port but #NAME; a path has no meaning in DNS "
			  "over TLS",
};

static void test_every_verdict_has_its_words(void **state)
{
	(void)state;
	assert_int_equal(COUNT_OF(words), SPELLING_PATH + 1);
	for (size_t v = 0; v < COUNT_OF(words); v++)
		assert_string_equal(spelling_error((enum spelling_verdict)v), words[v]);
	for (size_t v = 1; v < COUNT_OF(words); v++) {
		bool met = false;

		for (size_t i = 0; i < COUNT_OF(bad); i++)
			met = met || bad[i].verdict == (enum spelling_verdict)v;
		expect(words[v], met);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_other_schemes),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_split_port),
		cmocka_unit_test(test_every_verdict_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
