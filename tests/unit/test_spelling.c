#include "common/config/spelling.h"

#include "tests/unit/cm.h"

#include <string.h>

#define NAME_253                                                                                   \
	"a234567890123456789012345678901234567890123456789012345678901.a2345678901234567890"       \
	"123456789012345678901234567890123456789012.a23456789012345678901234567890123456789"       \
	"01234567890123456789012.a234567890123456789012345678901234567890123456789012345678901.a23"

static const struct {
	const char *text, *addr, *auth_name;
} good[] = {
	{ "tls://9.9.9.9#dns.quad9.net", "9.9.9.9:853", "dns.quad9.net" },
	{ "tls://9.9.9.9:8853#dns.quad9.net", "9.9.9.9:8853", "dns.quad9.net" },
	{ "tls://[2620:fe::fe]:853#dns.quad9.net", "[2620:fe::fe]:853", "dns.quad9.net" },
	{ "9.9.9.9@853#dns.quad9.net", "9.9.9.9:853", "dns.quad9.net" },
	{ "[2620:fe::fe]:853#dns.quad9.net", "[2620:fe::fe]:853", "dns.quad9.net" },
	{ "9.9.9.9#dns.quad9.net", "9.9.9.9:853", "dns.quad9.net" },
	{ "9.9.9.9", "9.9.9.9:853", "" },
	{ "dns+tls://9.9.9.9#dns.quad9.net", "9.9.9.9:853", "dns.quad9.net" },
	{ "TLS://9.9.9.9", "9.9.9.9:853", "" },
	{ "9.9.9.9:1", "9.9.9.9:1", "" },
	{ "9.9.9.9:65535", "9.9.9.9:65535", "" },
	{ "2620:fe::fe", "[2620:fe::fe]:853", "" },
	{ "2620:fe::fe@8853#dns.quad9.net", "[2620:fe::fe]:8853", "dns.quad9.net" },
	{ "fe80::1%lo#router.lan", "[fe80::1%lo]:853", "router.lan" },
	{ "9.9.9.9#dns.quad9.net.", "9.9.9.9:853", "dns.quad9.net" },
	{ "9.9.9.9#" NAME_253, "9.9.9.9:853", NAME_253 },
	{ "9.9.9.9#" NAME_253 ".", "9.9.9.9:853", NAME_253 },
};

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(strlen(NAME_253), 253);
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		char text[ADDR_TEXT_MAX];
		struct spelling s;

		expect_int(good[i].text, spelling_parse(good[i].text, &s), SPELLING_OK);
		assert_string_equal(addr_text(&s.addr, text), good[i].addr);
		assert_string_equal(s.auth_name, good[i].auth_name);
	}
}

static const struct {
	const char *text;
	enum spelling_verdict verdict;
} bad[] = {
	{ "", SPELLING_EMPTY },
	{ "tls://", SPELLING_EMPTY },
	{ "#dns.quad9.net", SPELLING_EMPTY },
	{ "tls://#dns.quad9.net", SPELLING_EMPTY },
	{ "udp://9.9.9.9", SPELLING_SCHEME },
	{ "tcp://9.9.9.9", SPELLING_SCHEME },
	{ "https://dns.quad9.net/dns-query", SPELLING_SCHEME },
	{ "dtls://9.9.9.9", SPELLING_SCHEME },
	{ "tls+dns://9.9.9.9", SPELLING_SCHEME },
	{ "://9.9.9.9", SPELLING_SCHEME },
	{ "tls://https://9.9.9.9", SPELLING_PATH },
	{ "dns.quad9.net", SPELLING_NAME_ONLY },
	{ "tls://dns.quad9.net", SPELLING_NAME_ONLY },
	{ "tls://dns.quad9.net:853", SPELLING_NAME_ONLY },
	{ "dns.quad9.net@853", SPELLING_NAME_ONLY },
	{ "quad9", SPELLING_NAME_ONLY },
	{ "dns.quad9.net#dns.quad9.net", SPELLING_NAME_ONLY },
	{ "9.9.9.256", SPELLING_ADDRESS },
	{ "9.9.9", SPELLING_ADDRESS },
	{ "9.9.9.9:0", SPELLING_ADDRESS },
	{ "9.9.9.9:65536", SPELLING_ADDRESS },
	{ "9.9.9.9:", SPELLING_ADDRESS },
	{ "9.9.9.9:https", SPELLING_ADDRESS },
	{ "9.9.9.9 ", SPELLING_ADDRESS },
	{ " 9.9.9.9", SPELLING_ADDRESS },
	{ "[9.9.9.9]", SPELLING_ADDRESS },
	{ "[2620:fe::fe", SPELLING_ADDRESS },
	{ "2620:fe::zz", SPELLING_ADDRESS },
	{ "[2620:fe::fe]:x", SPELLING_ADDRESS },
	{ "0.0.0.0", SPELLING_ADDRESS },
	{ "::", SPELLING_ADDRESS },
	{ "a b", SPELLING_ADDRESS },
	{ "*.quad9.net", SPELLING_ADDRESS },
	{ NAME_253 "x", SPELLING_ADDRESS },
	{ "9.9.9.9#", SPELLING_AUTH_NAME },
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

static void test_every_verdict_has_its_words(void **state)
{
	(void)state;
	for (int v = SPELLING_OK; v <= SPELLING_PATH; v++) {
		assert_true(strlen(spelling_error((enum spelling_verdict)v)) > 10);
		for (int w = SPELLING_OK; w < v; w++)
			assert_string_not_equal(spelling_error((enum spelling_verdict)v),
				spelling_error((enum spelling_verdict)w));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_every_verdict_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
