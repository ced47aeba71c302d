#include "proxy/client/quota.h"

#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000)

static void fill(void *arg, void *buf, size_t len)
{
	(void)arg;
	memset(buf, 0x5a, len);
}

static struct random_source source = { .fill = fill };
static struct stats stats;
static struct quota quota;

static void begin(unsigned max_queries, unsigned per_client, unsigned rate)
{
	stats = (struct stats){ 0 };
	assert_int_equal(quota_init(&quota, max_queries, per_client, rate, &source, &stats), 0);
}

static struct addr peer(const char *text)
{
	struct addr a;

	expect(text, addr_parse(text, strlen(text), 4711, true, &a));
	return a;
}

static bool take(const char *who, struct quota_client **ret)
{
	struct addr a = peer(who);

	return quota_begin(&quota, &a, ret);
}

/* A client is an IPv4 address, mapped or not, or an IPv6 /64. */
static void test_in_flight(void **state)
{
	struct quota_client *held[10], *none;

	(void)state;
	begin(100, 2, 0);
	assert_true(take("192.0.2.1", &held[0]) && take("[::ffff:192.0.2.1]", &held[1]));
	assert_ptr_equal(held[0], held[1]);
	assert_false(take("192.0.2.1", &none));
	assert_null(none);
	assert_true(take("192.0.2.2", &held[2]));
	assert_true(take("[2001:db8::1]", &held[3]) && take("[2001:db8::ffff:1]", &held[4]));
	assert_false(take("[2001:db8::2]", &none));
	assert_true(take("[2001:db8:0:1::1]", &held[5]));
	quota_end(&quota, held[1]);
	assert_true(take("192.0.2.1", &held[1]));
	assert_false(take("192.0.2.1", &none));
	for (unsigned i = 0; i < 6; i++)
		quota_end(&quota, held[i]);
	assert_int_equal(quota.slab.used, 0);
	/* All of them are forgotten. */
	assert_true(take("192.0.2.1", &held[0]) && take("192.0.2.1", &held[1]));
	quota_end(&quota, held[0]);
	quota_end(&quota, held[1]);
	quota_deinit(&quota);
}

static void test_this_machine_has_no_limit(void **state)
{
	struct quota_client *c;

	(void)state;
	begin(100, 1, 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_true(take("127.0.0.1", &c) && !c);
		assert_true(take("[::1]", &c) && !c);
	}
	quota_end(&quota, NULL);
	quota_deinit(&quota);
}

/* Random clients begin and end: the counts hold against a plain table. */
static void test_random_clients(void **state)
{
	enum { CLIENTS = 40, BOUND = 5, STEPS = 20000 };
	struct quota_client *held[CLIENTS][BOUND];
	unsigned counts[CLIENTS] = { 0 }, total = 0, seed = 1;

	(void)state;
	begin(64, BOUND, 0);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i;
		char who[32];

		seed = seed * 1103515245 + 12345;
		i = seed >> 16 & 0xff;
		if (i % 2 && counts[i % CLIENTS] > 0) {
			i %= CLIENTS;
			quota_end(&quota, held[i][--counts[i]]);
			total--;
			continue;
		}
		i %= CLIENTS;
		snprintf(who, sizeof who, "10.0.%u.1", i);
		if (counts[i] < BOUND) {
			assert_true(take(who, &held[i][counts[i]]));
			counts[i]++;
			total++;
		} else {
			struct quota_client *none;

			assert_false(take(who, &none));
		}
	}
	assert_true(total > 0);
	for (unsigned i = 0; i < CLIENTS; i++)
		while (counts[i] > 0)
			quota_end(&quota, held[i][--counts[i]]);
	assert_int_equal(quota.slab.used, 0);
	quota_deinit(&quota);
}

static enum quota_verdict rate(const char *who, uint64_t now_us)
{
	struct addr a = peer(who);

	return quota_rate(&quota, &a, now_us);
}

/* How many of so many queries at one time pass. */
static unsigned pass(const char *who, unsigned queries, uint64_t now_us)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < queries; i++)
		passed += rate(who, now_us) == QUOTA_PASS;
	return passed;
}

/* So many a second, of one second at most in store; by network. */
static void test_rate(void **state)
{
	(void)state;
	begin(100, 100, 10);
	assert_int_equal(pass("192.0.2.1", 100, 5 * SECOND), 10);
	assert_int_equal(stats.dropped_rate, 45);
	assert_int_equal(stats.truncated_rate, 45);
	assert_int_equal(pass("192.0.2.200", 5, 5 * SECOND), 0);
	assert_int_equal(pass("192.0.3.1", 5, 5 * SECOND), 5);
	assert_int_equal(pass("192.0.2.1", 5, 5 * SECOND + SECOND / 10), 1);
	assert_int_equal(pass("192.0.2.1", 50, 6 * SECOND + SECOND / 10), 10);
	assert_int_equal(pass("192.0.2.1", 50, 100 * SECOND), 10);
	assert_int_equal(pass("[2001:db8:0:1::1]", 7, 100 * SECOND), 7);
	assert_int_equal(pass("[2001:db8:0:f::1]", 7, 100 * SECOND), 3);
	assert_int_equal(pass("[2001:db8:0:100::1]", 7, 100 * SECOND), 7);
	quota_deinit(&quota);
}

/* Every second one that is too many is sent to TCP, the others get nothing. */
static void test_slip(void **state)
{
	(void)state;
	begin(100, 100, 1);
	assert_int_equal(rate("192.0.2.1", SECOND), QUOTA_PASS);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(rate("192.0.2.1", SECOND), QUOTA_DROP);
		assert_int_equal(rate("192.0.2.1", SECOND), QUOTA_TRUNCATE);
	}
	quota_deinit(&quota);
}

/* More networks than are remembered: it goes on, and the memory stays what it is. */
static void test_many_networks(void **state)
{
	char who[32];

	(void)state;
	begin(100, 100, 5);
	for (unsigned i = 0; i < 50000; i++) {
		snprintf(who, sizeof who, "%u.%u.%u.1", 1 + i / 65536, i / 256 % 256, i % 256);
		assert_int_equal(rate(who, SECOND + i), QUOTA_PASS);
	}
	quota_deinit(&quota);
}

static void test_no_rate(void **state)
{
	(void)state;
	begin(100, 100, 0);
	assert_int_equal(pass("192.0.2.1", 1000, SECOND), 1000);
	quota_deinit(&quota);
}

static const struct {
	const char *peer;
	bool stream, cookie, doubtful;
} doubts[] = {
	{ "192.0.2.1", false, false, true }, { "192.0.2.1", true, false, false },
	{ "192.0.2.1", false, true, false }, { "127.0.0.1", false, false, false },
	{ "[::1]", false, false, false }, { "[fe80::1]", false, false, true },
	{ "[::ffff:127.0.0.1]", false, false, false }, { "[::ffff:10.0.0.1]", false, false, true },
};

static void test_doubts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(doubts); i++) {
		struct addr a = peer(doubts[i].peer);

		expect_int(doubts[i].peer, quota_doubts(&a, doubts[i].stream, doubts[i].cookie),
			doubts[i].doubtful);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_this_machine_has_no_limit),
		cmocka_unit_test(test_random_clients),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_slip),
		cmocka_unit_test(test_many_networks),
		cmocka_unit_test(test_no_rate),
		cmocka_unit_test(test_doubts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
