/* What a client's cookie is worth, what its reply has, and who must bring one. */
#include "proxy/client/cookie.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"

static const struct cookie_secrets secrets = { .count = 1, .secret = { "0123456789abcdef" } };
static const struct cookie_secrets no_secrets;
static struct stats stats;

static struct origin from(const char *peer, bool stream)
{
	struct origin o = { .stream = stream };

	assert_true(addr_parse_ip(peer, &o.peer));
	return o;
}

static enum cookie_standing hear(const struct cookie_secrets *s, uint8_t version, const void *data,
	size_t len, uint32_t now, struct client_form *f)
{
	struct origin o = from("192.0.2.1", false);
	struct edns e = { .present = true,
		.version = version,
		.cookie = { EDNS_COOKIE, (uint16_t)len, data },
		.cookie_bad = !cookie_len_is_legal(len) };
	enum cookie_standing standing;

	if (!data)
		e = (struct edns){ .present = true };
	memset(&stats, 0, sizeof stats);
	*f = (struct client_form){ .edns = true };
	standing = client_cookie(s, &stats, &o, now, &e, f);
	assert_int_equal(f->has_cookie, standing != COOKIE_NONE);
	return standing;
}

static void test_standing(void **state)
{
	struct client_form f;
	uint8_t cookie[COOKIE_V1_LEN];

	(void)state;
	assert_int_equal(hear(&secrets, 0, NULL, 0, 1000, &f), COOKIE_NONE);
	assert_int_equal(hear(&secrets, 0, "abcdefgh", 8, 1000, &f), COOKIE_FRESH);
	assert_int_equal(stats.client_cookies_fresh, 1);
	memcpy(cookie, f.cookie, sizeof cookie);
	assert_memory_equal(cookie, "abcdefgh\1\0\0\0\0\0\3\350", 16);

	assert_int_equal(hear(&secrets, 0, cookie, 24, 1001, &f), COOKIE_VALID);
	assert_memory_equal(f.cookie, cookie, sizeof cookie);
	assert_int_equal(stats.client_cookies_valid, 1);
	assert_int_equal(stats.client_cookies_renewed, 0);

	assert_int_equal(hear(&secrets, 0, cookie, 24, 2801, &f), COOKIE_RENEWED);
	assert_memory_not_equal(f.cookie, cookie, sizeof cookie);
	assert_int_equal(stats.client_cookies_valid, 1);
	assert_int_equal(stats.client_cookies_renewed, 1);

	cookie[20] ^= 1;
	assert_int_equal(hear(&secrets, 0, cookie, 24, 1001, &f), COOKIE_INVALID);
	assert_int_equal(stats.client_cookies_invalid, 1);
	assert_int_equal(hear(&secrets, 0, cookie, 40, 1001, &f), COOKIE_INVALID);
	assert_int_equal(hear(&secrets, 0, cookie, 9, 1001, &f), COOKIE_NONE);
	assert_int_equal(stats.client_cookies_malformed, 1);
}

/* answer-cookies = false, or EDNS of another version: the option is one that we don't know. */
static void test_as_if_unknown(void **state)
{
	struct client_form f;

	(void)state;
	assert_int_equal(hear(&no_secrets, 0, "abcdefgh", 8, 1000, &f), COOKIE_NONE);
	assert_int_equal(hear(&no_secrets, 0, "abcdefg", 7, 1000, &f), COOKIE_NONE);
	assert_int_equal(stats.client_cookies_malformed, 0);
	assert_int_equal(hear(&secrets, 1, "abcdefgh", 8, 1000, &f), COOKIE_NONE);
	assert_int_equal(hear(&secrets, 1, "abcdefg", 7, 1000, &f), COOKIE_NONE);
}

static void test_demand(void **state)
{
	static const enum cookie_demand udp[] = { [COOKIE_NONE] = DEMAND_STREAM,
		[COOKIE_FRESH] = DEMAND_COOKIE,
		[COOKIE_INVALID] = DEMAND_COOKIE,
		[COOKIE_VALID] = DEMAND_NOTHING,
		[COOKIE_RENEWED] = DEMAND_NOTHING };
	static const char *const near[] = { "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1" },
				 *const far[] = { "192.0.2.1", "10.0.0.1", "2001:db8::1",
					 "fe80::1%lo", "::ffff:192.0.2.1" };

	(void)state;
	for (unsigned s = COOKIE_NONE; s <= COOKIE_RENEWED; s++) {
		for (size_t i = 0; i < COUNT_OF(near); i++) {
			struct origin o = from(near[i], false);

			expect_int(near[i], client_cookie_demand(&o, (enum cookie_standing)s),
				DEMAND_NOTHING);
		}
		for (size_t i = 0; i < COUNT_OF(far); i++) {
			struct origin o = from(far[i], false), tcp = from(far[i], true);

			expect_int(
				far[i], client_cookie_demand(&o, (enum cookie_standing)s), udp[s]);
			expect_int(far[i], client_cookie_demand(&tcp, (enum cookie_standing)s),
				DEMAND_NOTHING);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standing),
		cmocka_unit_test(test_as_if_unknown),
		cmocka_unit_test(test_demand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
