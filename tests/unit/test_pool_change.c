/* The upstreams of a pool are changed while it works: who stays keeps all, who leaves answers first. */
#include "tests/unit/pool_case.h"

static struct upstream *gone[128];
static unsigned gone_count;

static void on_gone(void *arg, struct upstream *u)
{
	assert_ptr_equal(arg, &pool);
	assert_true(list_empty(&u->sessions));
	for (unsigned i = 0; i < ASKS; i++)
		assert_true(asks[i].request.state != REQUEST_ACTIVE || asks[i].request.own != u);
	gone[gone_count++] = u;
}

/* A and B; C is filled in, but does not belong to it. */
static int begin(void **state)
{
	(void)state;
	init(11, 2, POLICY_FAILOVER, 1, 100);
	pool.gone = on_gone;
	pool.gone_arg = &pool;
	gone_count = 0;
	set_up(2, 1, 100);
	return 0;
}

/* The case looks for transports among the first so many. */
static void change(size_t count, struct upstream *const *list)
{
	pool_change(&pool, list, count);
}

static void add_address_of_c(void)
{
	struct addr a = address_of(2);

	ways_set_addresses(&ups[2], &a, 1);
}

/* upstream_of() goes by pool.count; these tests have their own. */
static struct fake *transport_to(size_t upstream)
{
	struct addr a = address_of(upstream);

	for (size_t i = net.count; i-- > 0;) {
		struct fake *f = net.fakes[i];

		if (!f->ended && !f->closed && !f->freed && addr_equal(&f->to, &a))
			return f;
	}
	return NULL;
}

static void test_who_stays_keeps_its_session(void **state)
{
	struct fake *a = connect_up();
	size_t opened = net.count;
	uint64_t srtt = ups[0].srtt_us;

	(void)state;
	send_one(0);
	change(2, (struct upstream *[]){ &ups[1], &ups[0] });
	change(1, (struct upstream *[]){ &ups[0] });
	assert_ptr_equal(transport_to(0), a);
	answer(0, a);
	turn();
	assert_answered_by(0, 0);
	send_one(1);
	answer(1, a);
	turn();
	assert_answered_by(1, 0);
	assert_int_equal(net.count, opened);
	assert_int_equal(ups[0].srtt_us, srtt);
	pass(SEC);
	assert_int_equal(gone_count, 1);
	assert_ptr_equal(gone[0], &ups[1]);
}

/* What was asked of A is answered by A; what comes now goes to C. */
static void test_who_leaves_answers_first(void **state)
{
	struct fake *a = connect_up();

	(void)state;
	send_one(0);
	change(2, (struct upstream *[]){ &ups[2], &ups[1] });
	add_address_of_c();
	pass(SEC / 2);
	assert_int_equal(gone_count, 0);
	submit(1);
	turn();
	assert_null(flight_on(1, a));
	assert_non_null(transport_to(2));
	fake_ready(transport_to(2));
	turn();
	assert_non_null(flight_on(1, transport_to(2)));
	answer(0, a);
	turn();
	assert_answered_by(0, 0);
	assert_true(a->closed);
	answer(1, transport_to(2));
	turn();
	assert_answered_by(1, 2);
	pass(SEC);
	assert_int_equal(gone_count, 1);
	assert_ptr_equal(gone[0], &ups[0]);
}

/* A's last session is lost: its query goes to who is there now, and never to A. */
static void test_what_it_loses_goes_on(void **state)
{
	struct fake *a = connect_up();

	(void)state;
	send_one(0);
	change(1, (struct upstream *[]){ &ups[2] });
	add_address_of_c();
	fake_end(a, FAULT_RESET, STAGE_DNS);
	turn();
	assert_null(transport_to(0));
	fake_ready(transport_to(2));
	turn();
	answer(0, transport_to(2));
	turn();
	assert_answered_by(0, 2);
	pass(SEC);
	assert_int_equal(gone_count, 2);
}

/* One that never answers is not waited for without end, and the request forgets it. */
static void test_silent_one(void **state)
{
	(void)state;
	connect_up();
	send_one(0);
	change(1, (struct upstream *[]){ &ups[2] });
	pass(90 * SEC);
	assert_int_equal(gone_count, 2);
	assert_null(transport_to(0));
	assert_null(asks[0].request.own);
	assert_int_equal(asks[0].request.avoid, 0);
	assert_true(fates[0].inside);
}

/* Attempts under way are of no use to anybody. */
static void test_attempts_end(void **state)
{
	(void)state;
	submit(0);
	turn();
	assert_non_null(transport_to(0));
	change(1, (struct upstream *[]){ &ups[2] });
	turn();
	assert_null(transport_to(0));
	add_address_of_c();
	turn();
	fake_ready(transport_to(2));
	turn();
	answer(0, transport_to(2));
	turn();
	assert_answered_by(0, 2);
}

/* A hundred changes in a row, each of which takes one out that owes an answer: bits are never short. */
static void test_many_changes(void **state)
{
	static struct upstream more[100];
	static char names[100][16];

	(void)state;
	connect_up();
	send_one(0);
	for (size_t i = 0; i < COUNT_OF(more); i++) {
		struct addr a = address_of(10 + i);

		memset(&more[i], 0, sizeof more[i]);
		snprintf(names[i], sizeof names[i], "m%zu", i);
		more[i].session = fake_setup(&net);
		more[i].session.max_inflight = 10;
		more[i].connections = 1;
		more[i].label = names[i];
		change(1, (struct upstream *[]){ &more[i] });
		ways_set_addresses(&more[i], &a, 1);
		assert_true(pool_bit(&more[i]) != 0);
		assert_int_equal(pool.everybody, pool_bit(&more[i]));
		submit((unsigned)(1 + i));
		turn();
		fake_ready(net.fakes[net.count - 1]);
		turn();
	}
	assert_int_equal(net.stats.bound_memory, 0);
	/* Those whose upstream was cut off have gone on to another one. */
	for (unsigned rounds = 0; rounds < 4; rounds++) {
		for (size_t k = 0; k < net.count; k++) {
			struct fake *f = net.fakes[k];

			for (unsigned i = 0; i <= COUNT_OF(more) && !f->closed && !f->ended; i++)
				if (fates[i].inside && flight_on(i, f) && flight_on(i, f)->sent)
					answer(i, f);
		}
		turn();
	}
	for (unsigned i = 0; i <= COUNT_OF(more); i++)
		assert_int_equal(fates[i].answered, 1);
	pass(SEC);
	assert_int_equal(gone_count, 2 + COUNT_OF(more) - 1);
	assert_true(list_empty(&pool.leaving));
}

static void test_nobody_left(void **state)
{
	struct fake *a = connect_up();

	(void)state;
	send_one(0);
	assert_false(pool_is_idle(&pool));
	answer(0, a);
	turn();
	assert_true(pool_is_idle(&pool));
	pool_change(&pool, NULL, 0);
	pass(SEC);
	assert_int_equal(gone_count, 2);
	assert_true(list_empty(&pool.leaving));
}

static void test_fail_all(void **state)
{
	struct fake *a = connect_up();

	(void)state;
	send_one(0);
	submit(1);
	pool_fail_all(&pool, (struct ede){ EDE_NOT_READY, "over" });
	turn();
	assert_int_equal(fates[0].failed, 1);
	assert_string_equal(fates[0].text, "over");
	assert_int_equal(fates[1].failed, 1);
	assert_true(pool_is_idle(&pool));
	assert_false(a->closed);
}

static int finish(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ASKS; i++)
		if (fates[i].inside)
			cancel(i);
	pool_deinit(&pool);
	assert_int_equal(net.turn.timers.count, 0);
	fake_net_deinit(&net);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_stays_keeps_its_session, begin, finish),
		cmocka_unit_test_setup_teardown(test_who_leaves_answers_first, begin, finish),
		cmocka_unit_test_setup_teardown(test_what_it_loses_goes_on, begin, finish),
		cmocka_unit_test_setup_teardown(test_silent_one, begin, finish),
		cmocka_unit_test_setup_teardown(test_attempts_end, begin, finish),
		cmocka_unit_test_setup_teardown(test_many_changes, begin, finish),
		cmocka_unit_test_setup_teardown(test_nobody_left, begin, finish),
		cmocka_unit_test_setup_teardown(test_fail_all, begin, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
