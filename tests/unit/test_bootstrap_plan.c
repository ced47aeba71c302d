#include "proxy/upstream/bootstrap_plan.h"

#include "tests/unit/cm.h"

#include <stdio.h>
#include <string.h>

#define MS     UINT64_C(1000)
#define SEC    (1000 * MS)
#define MIDDLE 0x80000000u /* of the random numbers: no variation */

static struct addr ip(const char *text)
{
	struct addr a = { 0 };

	if (!addr_parse_ip(text, &a))
		fail_msg("%s", text);
	return a;
}

/* Words parted by spaces; "" is an answer without data, NULL no answer. */
static struct bootstrap_result result(const char *words, uint32_t ttl_s)
{
	struct bootstrap_result r = { .ttl_s = ttl_s, .reason = "" };
	char copy[2000], *word, *save = NULL;

	if (!words)
		return r;
	snprintf(copy, sizeof copy, "%s", words);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		struct addr a = ip(word);

		bootstrap_result_add(&r, &a);
	}
	r.verdict = r.count > 0 ? BOOTSTRAP_FOUND : BOOTSTRAP_NONE;
	return r;
}

static bool end(struct bootstrap_plan *p, enum bootstrap_family family, const char *words,
	uint32_t ttl_s, uint64_t now_us)
{
	struct bootstrap_result r = result(words, ttl_s);

	return bootstrap_plan_end(p, family, &r, now_us, MIDDLE);
}

/* A whole lookup, IPv6 first. */
static void look_up(
	struct bootstrap_plan *p, const char *v6, const char *v4, uint32_t ttl_s, uint64_t now_us)
{
	bootstrap_plan_begin(p);
	end(p, BOOTSTRAP_IPV6, v6, ttl_s, now_us);
	end(p, BOOTSTRAP_IPV4, v4, ttl_s, now_us);
	assert_false(p->looking);
}

static void assert_addresses(const struct bootstrap_plan *p, const char *wanted)
{
	struct addr addrs[BOOTSTRAP_ADDRESSES_MAX];
	size_t count = bootstrap_plan_addresses(p, addrs), len = 0;
	char text[BOOTSTRAP_ADDRESSES_MAX * ADDR_TEXT_MAX] = "", one[ADDR_TEXT_MAX];

	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? " " : "",
			addr_ip_text(&addrs[i], one));
	assert_string_equal(text, wanted);
	assert_int_equal(bootstrap_plan_known(p), count > 0);
}

/* ------------------------------------------------------------------ what is known */

static const struct {
	const char *name;
	const char *before_v6, *before_v4, *v6, *v4, *wanted;
} merge_rows[] = {
	{ "first", NULL, NULL, "2001:db8::1", "192.0.2.1", "2001:db8::1 192.0.2.1" },
	{ "families take turns", NULL, NULL, "2001:db8::1", "192.0.2.1 192.0.2.2 192.0.2.3",
		"2001:db8::1 192.0.2.1 192.0.2.2 192.0.2.3" },
	{ "families take turns, both long", NULL, NULL, "2001:db8::1 2001:db8::2",
		"192.0.2.1 192.0.2.2", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2" },
	{ "no AAAA", NULL, NULL, "", "192.0.2.1", "192.0.2.1" },
	{ "AAAA failed", NULL, NULL, NULL, "192.0.2.1", "192.0.2.1" },
	{ "no A", NULL, NULL, "2001:db8::1", "", "2001:db8::1" },
	{ "neither", NULL, NULL, "", "", "" },
	{ "replaced", "2001:db8::1", "192.0.2.1", "2001:db8::9", "192.0.2.9",
		"2001:db8::9 192.0.2.9" },
	{ "A replaced, AAAA failed", "2001:db8::1", "192.0.2.1", NULL, "192.0.2.9",
		"2001:db8::1 192.0.2.9" },
	{ "AAAA is gone", "2001:db8::1", "192.0.2.1", "", "192.0.2.9", "192.0.2.9" },
	{ "A is gone", "2001:db8::1", "192.0.2.1", "2001:db8::9", "", "2001:db8::9" },
	{ "both failed", "2001:db8::1", "192.0.2.1", NULL, NULL, "2001:db8::1 192.0.2.1" },
	{ "the name is gone", "2001:db8::1", "192.0.2.1", "", "", "2001:db8::1 192.0.2.1" },
	{ "no AAAA, A failed", "2001:db8::1", "192.0.2.1", "", NULL, "2001:db8::1 192.0.2.1" },
	{ "nothing that can be used", NULL, "192.0.2.1", "", "0.0.0.0 224.0.0.1 255.255.255.255",
		"192.0.2.1" },
	{ "some cannot be used", NULL, NULL, "ff02::1 :: fe80::1 2001:db8::1", "0.0.0.0 192.0.2.1",
		"2001:db8::1 192.0.2.1" },
	{ "said twice", NULL, NULL, "", "192.0.2.1 192.0.2.1", "192.0.2.1" },
	{ "more than are kept", NULL, NULL, "",
		"192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 "
		"192.0.2.9 192.0.2.10",
		"192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8" },
};

/* Either family may answer first. */
static void test_merge(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(merge_rows); i++) {
		struct bootstrap_plan p = { 0 };
		enum bootstrap_family first = i % 2 ? BOOTSTRAP_IPV4 : BOOTSTRAP_IPV6;
		const char *v6 = merge_rows[i / 2].v6, *v4 = merge_rows[i / 2].v4;

		print_message("%s\n", merge_rows[i / 2].name);
		look_up(&p, merge_rows[i / 2].before_v6, merge_rows[i / 2].before_v4, 300, SEC);
		bootstrap_plan_begin(&p);
		end(&p, first, first == BOOTSTRAP_IPV6 ? v6 : v4, 300, 2 * SEC);
		assert_true(p.looking);
		end(&p, 1 - first, first == BOOTSTRAP_IPV6 ? v4 : v6, 300, 2 * SEC);
		assert_false(p.looking);
		assert_addresses(&p, merge_rows[i / 2].wanted);
	}
}

static void test_beyond_the_bound_is_counted(void **state)
{
	struct bootstrap_result r = { 0 };

	(void)state;
	for (unsigned i = 1; i <= 40; i++) {
		char text[40];
		struct addr a;

		snprintf(text, sizeof text, "192.0.2.%u", i);
		a = ip(text);
		bootstrap_result_add(&r, &a);
	}
	assert_int_equal(r.count, BOOTSTRAP_FAMILY_MAX);
	assert_int_equal(r.unused, 40 - BOOTSTRAP_FAMILY_MAX);
}

/* One family never waits for the other. */
static void test_one_family_is_enough(void **state)
{
	struct bootstrap_plan p = { 0 };

	(void)state;
	bootstrap_plan_begin(&p);
	assert_true(end(&p, BOOTSTRAP_IPV4, "192.0.2.1", 300, SEC));
	assert_true(p.looking);
	assert_addresses(&p, "192.0.2.1");
}

static void test_what_is_a_change(void **state)
{
	struct bootstrap_plan p = { 0 };

	(void)state;
	bootstrap_plan_begin(&p);
	assert_true(end(&p, BOOTSTRAP_IPV6, "2001:db8::1", 60, SEC));
	assert_true(end(&p, BOOTSTRAP_IPV4, "192.0.2.1 192.0.2.2", 60, SEC));

	bootstrap_plan_begin(&p); /* the same, shuffled */
	assert_false(end(&p, BOOTSTRAP_IPV4, "192.0.2.2 192.0.2.1", 60, 100 * SEC));
	assert_false(end(&p, BOOTSTRAP_IPV6, "2001:db8::1", 60, 100 * SEC));

	bootstrap_plan_begin(&p); /* a failure changes nothing */
	assert_false(end(&p, BOOTSTRAP_IPV6, NULL, 0, 200 * SEC));
	assert_false(end(&p, BOOTSTRAP_IPV4, NULL, 0, 200 * SEC));

	bootstrap_plan_begin(
		&p); /* a family that is gone goes when the other has said the name lives */
	assert_false(end(&p, BOOTSTRAP_IPV6, "", 60, 300 * SEC));
	assert_true(end(&p, BOOTSTRAP_IPV4, "192.0.2.1 192.0.2.2", 60, 300 * SEC));
	assert_addresses(&p, "192.0.2.1 192.0.2.2");

	bootstrap_plan_begin(&p);
	assert_true(end(&p, BOOTSTRAP_IPV4, "192.0.2.1", 60, 400 * SEC));
}

static void test_from_the_file(void **state)
{
	struct addr addrs[BOOTSTRAP_ADDRESSES_MAX];
	struct bootstrap_plan p = { 0 };

	(void)state;
	addrs[0] = ip("192.0.2.1");
	addrs[1] = ip("2001:db8::1");
	addrs[2] = ip("192.0.2.2");
	bootstrap_plan_load(&p, addrs, 3, 101 * SEC);
	assert_addresses(&p, "2001:db8::1 192.0.2.1 192.0.2.2");
	assert_int_equal(bootstrap_plan_want(&p, 100 * SEC + 1), BOOTSTRAP_NEVER);
	assert_int_equal(bootstrap_plan_want(&p, 101 * SEC), 101 * SEC);

	memset(&p, 0, sizeof p); /* all of one family: more than are kept of it */
	for (size_t i = 0; i < BOOTSTRAP_ADDRESSES_MAX; i++)
		addrs[i] = ip("192.0.2.1");
	bootstrap_plan_load(&p, addrs, BOOTSTRAP_ADDRESSES_MAX, 0);
	assert_int_equal(p.count[BOOTSTRAP_IPV4], BOOTSTRAP_FAMILY_MAX);
}

/* ------------------------------------------------------------------ when */

static const struct {
	uint32_t ttl_v6, ttl_v4, wanted_s;
} ttl_rows[] = {
	{ 300, 300, 300 },
	{ 300, 120, 120 },
	{ 120, 300, 120 },
	{ 0, 300, 60 },
	{ 59, 59, 60 },
	{ 60, 60, 60 },
	{ 86400, 86400, 86400 },
	{ 86401, 90000, 86400 },
	{ UINT32_MAX, UINT32_MAX, 86400 },
};

static void test_refreshed_after_the_ttl(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ttl_rows); i++) {
		struct bootstrap_plan p = { 0 };
		uint64_t due = 5 * SEC + ttl_rows[i].wanted_s * SEC;

		bootstrap_plan_begin(&p);
		end(&p, BOOTSTRAP_IPV6, "2001:db8::1", ttl_rows[i].ttl_v6, 5 * SEC);
		end(&p, BOOTSTRAP_IPV4, "192.0.2.1", ttl_rows[i].ttl_v4, 5 * SEC);
		assert_int_equal(bootstrap_plan_want(&p, due - 1), BOOTSTRAP_NEVER);
		assert_int_equal(bootstrap_plan_want(&p, due), due);
		assert_int_equal(bootstrap_plan_want(&p, due + 1000 * SEC), due + 1000 * SEC);
	}
}

/* The TTL of an answer without addresses is not one of addresses. */
static void test_ttl_of_what_was_found(void **state)
{
	struct bootstrap_plan p = { 0 };

	(void)state;
	bootstrap_plan_begin(&p);
	end(&p, BOOTSTRAP_IPV6, "", 0, 5 * SEC);
	end(&p, BOOTSTRAP_IPV4, "192.0.2.1", 300, 5 * SEC);
	assert_int_equal(bootstrap_plan_want(&p, 304 * SEC), BOOTSTRAP_NEVER);
	assert_int_equal(bootstrap_plan_want(&p, 305 * SEC), 305 * SEC);
}

static void test_nothing_beside_a_lookup(void **state)
{
	struct bootstrap_plan p = { 0 };

	(void)state;
	assert_int_equal(bootstrap_plan_want(&p, SEC), SEC);
	bootstrap_plan_begin(&p);
	assert_int_equal(bootstrap_plan_want(&p, SEC), BOOTSTRAP_NEVER);
	end(&p, BOOTSTRAP_IPV6, NULL, 0, SEC);
	assert_int_equal(bootstrap_plan_want(&p, 9 * SEC), BOOTSTRAP_NEVER);
}

static void test_backoff(void **state)
{
	static const uint64_t waits[] = { 500 * MS, SEC, 2 * SEC, 2 * SEC, 2 * SEC };
	struct bootstrap_plan p = { 0 };
	uint64_t now = 100 * SEC;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		/* No answer, and the answer that there is no such name: both are tried again. */
		look_up(&p, i % 2 ? "" : NULL, i % 2 ? "" : NULL, 0, now);
		/* A want inside the wait is served at its end, a later one at once. */
		assert_int_equal(bootstrap_plan_want(&p, now), now + waits[i]);
		assert_int_equal(bootstrap_plan_want(&p, now + waits[i] - 1), now + waits[i]);
		now += waits[i] + 1;
		assert_int_equal(bootstrap_plan_want(&p, now), now);
	}
}

static void test_backoff_begins_anew(void **state)
{
	struct bootstrap_plan p = { 0 };

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		look_up(&p, NULL, NULL, 0, 100 * SEC);
	look_up(&p, NULL, "192.0.2.1", 60, 200 * SEC);
	look_up(&p, NULL, NULL, 0, 300 * SEC);
	assert_int_equal(bootstrap_plan_want(&p, 300 * SEC), 300 * SEC + 500 * MS);
}

/* What is known does not make a failing refresh any more frequent. */
static void test_a_failed_refresh_waits(void **state)
{
	struct bootstrap_plan p = { 0 };

	(void)state;
	look_up(&p, "", "192.0.2.1", 60, 100 * SEC);
	look_up(&p, NULL, NULL, 0, 200 * SEC);
	assert_addresses(&p, "192.0.2.1");
	assert_int_equal(bootstrap_plan_want(&p, 200 * SEC), 200 * SEC + 500 * MS);
	look_up(&p, NULL, NULL, 0, 201 * SEC);
	assert_int_equal(bootstrap_plan_want(&p, 201 * SEC), 202 * SEC);
}

static void test_variation(void **state)
{
	struct bootstrap_result r = result(NULL, 0);
	static const struct {
		uint32_t random;
		uint64_t wait;
	} rows[] = { { 0, 400 * MS }, { MIDDLE, 500 * MS }, { UINT32_MAX, 600 * MS - 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bootstrap_plan p = { 0 };

		bootstrap_plan_begin(&p);
		bootstrap_plan_end(&p, BOOTSTRAP_IPV6, &r, SEC, rows[i].random);
		bootstrap_plan_end(&p, BOOTSTRAP_IPV4, &r, SEC, rows[i].random);
		assert_int_equal(bootstrap_plan_want(&p, SEC), SEC + rows[i].wait);
	}
}

/* Somebody wants a bad name every second for a day, beside a good one: each has its own times. */
static void test_a_day_beside_a_bad_name(void **state)
{
	struct bootstrap_plan good = { 0 }, bad = { 0 };
	unsigned good_lookups = 0, bad_lookups = 0;

	(void)state;
	for (uint64_t now = SEC; now < 86400 * SEC; now += SEC) {
		/* It is connected to once in a while. */
		if (now % (20 * SEC) == 0 && bootstrap_plan_want(&good, now) <= now) {
			look_up(&good, "", "192.0.2.1", 300, now);
			good_lookups++;
		}
		if (bootstrap_plan_want(&bad, now) <= now) {
			look_up(&bad, NULL, NULL, 0, now);
			bad_lookups++;
		}
	}
	assert_int_equal(good_lookups, 86400 / 300);
	assert_in_range(bad_lookups, 86400 / 2 - 10, 86400 / 2 + 10);
}

/* An upstream that cannot be reached under what is known wants it again and again. */
static void test_wanted_again_and_again(void **state)
{
	struct bootstrap_plan p = { 0 };
	uint64_t now = 100 * SEC, due = BOOTSTRAP_NEVER;

	(void)state;
	look_up(&p, "", "192.0.2.1", 86400, now);
	/* Every five seconds, as the backoff of an upstream that is down has it. */
	while (due == BOOTSTRAP_NEVER && now < 1000 * SEC)
		due = bootstrap_plan_want(&p, now += 5 * SEC);
	assert_int_equal(due, 160 * SEC);
	look_up(&p, "", "192.0.2.1", 86400, due);
	assert_int_equal(bootstrap_plan_want(&p, 215 * SEC), BOOTSTRAP_NEVER);

	/* A pause: it was connected meanwhile.  Ten seconds more, and it is not. */
	assert_int_equal(bootstrap_plan_want(&p, 300 * SEC), BOOTSTRAP_NEVER);
	assert_int_equal(bootstrap_plan_want(&p, 309 * SEC), BOOTSTRAP_NEVER);
	assert_int_equal(bootstrap_plan_want(&p, 310 * SEC), 310 * SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_beyond_the_bound_is_counted),
		cmocka_unit_test(test_one_family_is_enough),
		cmocka_unit_test(test_what_is_a_change),
		cmocka_unit_test(test_from_the_file),
		cmocka_unit_test(test_refreshed_after_the_ttl),
		cmocka_unit_test(test_ttl_of_what_was_found),
		cmocka_unit_test(test_nothing_beside_a_lookup),
		cmocka_unit_test(test_wanted_again_and_again),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_backoff_begins_anew),
		cmocka_unit_test(test_a_failed_refresh_waits),
		cmocka_unit_test(test_variation),
		cmocka_unit_test(test_a_day_beside_a_bad_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
