/* fastest and round-robin at work: shares, measuring, outages. */
#include "proxy/upstream/policy.h"
#include "tests/unit/pool_case.h"

static unsigned answered_by[UPSTREAMS_MAX];

static void start(size_t count, enum config_policy policy)
{
	init(5, count, policy, 1, 100);
	memset(answered_by, 0, sizeof answered_by);
}

static int begin_fastest(void **state)
{
	(void)state;
	start(3, POLICY_FASTEST);
	return 0;
}

static int begin_round_robin(void **state)
{
	(void)state;
	start(3, POLICY_ROUND_ROBIN);
	return 0;
}

/* Those that are up shake hands. */
static void shake_hands(const bool up[UPSTREAMS_MAX])
{
	for (size_t u = 0; u < pool.count; u++) {
		struct fake *f = to(u);

		if (!f || f->ready)
			continue;
		if (up[u])
			fake_ready(f);
		else
			fake_end(f, FAULT_RESET, STAGE_TCP);
	}
	turn();
}

static void note(void)
{
	for (size_t u = 0; u < pool.count; u++)
		answered_by[u] += strcmp(fates[0].from, labels[u]) == 0;
	memset(&fates[0], 0, sizeof fates[0]);
}

/* One query; each that has it answers after its own time, but for those that are mute (0). */
static void ask(const uint64_t after_us[UPSTREAMS_MAX])
{
	static const bool all[UPSTREAMS_MAX] = { true, true, true };
	uint64_t asked_us = net.clock_us;
	struct fake *f[UPSTREAMS_MAX] = { NULL };

	submit(0);
	turn();
	shake_hands(all);
	for (size_t u = 0; u < pool.count; u++)
		f[u] = to(u) && (flight_on(0, to(u)) || copy_on(to(u))) ? to(u) : NULL;
	for (unsigned ms = 0; ms <= 100; ms++, pass(1 * MS)) {
		for (size_t u = 0; u < pool.count; u++) {
			if (!f[u] || !after_us[u] || net.clock_us - asked_us < after_us[u])
				continue;
			fake_answer_nth(f[u], -1);
			f[u] = NULL;
			turn();
		}
	}
	assert_int_equal(fates[0].answered, 1);
	note();
}

static void ask_many(unsigned n, const uint64_t after_us[UPSTREAMS_MAX])
{
	memset(answered_by, 0, sizeof answered_by);
	while (n-- > 0)
		ask(after_us);
}

/* ------------------------------------------------------------------ fastest */

static void test_fastest_is_found(void **state)
{
	static const uint64_t after_us[] = { 50 * MS, 10 * MS, 30 * MS };

	(void)state;
	ask_many(50, after_us);
	ask_many(100, after_us);
	assert_int_equal(answered_by[1], 100);
	assert_in_range(ups[0].srtt_us, 50 * MS, 51 * MS);
	assert_in_range(ups[1].srtt_us, 10 * MS, 11 * MS);
	assert_in_range(ups[2].srtt_us, 30 * MS, 31 * MS);
}

/* Copies measure the others every 30 s, no oftener. */
static void test_fastest_measures_rarely(void **state)
{
	static const uint64_t after_us[] = { 50 * MS, 10 * MS, 30 * MS };
	uint64_t before;

	(void)state;
	ask_many(50, after_us);
	before = net.stats.upstream_probes;
	ask_many(1200, after_us); /* two minutes */
	assert_in_range(net.stats.upstream_probes - before, 6, 10);
	assert_int_equal(answered_by[1], 1200);
}

/* One becomes slower, another one faster: found by measuring within half a minute. */
static void test_fastest_follows(void **state)
{
	static const uint64_t before_us[] = { 50 * MS, 10 * MS, 30 * MS };
	static const uint64_t now_us[] = { 50 * MS, 60 * MS, 30 * MS };

	(void)state;
	ask_many(50, before_us);
	ask_many(600, now_us);
	assert_true(answered_by[2] > 500);
	assert_int_equal(policy_nth(&pool, 0) - ups, 2);
}

/* A difference of less than a fifth is not worth a change. */
static void test_fastest_is_steady(void **state)
{
	static const uint64_t before_us[] = { 50 * MS, 30 * MS, 35 * MS };
	static const uint64_t now_us[] = { 50 * MS, 31 * MS, 27 * MS };

	(void)state;
	ask_many(50, before_us);
	ask_many(900, now_us);
	assert_int_equal(answered_by[1], 900);
}

/* It goes down: the next best is asked, and it has the queries again after its return. */
static void test_fastest_goes_down(void **state)
{
	static const uint64_t after_us[] = { 50 * MS, 10 * MS, 30 * MS };
	static const bool but_b[] = { true, false, true };

	(void)state;
	ask_many(50, after_us);
	fake_end(to(1), FAULT_PROTOCOL, STAGE_DNS);
	turn();
	submit(0);
	turn();
	for (unsigned i = 0; i < 30 && stands(0) == WAITING; i++) {
		shake_hands(but_b);
		pass(10 * MS);
	}
	for (size_t u = 0; u < 3; u += 2)
		if (stands(0) == SENT && flight_on(0, to(u)))
			answer(0, to(u));
	turn();
	assert_int_equal(fates[0].answered, 1);
	memset(&fates[0], 0, sizeof fates[0]);
	ask_many(900, after_us);
	assert_true(answered_by[0] < 10);
	assert_true(answered_by[1] > 500);
}

/* A copy that is not answered harms nobody, and its upstream is not chosen. */
static void test_fastest_and_a_mute_one(void **state)
{
	static const uint64_t after_us[] = { 50 * MS, 0, 30 * MS };

	(void)state;
	ask_many(300, after_us);
	assert_int_equal(answered_by[1], 0);
	assert_in_range(answered_by[2], 200, 300);
}

/* ------------------------------------------------------------------ round-robin */

static void test_even_shares(void **state)
{
	static const uint64_t after_us[] = { 50 * MS, 10 * MS, 30 * MS };

	(void)state;
	ask_many(30, after_us);
	ask_many(300, after_us);
	for (size_t u = 0; u < 3; u++)
		assert_int_equal(answered_by[u], 100);
	assert_int_equal(net.stats.upstream_probes, 0);
}

/* Those that are up share what the one that is down would have got. */
static void test_one_is_down(void **state)
{
	static const uint64_t after_us[] = { 10 * MS, 10 * MS, 10 * MS };

	(void)state;
	ask_many(30, after_us);
	fake_end(to(1), FAULT_CLOSED, STAGE_DNS);
	turn();
	if (to(1))
		fake_end(to(1), FAULT_RESET, STAGE_TCP);
	turn();
	for (unsigned i = 0; i < 90; i++) {
		struct fake *b = to(1);

		submit(0);
		turn();
		if (b)
			fake_end(b, FAULT_RESET, STAGE_TCP);
		turn();
		assert_int_equal(stands(0), SENT);
		answer(0, flight_on(0, to(0)) ? to(0) : to(2));
		turn();
		note();
		pass(100 * MS);
	}
	memset(answered_by, 0, sizeof answered_by);
	ask_many(300, after_us); /* it is back */
	assert_in_range(answered_by[1], 60, 100);
	assert_in_range(answered_by[0], 100, 140);
	assert_in_range(answered_by[2], 100, 140);
}

/* One that answers nothing: in doubt after two sessions, then only copies go there. */
static void test_one_is_mute(void **state)
{
	static const uint64_t after_us[] = { 10 * MS, 10 * MS, 10 * MS };
	uint64_t before, mute;

	(void)state;
	ask_many(30, after_us);
	ups[1].health.silent = HEALTH_SILENT_MAX;
	before = to(1)->sent_count;
	for (unsigned i = 0; i < 300; i++) {
		send_one(0);
		answer(0, flight_on(0, to(0)) ? to(0) : to(2));
		turn();
		note();
		pass(10 * MS);
	}
	mute = to(1)->ready ? to(1)->sent_count - before : 0;
	assert_true(mute <= 5);
	assert_int_equal(answered_by[1], 10); /* of the thirty */
}

#define FASTEST(f)     cmocka_unit_test_setup_teardown(f, begin_fastest, end)
#define ROUND_ROBIN(f) cmocka_unit_test_setup_teardown(f, begin_round_robin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FASTEST(test_fastest_is_found),
		FASTEST(test_fastest_measures_rarely),
		FASTEST(test_fastest_follows),
		FASTEST(test_fastest_is_steady),
		FASTEST(test_fastest_goes_down),
		FASTEST(test_fastest_and_a_mute_one),
		ROUND_ROBIN(test_even_shares),
		ROUND_ROBIN(test_one_is_down),
		ROUND_ROBIN(test_one_is_mute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
