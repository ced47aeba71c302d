#include "common/dns/ede.h"

#include "common/dns/ede_text.h"
#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

static void test_rcode_text(void **state)
{
	(void)state;
	assert_string_equal(rcode_text(RCODE_NOERROR), "NOERROR");
	assert_string_equal(rcode_text(RCODE_FORMERR), "FORMERR");
	assert_string_equal(rcode_text(RCODE_SERVFAIL), "SERVFAIL");
	assert_string_equal(rcode_text(RCODE_NXDOMAIN), "NXDOMAIN");
	assert_string_equal(rcode_text(RCODE_NOTIMP), "NOTIMP");
	assert_string_equal(rcode_text(RCODE_REFUSED), "REFUSED");
	assert_string_equal(rcode_text(RCODE_BADVERS), "BADVERS");
	assert_string_equal(rcode_text(RCODE_BADCOOKIE), "BADCOOKIE");
	assert_string_equal(rcode_text(11), "DSOTYPENI");
	assert_string_equal(rcode_text(12), "RCODE12");
	assert_string_equal(rcode_text(17), "RCODE17");
	assert_string_equal(rcode_text(4095), "RCODE4095");
	assert_string_equal(rcode_text(0xffffffffu), "RCODE4294967295");
}

static void test_type_text(void **state)
{
	(void)state;
	assert_string_equal(type_text(1), "A");
	assert_string_equal(type_text(28), "AAAA");
	assert_string_equal(type_text(65), "HTTPS");
	assert_string_equal(type_text(255), "ANY");
	assert_string_equal(type_text(257), "CAA");
	assert_string_equal(type_text(0), "TYPE0");
	assert_string_equal(type_text(1234), "TYPE1234");
	assert_string_equal(type_text(65535), "TYPE65535");
}

static void test_class_text(void **state)
{
	(void)state;
	assert_string_equal(class_text(1), "IN");
	assert_string_equal(class_text(3), "CH");
	assert_string_equal(class_text(254), "NONE");
	assert_string_equal(class_text(255), "ANY");
	assert_string_equal(class_text(2), "CLASS2");
}

/* One log line may hold all three. */
static void test_texts_do_not_share_a_buffer(void **state)
{
	const char *r = rcode_text(99), *t = type_text(1234), *c = class_text(77);

	(void)state;
	assert_string_equal(r, "RCODE99");
	assert_string_equal(t, "TYPE1234");
	assert_string_equal(c, "CLASS77");
}

static const struct {
	const char *name;
	const char *in;
	size_t room;
	const char *want;
} texts[] = {
	{ "empty", "", 200, "" },
	{ "plain", "616263", 200, "616263" },
	{ "cut", "616263", 2, "6162" },
	{ "no room", "616263", 0, "" },
	{ "NULs at the end", "6162 00 00", 200, "6162" },
	{ "only NULs", "000000", 200, "" },
	{ "NUL inside", "61 00 62", 200, "61 3f 62" },
	{ "line feed", "61 0a 62", 200, "61 3f 62" },
	{ "escape sequence", "1b 5b 32 4a", 200, "3f 5b 32 4a" },
	{ "delete", "7f", 200, "3f" },
	{ "tilde stays", "7e", 200, "7e" },
	{ "blank stays", "20", 200, "20" },
	{ "two octets", "c3a9", 200, "c3a9" },
	{ "two octets, cut before them", "61 c3a9", 2, "61" },
	{ "three octets", "e282ac", 200, "e282ac" },
	{ "three octets, cut before them", "61 e282ac", 3, "61" },
	{ "three octets, just fitting", "61 e282ac", 4, "61 e282ac" },
	{ "four octets", "f09f9880", 200, "f09f9880" },
	{ "four octets, cut before them", "f09f9880", 3, "" },
	{ "input ends inside a character", "61 e282", 200, "61 3f 3f" },
	{ "last of two", "dfbf", 200, "dfbf" },
	{ "last of three", "efbfbf", 200, "efbfbf" },
	{ "continuation alone", "80 bf", 200, "3f 3f" },
	{ "lead without continuation", "c3 61", 200, "3f 61" },
	{ "third octet is wrong", "e282 61", 200, "3f 3f 61" },
	{ "C1 control", "c285 61", 200, "3f 3f 61" },
	{ "first behind the C1 controls", "c2a0", 200, "c2a0" },
	{ "overlong, two", "c080", 200, "3f 3f" },
	{ "overlong, two, c1", "c1bf", 200, "3f 3f" },
	{ "overlong, three", "e09fbf", 200, "3f*3" },
	{ "least of three", "e0a080", 200, "e0a080" },
	{ "overlong, four", "f08fbfbf", 200, "3f*4" },
	{ "least of four", "f0908080", 200, "f0908080" },
	{ "surrogate", "eda080", 200, "3f*3" },
	{ "last before the surrogates", "ed9fbf", 200, "ed9fbf" },
	{ "beyond U+10FFFF", "f4908080", 200, "3f*4" },
	{ "U+10FFFF", "f48fbfbf", 200, "f48fbfbf" },
	{ "f5 and above", "f5808080 ff", 200, "3f*5" },
};

static void test_text_copy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		uint8_t in[32], out[256];
		size_t len = hex_bytes(texts[i].in, in, sizeof in), n;
		uint8_t *exact = exact_copy(in, len);

		memset(out, 0xee, sizeof out);
		n = ede_text_copy(out, texts[i].room, exact, len);
		assert_hex(texts[i].name, out, n, texts[i].want);
		expect_int(texts[i].name, out[n], 0xee);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rcode_text),
		cmocka_unit_test(test_type_text),
		cmocka_unit_test(test_class_text),
		cmocka_unit_test(test_texts_do_not_share_a_buffer),
		cmocka_unit_test(test_text_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
