#include "common/base/base64.h"

#include "tests/unit/hex.h"

#include "tests/unit/cm.h"

/* RFC 4648 10, and both characters behind the digits. */
static const struct {
	const char *text, *hex;
} rows[] = {
	{ "", "" },
	{ "Zg==", "66" },
	{ "Zm8=", "666f" },
	{ "Zm9v", "666f6f" },
	{ "Zm9vYg==", "666f6f62" },
	{ "Zm9vYmE=", "666f6f6261" },
	{ "Zm9vYmFy", "666f6f626172" },
	{ "AAAA", "00*3" },
	{ "////", "ff*3" },
	{ "+/A=", "fbf0" },
	{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		"00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35d"
		"b7e39ebbf3dfbf" },
};

/* The text stands alone on the heap: a read behind it is seen. */
static bool decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *ret_len)
{
	char *copy = (char *)exact_copy(text, len);
	bool ok = base64_decode(copy, len, out, size, ret_len);

	free(copy);
	return ok;
}

static void test_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t out[64], wanted[64];
		char text[BASE64_LEN(sizeof wanted) + 1];
		size_t len = 99, wanted_len = hex_bytes(rows[i].hex, wanted, sizeof wanted);

		expect(rows[i].text,
			decode(rows[i].text, strlen(rows[i].text), out, wanted_len, &len));
		assert_hex(rows[i].text, out, len, rows[i].hex);
		assert_string_equal(base64_encode(wanted, wanted_len, text), rows[i].text);
		expect_int(rows[i].text, BASE64_LEN(wanted_len), strlen(rows[i].text));
	}
}

static const char *const refused_rows[] = {
	"Z", "Zg", "Zg=", "Zm9", "Zm9vY", "Zm9vYg=", /* cut */
	"Zg===", "Zm8==", "Zm9v=", "Zm9v====", "====", "===", "==", "=",
	"A===",				    /* too much padding */
	"Zh==", "Zv==", "Zm9=", "Zm+=",	    /* bits behind the end */
	"Z=g=", "=Zg=", "Zg==Zg==", "Zm=v", /* padding elsewhere */
	"Zm9v\n", "Zm9 ", " Zm9", "Zm\n9v", "Zm9v    ", "Zm9-", "Zm9_", "Zm9.", "Zm9\xff",
	"Zm9\x7f", /* other characters */
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused_rows); i++) {
		uint8_t out[16];
		size_t len = 99;

		expect(refused_rows[i],
			!decode(refused_rows[i], strlen(refused_rows[i]), out, sizeof out, &len));
		expect_int(refused_rows[i], len, 99);
	}
	uint8_t out[16];
	size_t len;

	assert_false(decode("Zm\0v", 4, out, sizeof out, &len));
	assert_false(decode("\0\0\0\0", 4, out, sizeof out, &len));
}

/* Exactly one text of four characters stands for the octets: each that is taken is written again the same. */
static void test_one_form_only(void **state)
{
	unsigned taken = 0;

	(void)state;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			const char text[] = { 'Q', (char)a, (char)b, '=' };
			uint8_t out[3];
			char again[5];
			size_t len;

			if (!base64_decode(text, 4, out, sizeof out, &len))
				continue;
			taken++;
			assert_memory_equal(base64_encode(out, len, again), text, 4);
		}
	}
	/* Two octets that begin with the bits of Q: 10 bits are free; or one octet: 2 bits. */
	assert_int_equal(taken, 1024 + 4);
}

static void test_room(void **state)
{
	uint8_t *out = malloc(2);
	size_t len = 99;

	(void)state;
	assert_non_null(out);
	assert_false(base64_decode("Zm9v", 4, out, 2, &len));
	assert_false(base64_decode("Zm8=", 4, out, 1, &len));
	assert_false(base64_decode("Zg==", 4, NULL, 0, &len));
	assert_int_equal(len, 99);
	assert_true(base64_decode("Zm8=", 4, out, 2, &len));
	assert_int_equal(len, 2);
	assert_true(base64_decode("", 0, NULL, 0, &len));
	assert_int_equal(len, 0);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_one_form_only),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
