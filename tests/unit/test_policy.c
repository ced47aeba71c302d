#include "proxy/upstream/policy.h"

#include "tests/unit/cm.h"

#include <string.h>

#define MS  UINT64_C(1000)
#define SEC (1000 * MS)

static struct turn loop;
static struct pool pool;
static struct upstream ups[5];
static uint64_t now_us;

static uint64_t read_clock(void *arg)
{
	(void)arg;
	return now_us;
}
static struct session sessions[COUNT_OF(ups)];

static void set_up(size_t count, enum config_policy policy)
{
	memset(&pool, 0, sizeof pool);
	memset(ups, 0, sizeof ups);
	now_us = 1000 * SEC;
	loop = (struct turn){ .clock = { read_clock, NULL } };
	pool.turn = &loop;
	pool.count = count;
	pool.policy = policy;
	for (size_t i = 0; i < count; i++) {
		pool.upstreams[i] = &ups[i];
		ups[i].health.label = "test";
		ups[i].closing = true; /* opens nothing */
		ups[i].session.turn = &loop;
		list_init(&ups[i].sessions);
		sessions[i] = (struct session){ .state = SESSION_READY };
	}
}

/* It has a session, from now on. */
static void connect_up(size_t i)
{
	list_append(&ups[i].sessions, &sessions[i].node);
}

static void pass(uint64_t us)
{
	now_us += us;
	loop.now_known = false;
}

static void measure(size_t i, uint64_t srtt_us)
{
	ups[i].srtt_us = srtt_us;
	ups[i].sampled_us = now_us;
}

static void doubt(size_t i)
{
	ups[i].health.errors = ups[i].health.contradicted = HEALTH_ERRORS_MAX;
}

static void trust(size_t i)
{
	ups[i].health.errors = ups[i].health.contradicted = ups[i].health.silent = 0;
}

/* ------------------------------------------------------------------ the order */

/* The preferred one, then the others as written, each once. */
static void test_order(void **state)
{
	(void)state;
	for (size_t count = 1; count <= COUNT_OF(ups); count++) {
		set_up(count, POLICY_FAILOVER);
		for (pool.first = 0; pool.first < count; pool.first++) {
			size_t next = 0;

			assert_ptr_equal(policy_nth(&pool, 0), &ups[pool.first]);
			for (size_t i = 1; i < count; i++) {
				next += next == pool.first;
				assert_ptr_equal(policy_nth(&pool, i), &ups[next++]);
			}
		}
	}
}

/* As written, whatever is known of them: the pool passes over those that it can't use. */
static void test_failover(void **state)
{
	(void)state;
	set_up(3, POLICY_FAILOVER);
	measure(0, 100 * MS);
	measure(1, 1 * MS);
	ups[0].health.down_since_us = now_us;
	doubt(0);
	for (unsigned i = 0; i < 10; i++) {
		policy_advance(&pool);
		assert_int_equal(pool.first, 0);
	}
}

static void test_round_robin(void **state)
{
	unsigned shares[COUNT_OF(ups)];

	(void)state;
	for (size_t count = 1; count <= COUNT_OF(ups); count++) {
		set_up(count, POLICY_ROUND_ROBIN);
		memset(shares, 0, sizeof shares);
		for (size_t i = 0; i < 20 * count; i++) {
			policy_advance(&pool);
			shares[pool.first]++;
		}
		for (size_t i = 0; i < count; i++)
			assert_int_equal(shares[i], 20);
	}
}

/* The share of those that are down or in doubt is everybody's; nobody is forgotten at the start. */
static void test_round_robin_passes_over(void **state)
{
	unsigned shares[COUNT_OF(ups)] = { 0 };

	(void)state;
	set_up(4, POLICY_ROUND_ROBIN);
	connect_up(0);
	connect_up(2);
	connect_up(3);
	doubt(3);
	for (size_t i = 0; i < 200; i++) {
		policy_advance(&pool);
		shares[pool.first]++;
	}
	assert_int_equal(shares[0], 100);
	assert_int_equal(shares[2], 100);
	trust(3);
	for (size_t i = 0; i < 300; i++) {
		policy_advance(&pool);
		shares[pool.first]++;
	}
	assert_int_equal(shares[1], 0);
	for (size_t i = 0; i < 4; i++)
		assert_true(i == 1 || shares[i] >= 100);
}

/* ------------------------------------------------------------------ fastest */

#define DOWN  1u
#define DOUBT 2u

static const struct {
	const char *name;
	size_t first;
	uint64_t srtt_us[3];
	unsigned how[3];
	size_t chosen;
} fastest[] = {
	{ "nobody is measured", 0, { 0, 0, 0 }, { 0 }, 0 },
	{ "one is", 0, { 0, 0, 50000 }, { 0 }, 2 },
	{ "the preferred one alone is", 1, { 0, 50000, 0 }, { 0 }, 1 },
	{ "much faster", 0, { 50000, 10000, 20000 }, { 0 }, 1 },
	{ "faster by a fifth", 0, { 50000, 40000, 60000 }, { 0 }, 0 },
	{ "by more", 0, { 50000, 39999, 60000 }, { 0 }, 1 },
	{ "the other way round", 1, { 50000, 39999, 60000 }, { 0 }, 1 },
	{ "noise", 2, { 90, 91, 100 }, { 0 }, 2 },
	{ "the fastest is down", 0, { 50000, 10, 20000 }, { 0, DOWN, 0 }, 2 },
	{ "the fastest is in doubt", 0, { 50000, 10, 20000 }, { 0, DOUBT, 0 }, 2 },
	{ "the preferred one goes down", 1, { 50000, 10, 90000 }, { 0, DOWN, 0 }, 0 },
	{ "the preferred one is in doubt", 1, { 50000, 10, 9000 }, { 0, DOUBT, 0 }, 2 },
	{ "all are down", 1, { 1, 10, 1 }, { DOWN, DOWN, DOWN }, 1 },
	{ "only an unmeasured one is up", 1, { 1, 10, 0 }, { DOWN, DOWN, 0 }, 1 },
};

static void test_fastest(void **state)
{
	(void)state;
	for (size_t row = 0; row < COUNT_OF(fastest); row++) {
		set_up(3, POLICY_FASTEST);
		pool.first = fastest[row].first;
		for (size_t i = 0; i < 3; i++) {
			measure(i, fastest[row].srtt_us[i]);
			if (fastest[row].how[i] == DOWN)
				ups[i].health.down_since_us = now_us;
			if (fastest[row].how[i] == DOUBT)
				doubt(i);
		}
		for (unsigned again = 0; again < 3; again++) {
			policy_advance(&pool);
			expect_int(fastest[row].name, pool.first, fastest[row].chosen);
		}
	}
}

/* ------------------------------------------------------------------ copies */

/* Asked every millisecond for whether a copy is due; the time until one was, in milliseconds. */
static unsigned until_probe(size_t rank, const struct upstream *wanted)
{
	for (unsigned ms = 0; ms < 100000; ms++, pass(MS)) {
		struct upstream *u = policy_probe(&pool, rank);

		if (!u)
			continue;
		assert_ptr_equal(u, wanted);
		return ms;
	}
	fail_msg("none for 100 s");
	return 0;
}

static void assert_no_probe(size_t rank)
{
	for (unsigned i = 0; i < 400; i++, pass(100 * MS))
		assert_null(policy_probe(&pool, rank));
}

static void test_no_probe_of_the_only_one(void **state)
{
	static const enum config_policy policies[] = { POLICY_FAILOVER, POLICY_FASTEST,
		POLICY_ROUND_ROBIN };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		set_up(1, policies[i]);
		doubt(0);
		assert_no_probe(0);
	}
}

/* 0.25 s, doubling to 10 s, and from the beginning once it had been trusted again. */
static void test_probe_of_one_in_doubt(void **state)
{
	static const unsigned ms[] = { 250, 500, 1000, 2000, 4000, 8000, 10000, 10000 };

	(void)state;
	set_up(2, POLICY_FAILOVER);
	for (unsigned times = 0; times < 2; times++) {
		doubt(0);
		assert_true(until_probe(1, &ups[0]) <= 250);
		for (size_t i = 0; i < COUNT_OF(ms); i++)
			assert_int_equal(until_probe(1, &ups[0]), ms[i]);
		trust(0);
		assert_no_probe(1);
	}
}

/* Silence is doubt, too. */
static void test_probe_of_a_silent_one(void **state)
{
	(void)state;
	set_up(2, POLICY_FAILOVER);
	ups[0].health.silent = HEALTH_SILENT_MAX - 1;
	assert_no_probe(1);
	ups[0].health.silent = HEALTH_SILENT_MAX;
	assert_true(until_probe(1, &ups[0]) <= 250);
}

/* Failover asks nothing of those that rank lower than the one that answers. */
static void test_no_probe_downwards(void **state)
{
	(void)state;
	set_up(3, POLICY_FAILOVER);
	doubt(1);
	doubt(2);
	assert_no_probe(0);
	assert_no_probe(1);
	assert_true(until_probe(2, &ups[1]) <= 250);
}

/* None is forgotten over the others. */
static void test_probes_in_turns(void **state)
{
	unsigned copies[4] = { 0 };

	(void)state;
	set_up(4, POLICY_FAILOVER);
	doubt(0);
	doubt(2);
	for (unsigned i = 0; i < 12; i++, pass(10 * SEC)) {
		struct upstream *u = policy_probe(&pool, 3);

		assert_non_null(u);
		copies[u - ups]++;
	}
	assert_int_equal(copies[0] + copies[2], 12);
	assert_true(copies[0] >= 3 && copies[2] >= 3);
}

static void test_round_robin_probes_any(void **state)
{
	(void)state;
	set_up(3, POLICY_ROUND_ROBIN);
	doubt(2);
	until_probe(0, &ups[2]);
	until_probe(1, &ups[2]);
}

/* ------------------------------------------------------------------ measuring */

static void test_measured_anew_after_half_a_minute(void **state)
{
	(void)state;
	set_up(2, POLICY_FASTEST);
	measure(0, 10 * MS);
	measure(1, 20 * MS);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(until_probe(0, &ups[1]), 30000);
		measure(1, 20 * MS);
	}
}

/* Not yet answered: asked again, but not with every query. */
static void test_measuring_is_bounded(void **state)
{
	unsigned copies = 0;

	(void)state;
	set_up(3, POLICY_FASTEST);
	measure(0, 10 * MS);
	for (unsigned ms = 0; ms < 10000; ms++, pass(MS))
		copies += policy_probe(&pool, 0) != NULL;
	assert_int_equal(copies, 40);
}

/* Its own answers measure the preferred one. */
static void test_preferred_is_not_measured(void **state)
{
	(void)state;
	set_up(2, POLICY_FASTEST);
	measure(1, 20 * MS);
	pool.first = 1;
	measure(0, 30 * MS);
	pass(29 * SEC);
	measure(0, 30 * MS);
	pass(29 * SEC);
	assert_null(policy_probe(&pool, 0));
}

static void test_only_fastest_measures(void **state)
{
	(void)state;
	set_up(3, POLICY_FAILOVER);
	assert_no_probe(1);
	set_up(3, POLICY_ROUND_ROBIN);
	assert_no_probe(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_round_robin),
		cmocka_unit_test(test_round_robin_passes_over),
		cmocka_unit_test(test_fastest),
		cmocka_unit_test(test_no_probe_of_the_only_one),
		cmocka_unit_test(test_probe_of_one_in_doubt),
		cmocka_unit_test(test_probe_of_a_silent_one),
		cmocka_unit_test(test_no_probe_downwards),
		cmocka_unit_test(test_probes_in_turns),
		cmocka_unit_test(test_round_robin_probes_any),
		cmocka_unit_test(test_measured_anew_after_half_a_minute),
		cmocka_unit_test(test_measuring_is_bounded),
		cmocka_unit_test(test_preferred_is_not_measured),
		cmocka_unit_test(test_only_fastest_measures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
