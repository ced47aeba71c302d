#include "common/base/json.h"

#include <math.h>

#include "tests/unit/hex.h"

#include "tests/unit/cm.h"

static void check(struct json *j, const char *wanted)
{
	size_t len;
	const char *text = json_get(j, &len);

	assert_non_null(text);
	assert_int_equal(len, strlen(wanted));
	assert_memory_equal(text, wanted, len);
	json_free(j);
}

static void test_structure(void **state)
{
	struct json j;

	(void)state;
	json_init(&j, 1000);
	json_object(&j, NULL);
	json_number(&j, "a", UINT64_MAX);
	json_array(&j, "b");
	json_end_array(&j);
	json_array(&j, "c");
	json_signed(&j, NULL, INT64_MIN);
	json_bool(&j, NULL, true);
	json_object(&j, NULL);
	json_null(&j, "d");
	json_end_object(&j);
	json_object(&j, NULL);
	json_end_object(&j);
	json_end_array(&j);
	json_text(&j, "e", NULL);
	json_bool(&j, "f\"", false);
	json_end_object(&j);
	check(&j, "{\"a\":18446744073709551615,\"b\":[],\"c\":[-9223372036854775808,true,"
		  "{\"d\":null},{}],\"e\":null,\"f\\\"\":false}");
}

static void test_decimals(void **state)
{
	struct json j;

	(void)state;
	json_init(&j, 1000);
	json_array(&j, NULL);
	json_decimal(&j, NULL, 1.25, 1);
	json_decimal(&j, NULL, -0.5, 3);
	json_decimal(&j, NULL, 7, 0);
	json_decimal(&j, NULL, 1e18, 9);
	json_decimal(&j, NULL, NAN, 2);
	json_decimal(&j, NULL, INFINITY, 2);
	json_decimal(&j, NULL, -1e19, 2);
	json_end_array(&j);
	check(&j, "[1.2,-0.500,7,1000000000000000000.000000,null,null,null]");
}

static const struct {
	const char *text, *json;
} texts[] = {
	{ "", "\"\"" },
	{ "plain /", "\"plain /\"" },
	{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "\x01\n\x1f\x7f", "\"\\u0001\\u000a\\u001f\\u007f\"" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
	{ "\xc2\x9b", "\"\\u009b\"" },		     /* C1: CSI */
	{ "\x80 \xc3", "\"\\ufffd \\ufffd\"" },	     /* alone, cut */
	{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },	     /* overlong */
	{ "\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, /* a surrogate */
	{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	{ "\xf0\x9f\x98", "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "\xff", "\"\\ufffd\"" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		size_t len = strlen(texts[i].text) + 1;
		char *copy = (char *)exact_copy(texts[i].text, len);
		struct json j;

		json_init(&j, 1000);
		json_text(&j, NULL, copy);
		check(&j, texts[i].json);
		free(copy);
	}
}

static void test_bound(void **state)
{
	struct json j;
	size_t len;

	(void)state;
	json_init(&j, 5);
	json_text(&j, NULL, "abc");
	assert_non_null(json_get(&j, &len));
	assert_int_equal(len, 5);
	json_number(&j, NULL, 1);
	assert_null(json_get(&j, &len));
	json_clear(&j);
	json_number(&j, NULL, 12345);
	check(&j, "12345");
	json_init(&j, 5);
	json_text(&j, NULL, "abcd");
	json_free(&j);
	assert_false(j.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
