/* Another network: sessions end, queries move and pay nothing, nothing of the old path is held against anybody. */
#include "proxy/upstream/renew.h"
#include "tests/unit/pool_case.h"

static int begin(void **state)
{
	(void)state;
	init(1, 2, POLICY_FAILOVER, 2, 100);
	return 0;
}

static void renew(void)
{
	for (size_t i = 0; i < pool.count; i++)
		ways_renew(&ups[i], race_winner(&ups[i].race), NULL);
	pool_renewed(&pool);
}

static struct addr other_port(struct addr a)
{
	addr_set_port(&a, 1);
	return a;
}

static void test_queries_move_at_no_cost(void **state)
{
	struct fake *old = connect_up(), *fresh;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		send_one(i);
	submit(10); /* not sent yet */
	renew();
	assert_true(old->closed);
	turn();
	fresh = to(0);
	assert_non_null(fresh);
	assert_ptr_not_equal(fresh, old);
	assert_int_equal(opened_to(1), 0);
	fake_ready(fresh);
	turn();
	for (unsigned i = 0; i <= 10; i++) {
		assert_non_null(flight_on(i, fresh));
		assert_int_equal(asks[i].request.sends, 1);
	}
}

/* A session that had answered nothing yet: neither is it the fault of the queries. */
static void test_unanswered_session(void **state)
{
	(void)state;
	submit(0);
	turn();
	for (unsigned networks = 0; networks < 2; networks++) {
		fake_ready(to(0));
		turn();
		assert_int_equal(stands(0), SENT);
		renew();
		turn();
		assert_int_equal(asks[0].request.sends, 0);
	}
	fake_ready(to(0));
	turn();
	fake_answer_nth(to(0), -1);
	turn();
	assert_int_equal(fates[0].answered, 1);
}

static void test_attempts_begin_anew(void **state)
{
	struct fake *old;

	(void)state;
	submit(0);
	turn();
	old = to(0);
	fake_establish(old);
	renew();
	assert_true(old->closed);
	turn();
	assert_ptr_not_equal(to(0), old);
	assert_int_equal(ups[0].connecting, 1);
	assert_int_equal(ups[0].race.list[0].open, 1);
}

static void fail_often(void)
{
	for (unsigned i = 0; i < 2 * UPSTREAM_FRUITLESS_MAX; i++) {
		struct fake *f = to(0);

		if (f)
			fake_end(f, FAULT_RESET, STAGE_TLS);
		f = to(1);
		if (f)
			fake_end(f, FAULT_RESET, STAGE_TLS);
		pass(SEC / 4);
	}
}

/* Neither backoff nor the cap on connections, nor the outage that clients are told of. */
static void test_no_wait_holds(void **state)
{
	size_t opened;

	(void)state;
	submit(0);
	turn();
	fail_often();
	while (to(0))
		fake_end(to(0), FAULT_RESET, STAGE_TLS);
	turn();
	assert_true(ups[0].next_try_us > net.clock_us);
	assert_true(ups[0].health.down_since_us > 0);
	opened = opened_to(0);
	renew();
	turn();
	assert_int_equal(opened_to(0), opened + 1);
	assert_int_equal(ups[0].health.down_since_us, 0);
	assert_int_equal(pool_reason(&pool, &asks[0].request).code, EDE_NOT_READY);
}

/* What answered nothing there is asked first again here. */
static void test_doubt_is_forgotten(void **state)
{
	(void)state;
	connect_to(0);
	for (unsigned i = 0; i < HEALTH_SILENT_MAX; i++)
		health_silent(&ups[0].health, NULL, "silent", true, net.clock_us);
	assert_true(ways_doubtful(&ups[0]));
	renew();
	assert_false(ways_doubtful(&ups[0]));
}

static void test_nobody_asks_nothing_is_opened(void **state)
{
	size_t opened;

	(void)state;
	connect_up();
	opened = net.opened;
	pass(UPSTREAM_ACTIVE_US);
	renew();
	turn();
	pass(60 * SEC);
	assert_int_equal(net.opened, opened);
}

static void test_active_clients_find_it_open(void **state)
{
	(void)state;
	connect_up();
	pass(UPSTREAM_ACTIVE_US / 2);
	renew();
	turn();
	assert_non_null(to(0));
	assert_null(to(1)); /* that one was not in use */
}

static void test_limits_of_the_path_go(void **state)
{
	(void)state;
	ups[0].limits = (struct limits){ .answers = 5, .last_answers = 5, .idle_us = SEC, .last_idle_us = SEC };
	renew();
	assert_int_equal(ups[0].limits.idle_us, 0);
	assert_int_equal(ups[0].limits.answers, 5);
}

/* Else no place would ever be free for another address. */
static void test_history_is_not_held(void **state)
{
	struct addr to = address_of(0);
	const struct history_entry *e;

	(void)state;
	connect_up();
	e = history_find(&ups[0].history, &to);
	assert_non_null(e);
	assert_int_equal(e->users, 1);
	renew();
	turn();
	assert_int_equal(e->users, 0);
	assert_int_equal(e->full, 1);
}

static void test_concerns(void **state)
{
	struct addr a = other_port(address_of(0)), b = other_port(address_of(1));

	(void)state;
	assert_false(ways_concern(&ups[0], &a));
	submit(0);
	turn();
	assert_true(ways_concern(&ups[0], &a)); /* an attempt */
	assert_false(ways_concern(&ups[0], &b));
	fake_ready(to(0));
	turn();
	assert_true(ways_concern(&ups[0], &a)); /* a session */
	cancel(0);
	fake_end(to(0), FAULT_CLOSED, STAGE_DNS);
	pass(120 * SEC);
	assert_true(ways_concern(&ups[0], &a)); /* where the last one was */
	assert_false(ways_concern(&ups[1], &b));
}

static void test_hope(void **state)
{
	struct addr a = other_port(address_of(0)), b = other_port(address_of(1));
	size_t opened;

	(void)state;
	submit(0);
	turn();
	fail_often();
	while (to(0))
		fake_end(to(0), FAULT_RESET, STAGE_TLS);
	turn();
	opened = opened_to(0);
	ways_hope(&ups[0], &b);
	turn();
	assert_int_equal(opened_to(0), opened);
	ways_hope(&ups[0], &a);
	turn();
	assert_int_equal(opened_to(0), opened + 1);
	fake_ready(to(0));
	turn();
	ways_hope(&ups[0], &a); /* all is well: nothing to hope for */
	turn();
	assert_int_equal(opened_to(0), opened + 1);
	assert_false(to(0)->closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_queries_move_at_no_cost, begin, end),
		cmocka_unit_test_setup_teardown(test_unanswered_session, begin, end),
		cmocka_unit_test_setup_teardown(test_attempts_begin_anew, begin, end),
		cmocka_unit_test_setup_teardown(test_no_wait_holds, begin, end),
		cmocka_unit_test_setup_teardown(test_doubt_is_forgotten, begin, end),
		cmocka_unit_test_setup_teardown(test_nobody_asks_nothing_is_opened, begin, end),
		cmocka_unit_test_setup_teardown(test_active_clients_find_it_open, begin, end),
		cmocka_unit_test_setup_teardown(test_limits_of_the_path_go, begin, end),
		cmocka_unit_test_setup_teardown(test_history_is_not_held, begin, end),
		cmocka_unit_test_setup_teardown(test_concerns, begin, end),
		cmocka_unit_test_setup_teardown(test_hope, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
