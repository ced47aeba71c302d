#include "common/base/hostmatch.h"

#include "tests/unit/cm.h"

#include <stdlib.h>
#include <string.h>

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-"
#define LABEL_61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"
#define NAME_253 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61

static const struct {
	const char *presented, *expected;
	bool wanted;
} match_rows[] = {
	{ "dns.quad9.net", "dns.quad9.net", true },
	{ "DNS.Quad9.NET", "dns.quad9.net", true },
	{ "dns.quad9.net", "DNS.QUAD9.NET", true },
	{ "dns.quad9.net.", "dns.quad9.net", true },
	{ "dns.quad9.net", "dns.quad9.net.", true },
	{ "*.quad9.net", "dns.quad9.net", true },
	{ "*.QUAD9.net", "dns.quad9.net.", true },
	{ "*.quad9.net.", "dns.quad9.net", true },
	{ "*.quad9.net", "xn--dns-abc.quad9.net", true },
	{ "*.net", "quad9.net", true },
	{ "localhost", "localhost", true },
	{ "a_b.example", "a_b.example", true },
	{ NAME_253, NAME_253, true },

	{ "dns.quad9.net", "dns.quad8.net", false },
	{ "dns.quad9.net", "dns.quad9.ne", false },
	{ "dns.quad9.ne", "dns.quad9.net", false },
	{ "quad9.net", "dns.quad9.net", false },
	{ "dns.quad9.net", "quad9.net", false },
	{ "dns.quad9.net..", "dns.quad9.net", false },
	{ ".dns.quad9.net", "dns.quad9.net", false },
	{ " dns.quad9.net", "dns.quad9.net", false },
	{ "*.quad9.net", "quad9.net", false },
	{ "*.quad9.net", "a.dns.quad9.net", false },
	{ "*.quad9.net", "dns.quad8.net", false },
	{ "*.*.net", "dns.quad9.net", false },
	{ "dns.*.net", "dns.quad9.net", false },
	{ "d*.quad9.net", "dns.quad9.net", false },
	{ "*s.quad9.net", "dns.quad9.net", false },
	{ "*.net", "net", false },
	{ "*.localhost", "localhost", false },
	{ "*", "localhost", false },
	{ "*", "dns.quad9.net", false },
	{ "*.", "localhost", false },
	{ "*.", "localhost.", false },
	{ "*..", "localhost", false },
	{ "*.quad9.net", "*.quad9.net", false },
	{ "*.quad9.net", ".quad9.net", false },
	{ "", "dns.quad9.net", false },
	{ ".", "dns.quad9.net", false },
	{ "", "", false },
	{ ".", ".", false },
	{ "9.9.9.9", "9.9.9.9", false },
	{ "*.9.9.9", "9.9.9.9", false },
	{ "2620:fe::fe", "2620:fe::fe", false },
	/* ASCII folding only: '@' and '`' differ as letters do. */
	{ "dns.quad9`net", "dns.quad9@net", false },
	{ "d\xce\xb1.net", "d\xce\x91.net", false },
};

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(match_rows); i++) {
		size_t len = strlen(match_rows[i].presented);
		char *exact = malloc(len + !len); /* not terminated, as in a certificate */

		assert_non_null(exact);
		memcpy(exact, match_rows[i].presented, len);
		if (hostmatch(exact, len, match_rows[i].expected) != match_rows[i].wanted)
			fail_msg("\"%s\" for \"%s\"", match_rows[i].presented, match_rows[i].expected);
		free(exact);
	}
}

static void test_nul_never_matches(void **state)
{
	(void)state;
	assert_true(hostmatch("quad9.net\0.evil.example", 9, "quad9.net"));
	assert_false(hostmatch("quad9.net\0.evil.example", 23, "quad9.net"));
	assert_false(hostmatch("quad9.net\0", 10, "quad9.net"));
	assert_false(hostmatch("\0quad9.net", 10, "quad9.net"));
	assert_false(hostmatch("*.quad9\0net", 11, "dns.quad9.net"));
	assert_false(hostmatch("*\0quad9.net", 11, "dns.quad9.net"));
}

static const struct {
	const char *name;
	bool wanted;
} valid_rows[] = {
	{ "dns.quad9.net", true },
	{ "dns.quad9.net.", true },
	{ "localhost", true },
	{ "1dot1dot1dot1.cloudflare-dns.com", true },
	{ "a_b-c.example", true },
	{ LABEL_63 ".net", true },
	{ NAME_253, true },
	{ NAME_253 ".", true },

	{ "", false },
	{ ".", false },
	{ "..", false },
	{ ".net", false },
	{ "a..b", false },
	{ "a.b..", false },
	{ "a b", false },
	{ "*.quad9.net", false },
	{ "dns.quad9.net:853", false },
	{ "dns/quad9", false },
	{ "d\xc3\xb6.example", false },
	{ "9.9.9.9", false },
	{ "9.9.9.9.", false },
	{ "::1", false },
	{ LABEL_63 "x.net", false },
	{ NAME_253 "x", false },
	{ "a." NAME_253, false },
};

static void test_valid(void **state)
{
	(void)state;
	assert_int_equal(strlen(NAME_253), 253);
	for (size_t i = 0; i < COUNT_OF(valid_rows); i++)
		expect_int(valid_rows[i].name, hostname_valid(valid_rows[i].name), valid_rows[i].wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_nul_never_matches),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
