/* Vectors of RFC 9018 Appendix A and those made of them (standards.md 25.1), and secrets. */
#include "common/dns/cookie_server.h"

#include "tests/unit/cm.h"
#include "tests/unit/hex.h"

#define NEW_SECRET "445536bcd2513298075a5d379663c962"
#define OLD_SECRET "dd3bdf9344b678b185a6f5cb60fca715"
#define V6	   "2001:db8:220:1:59de:d0f4:8769:82b8"
#define V4_SECRET  "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define NOW	   1559741961u

static struct cookie_secrets secrets_of(const char *first, const char *second)
{
	struct cookie_secrets s = { .count = second ? 2 : 1 };

	hex_bytes(first, s.secret[0], COOKIE_SECRET_LEN);
	if (second)
		hex_bytes(second, s.secret[1], COOKIE_SECRET_LEN);
	return s;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse_ip(text, &a));
	return a;
}

/* ------------------------------------------------------------------ vectors */

static const struct {
	const char *name, *peer, *secret, *second, *in;
	uint32_t now;
	enum cookie_standing standing;
	const char *out; /* NULL: not looked at */
} rows[] = {
	{ "A.1", "198.51.100.100", V4_SECRET, NULL, "2464c4abcf10c957", 1559731985, COOKIE_FRESH,
		"2464c4abcf10c957 010000005cf79f11 1f8130c3eee29480" },
	{ "A.2", "198.51.100.100", V4_SECRET, NULL,
		"2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559734385, COOKIE_RENEWED,
		"2464c4abcf10c957010000005cf7a871d4a564a1442aca77" },
	{ "A.2, mapped into IPv6", "::ffff:198.51.100.100", V4_SECRET, NULL,
		"2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559734385, COOKIE_RENEWED,
		"2464c4abcf10c957010000005cf7a871d4a564a1442aca77" },
	{ "A.3, the hash with Reserved as received", "203.0.113.203", V4_SECRET, NULL,
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559727985 + 1801,
		COOKIE_RENEWED, NULL },
	{ "A.3, within half an hour it is sent back as it is", "203.0.113.203", V4_SECRET, NULL,
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559727985 + 1800, COOKIE_VALID,
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5" },
	{ "A.3 at its time: 6715 s old", "203.0.113.203", V4_SECRET, NULL,
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", 1559734700, COOKIE_INVALID,
		"fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e" },
	{ "A.4: the old secret, a new cookie", V6, NEW_SECRET, OLD_SECRET,
		"22681ab97d52c298010000005cf7c57926556bd0934c72f8", NOW, COOKIE_RENEWED,
		"22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
	{ "A.4 while the new secret is only learnt", V6, OLD_SECRET, NEW_SECRET,
		"22681ab97d52c298010000005cf7c57926556bd0934c72f8", NOW, COOKIE_VALID,
		"22681ab97d52c298010000005cf7c57926556bd0934c72f8" },
	{ "A.4 when the old secret is gone", V6, NEW_SECRET, NULL,
		"22681ab97d52c298010000005cf7c57926556bd0934c72f8", NOW, COOKIE_INVALID,
		"22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
	{ "3600 s old", V6, NEW_SECRET, NULL, "22681ab97d52c298010000005cf7b7f93e634b6f92cd71a2",
		NOW, COOKIE_RENEWED, "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
	{ "3601 s old", V6, NEW_SECRET, NULL, "22681ab97d52c298010000005cf7b7f88f3a1b809db5412d",
		NOW, COOKIE_INVALID, "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
	{ "300 s ahead", V6, NEW_SECRET, NULL, "22681ab97d52c298010000005cf7c735bfea20d90b4545cd",
		NOW, COOKIE_VALID, "22681ab97d52c298010000005cf7c735bfea20d90b4545cd" },
	{ "301 s ahead", V6, NEW_SECRET, NULL, "22681ab97d52c298010000005cf7c736963ef4892b771b22",
		NOW, COOKIE_INVALID, "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
	{ "17 s old over the end of the count", V6, NEW_SECRET, NULL,
		"22681ab97d52c29801000000fffffffffc0c5c4f7a392877", 0x10, COOKIE_VALID, NULL },
	{ "16 s ahead over the end of the count", V6, NEW_SECRET, NULL,
		"22681ab97d52c298010000000000000053822990fae08682", 0xfffffff0, COOKIE_VALID,
		NULL },
	{ "version 10", "198.51.100.100", V4_SECRET, NULL,
		"2464c4abcf10c9570a0000005cf79f111f8130c3eee29480", 1559731985, COOKIE_INVALID,
		NULL },
	{ "IPv4 client, octets of an IPv6 one's input", "198.51.100.100", V4_SECRET, NULL,
		"2464c4abcf10c957010000005cf79f1120010db80220000159ded0f4876982b81f8130c3eee29480",
		1559731985, COOKIE_INVALID, NULL },
	{ "a server cookie of 8", "198.51.100.100", V4_SECRET, NULL,
		"2464c4abcf10c957 010000005cf79f11", 1559731985, COOKIE_INVALID, NULL },
	{ "a server cookie of 32", "198.51.100.100", V4_SECRET, NULL,
		"2464c4abcf10c957010000005cf79f111f8130c3eee29480 00*16", 1559731985,
		COOKIE_INVALID, "2464c4abcf10c957 010000005cf79f11 1f8130c3eee29480" },
	{ "another address", "198.51.100.101", V4_SECRET, NULL,
		"2464c4abcf10c957010000005cf79f111f8130c3eee29480", 1559731985, COOKIE_INVALID,
		NULL },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cookie_secrets s = secrets_of(rows[i].secret, rows[i].second);
		struct addr peer = addr(rows[i].peer);
		uint8_t in[64], out[COOKIE_V1_LEN], *exact;
		size_t len = hex_bytes(rows[i].in, in, sizeof in);

		addr_set_port(&peer, (uint16_t)(1024 + i)); /* it has no part in it */
		exact = exact_copy(in, len);
		expect_int(rows[i].name, cookie_check(&s, exact, len, &peer, rows[i].now, out),
			rows[i].standing);
		if (rows[i].out)
			assert_hex(rows[i].name, out, sizeof out, rows[i].out);
		free(exact);
	}
}

/* One bit of anything, and it is not ours. */
static void test_every_bit_counts(void **state)
{
	struct cookie_secrets s = secrets_of(V4_SECRET, NULL);
	struct addr peer = addr("198.51.100.100");
	uint8_t good[COOKIE_V1_LEN], out[COOKIE_V1_LEN];

	(void)state;
	cookie_make(&s, (const uint8_t *)"abcdefgh", &peer, NOW, good);
	for (unsigned bit = 0; bit < 8 * sizeof good; bit++) {
		uint8_t bad[COOKIE_V1_LEN];

		memcpy(bad, good, sizeof bad);
		bad[bit / 8] = (uint8_t)(bad[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(
			cookie_check(&s, bad, sizeof bad, &peer, NOW, out), COOKIE_INVALID);
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		struct addr other = peer;

		other.in4.sin_addr.s_addr ^= UINT32_C(1) << bit;
		assert_int_equal(
			cookie_check(&s, good, sizeof good, &other, NOW, out), COOKIE_INVALID);
	}
	assert_int_equal(cookie_check(&s, good, sizeof good, &peer, NOW, out), COOKIE_VALID);
}

/* The window, second by second at its edges, wherever the count stands. */
static void test_window(void **state)
{
	static const uint32_t times[] = { 0, 1, 1800, 3600, 0x7fffffff, 0x80000000, 0xfffff000,
		UINT32_MAX };
	static const struct {
		int32_t age;
		enum cookie_standing standing;
	} ages[] = { { INT32_MIN, COOKIE_INVALID }, { -301, COOKIE_INVALID },
		{ -300, COOKIE_VALID }, { 0, COOKIE_VALID }, { 1800, COOKIE_VALID },
		{ 1801, COOKIE_RENEWED }, { 3600, COOKIE_RENEWED }, { 3601, COOKIE_INVALID },
		{ INT32_MAX, COOKIE_INVALID } };
	struct cookie_secrets s = secrets_of(V4_SECRET, NULL);
	struct addr peer = addr("::1");
	uint8_t cookie[COOKIE_V1_LEN], out[COOKIE_V1_LEN];

	(void)state;
	for (size_t t = 0; t < COUNT_OF(times); t++) {
		for (size_t a = 0; a < COUNT_OF(ages); a++) {
			uint32_t now = times[t] + (uint32_t)ages[a].age;

			cookie_make(&s, (const uint8_t *)"abcdefgh", &peer, times[t], cookie);
			assert_int_equal(cookie_check(&s, cookie, sizeof cookie, &peer, now, out),
				ages[a].standing);
			if (ages[a].standing == COOKIE_VALID)
				assert_memory_equal(out, cookie, sizeof cookie);
			else
				assert_int_equal(
					cookie_check(&s, out, sizeof out, &peer, now, cookie),
					COOKIE_VALID);
		}
	}
}

/* ------------------------------------------------------------------ rotation */

/* A cookie is good for as long as it may be, whenever the secrets are rotated. */
static void test_rotation(void **state)
{
	static const uint32_t chances[] = { 0, 1, 34559, 34560, 34561, UINT32_MAX };
	struct cookie_secrets s = { 0 };
	struct addr peer = addr("192.0.2.1");
	uint8_t cookie[COOKIE_V1_LEN], out[COOKIE_V1_LEN], fresh[COOKIE_SECRET_LEN] = { 0 };
	uint32_t now = 0, since_new = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		uint8_t maker[COOKIE_SECRET_LEN];
		uint32_t wait;

		memcpy(maker, s.secret[0], sizeof maker);
		fresh[0] = (uint8_t)(i + 1);
		wait = cookie_secrets_step(&s, fresh, chances[i % COUNT_OF(chances)]);
		if (memcmp(maker, s.secret[0], sizeof maker) != 0) {
			assert_memory_equal(s.secret[0], fresh, sizeof fresh);
			/* A day, less 40 % at most: RFC 7873 7.1.2. */
			assert_true(
				i == 0 || (now - since_new <= 86400 && now - since_new >= 51840));
			since_new = now;
		} else {
			assert_int_equal(s.count, 1);
		}
		if (i > 0) {
			/* The last cookie before this step. */
			enum cookie_standing want = s.count == 2 ? COOKIE_RENEWED : COOKIE_VALID;

			assert_int_equal(
				cookie_check(&s, cookie, sizeof cookie, &peer, now, out), want);
			if (s.count == 2) /* and as late as it may come */
				assert_true(wait >= COOKIE_AGE_MAX_S);
		}
		now += wait;
		cookie_make(&s, (const uint8_t *)"abcdefgh", &peer, now, cookie);
	}
}

/* ------------------------------------------------------------------ the file */

static const struct {
	const char *name, *text;
	unsigned count, line;
	const char *why; /* NULL: it is good */
} files[] = {
	{ "one", V4_SECRET "\n", 1, 0, NULL },
	{ "no end of line", V4_SECRET, 1, 0, NULL },
	{ "two", NEW_SECRET "\n" OLD_SECRET "\n", 2, 0, NULL },
	{ "upper case", "DD3BDF9344B678B185A6F5CB60FCA715\n", 1, 0, NULL },
	{ "DOS, blanks, comments",
		"# ours\r\n\r\n \t" NEW_SECRET " \t# made in May\r\n  " OLD_SECRET "#\r\n", 2, 0,
		NULL },
	{ "the same one twice", OLD_SECRET "\n" OLD_SECRET "\n", 1, 0, NULL },
	{ "nothing", "", 0, 0, "no secret in it" },
	{ "comments only", "# a\n\n#b", 0, 0, "no secret in it" },
	{ "three", NEW_SECRET "\n\n" OLD_SECRET "\n" V4_SECRET "\n", 2, 4, "a third secret" },
	{ "31 digits", "# one\ndd3bdf9344b678b185a6f5cb60fca71\n", 0, 2, "32 hexadecimal digits" },
	{ "33 digits", OLD_SECRET "0\n", 0, 1, "32 hexadecimal digits" },
	{ "no digits", NEW_SECRET "\ngd3bdf9344b678b185a6f5cb60fca715\n", 1, 2,
		"32 hexadecimal digits" },
	{ "a blank in it", "dd3bdf9344b678b1 85a6f5cb60fca715\n", 0, 1, "32 hexadecimal digits" },
	{ "0x", "0x3bdf9344b678b185a6f5cb60fca715aa\n", 0, 1, "32 hexadecimal digits" },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		size_t len = strlen(files[i].text);
		uint8_t *exact = exact_copy(files[i].text, len);
		struct cookie_secrets s;
		unsigned line = 99;
		const char *why = cookie_secrets_parse((const char *)exact, len, &s, &line);

		expect_int(files[i].name, line, files[i].line);
		expect_int(files[i].name, s.count, files[i].count);
		expect(files[i].name, !why == !files[i].why);
		expect(files[i].name, !why || strstr(why, files[i].why));
		free(exact);
	}
}

static void test_file_octets(void **state)
{
	struct cookie_secrets s;
	unsigned line;

	(void)state;
	assert_null(cookie_secrets_parse(NEW_SECRET "\n" OLD_SECRET, 65, &s, &line));
	assert_hex("first", s.secret[0], 16, NEW_SECRET);
	assert_hex("second", s.secret[1], 16, OLD_SECRET);
	assert_non_null(cookie_secrets_parse("dd3bdf9344b678b1\0005a6f5cb60fca715", 32, &s, &line));
	assert_int_equal(line, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_file_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
