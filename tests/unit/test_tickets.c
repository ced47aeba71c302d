/* What is kept for whom, in which order it goes, and when it is of no use any more. */
#include "proxy/upstream/tickets.h"

#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEC  UINT64_C(1000000)
#define NOW  (UINT64_C(7000) * SEC)
#define WALL ((time_t)1800000000)

static const struct verdict good = {
	.authenticated = true, .not_after = WALL + 1, .judged_us = NOW, .policy = 5
};

static struct addr at(const char *text)
{
	struct addr a = { 0 };

	if (!addr_parse(text, strlen(text), 853, false, &a))
		fail_msg("%s", text);
	return a;
}

static void put(struct tickets *ts, const char *addr, const char *data)
{
	struct addr a = at(addr);

	tickets_put(ts, &a, &good, data, strlen(data), NOW);
}

static struct ticket *take(struct tickets *ts, const char *addr)
{
	struct addr a = at(addr);

	return tickets_take(ts, &a, good.policy, NOW, WALL);
}

static void assert_taken(struct tickets *ts, const char *addr, const char *data)
{
	struct ticket *t = take(ts, addr);

	if (!t)
		fail_msg("no ticket for %s, expected %s", addr, data);
	assert_int_equal(t->len, strlen(data));
	assert_memory_equal(t->data, data, t->len);
	ticket_free(t);
}

static void assert_none(struct tickets *ts, const char *addr)
{
	assert_null(take(ts, addr));
}

/* The list and its count say the same. */
static void assert_count(const struct tickets *ts, size_t count)
{
	size_t seen = 0;

	list_for_each (n, &ts->list)
		seen++;
	assert_int_equal(seen, count);
	assert_int_equal(ts->count, count);
}

static void test_once_and_the_newest_first(void **state)
{
	struct tickets ts;

	(void)state;
	tickets_init(&ts);
	assert_none(&ts, "192.0.2.1");
	put(&ts, "192.0.2.1", "old");
	put(&ts, "192.0.2.1", "new");
	assert_count(&ts, 2);
	assert_taken(&ts, "192.0.2.1", "new");
	assert_taken(&ts, "192.0.2.1", "old");
	assert_none(&ts, "192.0.2.1");
	assert_count(&ts, 0);
	tickets_deinit(&ts);
}

static void test_verdict_comes_along(void **state)
{
	struct tickets ts;
	struct ticket *t;

	(void)state;
	tickets_init(&ts);
	put(&ts, "192.0.2.1", "x");
	t = take(&ts, "192.0.2.1");
	assert_non_null(t);
	assert_true(t->verdict.authenticated);
	assert_true(t->verdict.not_after == good.not_after);
	assert_true(t->verdict.judged_us == good.judged_us);
	assert_true(t->verdict.policy == good.policy);
	ticket_free(t);
	tickets_deinit(&ts);
}

/* Address, family and port: another one gets nothing, and takes nothing away. */
static void test_only_for_its_address(void **state)
{
	static const char *const others[] = { "192.0.2.2", "192.0.2.1:854", "2001:db8::1",
		"::ffff:192.0.2.1" };
	struct tickets ts;

	(void)state;
	tickets_init(&ts);
	put(&ts, "192.0.2.1", "x");
	for (size_t i = 0; i < COUNT_OF(others); i++)
		expect(others[i], !take(&ts, others[i]));
	assert_taken(&ts, "192.0.2.1", "x");
	tickets_deinit(&ts);
}

static void test_each_address_has_a_bound(void **state)
{
	char data[8];
	struct tickets ts;

	(void)state;
	tickets_init(&ts);
	put(&ts, "192.0.2.2", "other");
	for (unsigned i = 0; i < TICKETS_EACH + 3; i++) {
		snprintf(data, sizeof data, "%u", i);
		put(&ts, "192.0.2.1", data);
	}
	assert_count(&ts, TICKETS_EACH + 1);
	for (unsigned i = TICKETS_EACH + 3; i-- > 3;) {
		snprintf(data, sizeof data, "%u", i);
		assert_taken(&ts, "192.0.2.1", data);
	}
	assert_none(&ts, "192.0.2.1");
	assert_taken(&ts, "192.0.2.2", "other");
	tickets_deinit(&ts);
}

static void test_all_have_a_bound(void **state)
{
	char addr[32];
	struct tickets ts;

	(void)state;
	tickets_init(&ts);
	for (unsigned i = 0; i < TICKETS_MAX + 2; i++) {
		snprintf(addr, sizeof addr, "192.0.2.%u", i + 1);
		put(&ts, addr, addr);
		assert_count(&ts, i < TICKETS_MAX ? i + 1 : TICKETS_MAX);
	}
	assert_none(&ts, "192.0.2.1");
	assert_none(&ts, "192.0.2.2");
	assert_taken(&ts, "192.0.2.3", "192.0.2.3");
	assert_taken(&ts, addr, addr);
	tickets_deinit(&ts);
}

/* A row: what is asked of a ticket that was put under `good`. */
static const struct {
	const char *name;
	uint64_t policy, now_us;
	time_t wall;
	bool usable;
} uses[] = {
	{ "at once", 5, NOW, WALL, true },
	{ "the last moment of the hour", 5, NOW + TICKET_CHAIN_US - 1, WALL, true },
	{ "an hour later", 5, NOW + TICKET_CHAIN_US, WALL, false },
	{ "a day later", 5, NOW + 24 * TICKET_CHAIN_US, WALL, false },
	{ "the certificate's last second", 5, NOW, WALL + 1, true },
	{ "the certificate has expired", 5, NOW, WALL + 2, false },
	{ "another policy", 6, NOW, WALL, false },
};

/* What is of no use is not kept for later. */
static void test_when_it_is_usable(void **state)
{
	struct addr a = at("192.0.2.1");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(uses); i++) {
		struct tickets ts;
		struct ticket *t;

		tickets_init(&ts);
		put(&ts, "192.0.2.1", "x");
		t = tickets_take(&ts, &a, uses[i].policy, uses[i].now_us, uses[i].wall);
		expect_int(uses[i].name, t != NULL, uses[i].usable);
		expect_int(uses[i].name, ts.count, 0);
		ticket_free(t);
		tickets_deinit(&ts);
	}
}

/* A newer one that is of no use does not hide an older one that is. */
static void test_useless_ones_are_passed_over(void **state)
{
	struct addr a = at("192.0.2.1");
	struct verdict other = good;
	struct tickets ts;

	(void)state;
	other.policy = 6;
	tickets_init(&ts);
	put(&ts, "192.0.2.1", "x");
	tickets_put(&ts, &a, &other, "y", 1, NOW);
	assert_count(&ts, 2);
	assert_taken(&ts, "192.0.2.1", "x");
	assert_count(&ts, 0);
	tickets_deinit(&ts);
}

static void test_unknown_end_of_the_certificate(void **state)
{
	struct addr a = at("192.0.2.1");
	struct verdict v = good;
	struct tickets ts;

	(void)state;
	v.not_after = 0;
	tickets_init(&ts);
	tickets_put(&ts, &a, &v, "x", 1, NOW);
	assert_taken(&ts, "192.0.2.1", "x");
	tickets_deinit(&ts);
}

/* The hour runs from the full handshake on, however young the ticket is. */
static void test_chain_is_over_at_put(void **state)
{
	struct addr a = at("192.0.2.1");
	struct tickets ts;

	(void)state;
	tickets_init(&ts);
	tickets_put(&ts, &a, &good, "x", 1, NOW + TICKET_CHAIN_US);
	assert_count(&ts, 0);
	tickets_put(&ts, &a, &good, "x", 1, NOW + TICKET_CHAIN_US - 1);
	assert_count(&ts, 1);
	assert_null(tickets_take(&ts, &a, good.policy, NOW + TICKET_CHAIN_US, WALL));
	tickets_deinit(&ts);
}

static void test_lengths(void **state)
{
	static const uint8_t data[TICKET_OCTETS_MAX + 1] = { 1 };
	struct addr a = at("192.0.2.1");
	struct tickets ts;
	struct ticket *t;

	(void)state;
	tickets_init(&ts);
	tickets_put(&ts, &a, &good, data, 0, NOW);
	tickets_put(&ts, &a, &good, data, TICKET_OCTETS_MAX + 1, NOW);
	assert_count(&ts, 0);
	tickets_put(&ts, &a, &good, data, TICKET_OCTETS_MAX, NOW);
	t = take(&ts, "192.0.2.1");
	assert_non_null(t);
	assert_int_equal(t->len, TICKET_OCTETS_MAX);
	assert_memory_equal(t->data, data, TICKET_OCTETS_MAX);
	ticket_free(t);
	tickets_deinit(&ts);
}

static void test_return(void **state)
{
	struct tickets ts;
	struct ticket *t;

	(void)state;
	tickets_init(&ts);
	put(&ts, "192.0.2.1", "x");
	t = take(&ts, "192.0.2.1");
	assert_non_null(t);
	assert_none(&ts, "192.0.2.1");
	tickets_return(&ts, t);
	assert_count(&ts, 1);
	assert_taken(&ts, "192.0.2.1", "x");
	tickets_deinit(&ts);
}

/* An attempt failed while another had one in hand that nobody saw yet: that one is spent, too. */
static void test_return_after_a_drop(void **state)
{
	struct addr a = at("192.0.2.1");
	struct tickets ts;
	struct ticket *t;

	(void)state;
	tickets_init(&ts);
	put(&ts, "192.0.2.1", "x");
	put(&ts, "192.0.2.1", "y");
	t = take(&ts, "192.0.2.1");
	assert_non_null(t);
	tickets_drop(&ts, &a);
	tickets_return(&ts, t);
	assert_count(&ts, 0);
	put(&ts, "192.0.2.1", "z");
	tickets_return(&ts, take(&ts, "192.0.2.1"));
	assert_taken(&ts, "192.0.2.1", "z");
	tickets_deinit(&ts);
}

/* The bounds hold for what comes back, too. */
static void test_return_to_a_full_store(void **state)
{
	struct tickets ts;
	struct ticket *t;

	(void)state;
	tickets_init(&ts);
	put(&ts, "192.0.2.1", "0");
	t = take(&ts, "192.0.2.1");
	for (unsigned i = 0; i < TICKETS_EACH; i++)
		put(&ts, "192.0.2.1", "1");
	tickets_return(&ts, t);
	assert_count(&ts, TICKETS_EACH);
	assert_taken(&ts, "192.0.2.1", "0");
	tickets_deinit(&ts);
}

static void test_drop(void **state)
{
	struct addr a = at("192.0.2.1");
	struct tickets ts;

	(void)state;
	tickets_init(&ts);
	put(&ts, "192.0.2.1", "x");
	put(&ts, "192.0.2.2", "y");
	put(&ts, "192.0.2.1", "z");
	tickets_drop(&ts, &a);
	assert_count(&ts, 1);
	assert_taken(&ts, "192.0.2.2", "y");
	put(&ts, "192.0.2.1", "x");
	put(&ts, "192.0.2.2", "y");
	tickets_drop(&ts, NULL);
	assert_count(&ts, 0);
	put(&ts, "192.0.2.1", "again");
	assert_taken(&ts, "192.0.2.1", "again");
	tickets_deinit(&ts);
}

/* ------------------------------------------------------------------ wiped */

/* free() of this program looks at what it is given. */
static const char secret[] = "session data that nobody may find in freed memory";
static const void *watched;
static unsigned freed, freed_dirty;

void __real_free(void *p);
void __wrap_free(void *p);

void __wrap_free(void *p)
{
	const struct ticket *t = p;

	if (p && p == watched) {
		freed++;
		for (size_t i = 0; i < sizeof secret; i++)
			freed_dirty += t->data[i] != 0;
		watched = NULL;
	}
	__real_free(p);
}

static void watch(struct tickets *ts)
{
	struct addr a = at("192.0.2.1");

	freed = freed_dirty = 0;
	tickets_put(ts, &a, &good, secret, sizeof secret, NOW);
	watched = container_of(ts->list.next, struct ticket, node);
}

static void assert_wiped(void)
{
	assert_int_equal(freed, 1);
	assert_int_equal(freed_dirty, 0);
}

static void test_wiped(void **state)
{
	struct tickets ts;

	(void)state;
	tickets_init(&ts);
	watch(&ts);
	ticket_free(take(&ts, "192.0.2.1"));
	assert_wiped();
	watch(&ts);
	tickets_drop(&ts, NULL);
	assert_wiped();
	watch(&ts);
	for (unsigned i = 0; i < TICKETS_EACH; i++)
		put(&ts, "192.0.2.1", "pushes it out");
	assert_wiped();
	watch(&ts);
	tickets_deinit(&ts);
	assert_wiped();
	ticket_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_and_the_newest_first),
		cmocka_unit_test(test_verdict_comes_along),
		cmocka_unit_test(test_only_for_its_address),
		cmocka_unit_test(test_each_address_has_a_bound),
		cmocka_unit_test(test_all_have_a_bound),
		cmocka_unit_test(test_when_it_is_usable),
		cmocka_unit_test(test_useless_ones_are_passed_over),
		cmocka_unit_test(test_unknown_end_of_the_certificate),
		cmocka_unit_test(test_chain_is_over_at_put),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_return_after_a_drop),
		cmocka_unit_test(test_return_to_a_full_store),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
