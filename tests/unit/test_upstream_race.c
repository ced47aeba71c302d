#include "proxy/upstream/opening.h"
#include "tests/unit/upstream_stage.h"

#define FOUR "6.1 4.1 6.2 4.2"

/* ------------------------------------------------------------------ one address: joined */

/* Nothing comes back: attempts at 0, 1 and 2 s, no more than three, each for 5 s. */
static void test_joins(void **state)
{
	(void)state;
	want();
	for (unsigned i = 1; i < RACE_JOINED_MAX; i++) {
		pass(SEC - 1);
		assert_int_equal(net.opened, i);
		pass(1);
		assert_int_equal(net.opened, i + 1);
		assert_int_equal(up.connecting, i + 1);
	}
	pass(3 * SEC - 1);
	assert_int_equal(net.opened, 3);
	pass(1);
	assert_true(fake_at(&net, 0)->freed);
	assert_int_equal(net.opened, 4); /* another takes its place */
	check_race();
}

/* As long as somebody waits, several stand open, and one that returns is met soon. */
static void test_black_hole_is_always_tried(void **state)
{
	uint64_t last = net.clock_us;
	size_t opened;

	(void)state;
	want();
	opened = net.opened;
	for (unsigned i = 0; i < 600; i++) {
		pass(100 * MS);
		check_race();
		assert_in_range(up.connecting, 1, RACE_JOINED_MAX);
		if (net.opened > opened)
			last = net.clock_us;
		opened = net.opened;
		/* Three open, the oldest for up to 5 s: the next replaces it then. */
		if (net.clock_us - last > 3 * SEC)
			fail_msg("no fresh attempt for %llu ms at %llu ms",
				(unsigned long long)((net.clock_us - last) / 1000),
				(unsigned long long)((net.clock_us - FAKE_START_US) / 1000));
	}
	assert_int_equal(up.fruitless_next, 0);
	assert_in_range(net.opened, 30, 40);
}

/* Something was heard of it: no other beside it for 250 ms, but nothing follows. */
static void test_join_when_nothing_follows_the_syn_ack(void **state)
{
	(void)state;
	want();
	pass(900 * MS);
	fake_establish(fake_at(&net, 0));
	pass(250 * MS - 1);
	assert_int_equal(net.opened, 1);
	pass(SEC);
	assert_int_equal(net.opened, 2);
}

static void test_join_when_the_established_one_fails(void **state)
{
	(void)state;
	want();
	pass(SEC);
	fake_establish(fake_at(&net, 1));
	pass(900 * MS);
	assert_int_equal(net.opened, 2);
	lose_this(fake_at(&net, 1), FAULT_PROTOCOL, STAGE_TLS);
	pass(SEC); /* the oldest stands without SYN-ACK for 2.9 s */
	assert_int_equal(net.opened, 3);
}

static void test_no_join_when_not_wanted(void **state)
{
	(void)state;
	want();
	wanted = 0;
	pass(4 * SEC);
	assert_int_equal(net.opened, 1);
}

/* An attempt made ahead hangs; a query comes: it is joined at once. */
static void test_query_joins_an_old_attempt(void **state)
{
	(void)state;
	want();
	wanted = 0;
	pass(1500 * MS);
	assert_int_equal(net.opened, 1);
	want();
	assert_int_equal(net.opened, 2);
}

/* The same where a limit of answers is known. */
static void test_query_joins_an_old_attempt_under_a_limit(void **state)
{
	(void)state;
	up.limits.answers = 100;
	want();
	wanted = 0;
	pass(1500 * MS);
	want();
	assert_int_equal(net.opened, 2);
}

static void test_local_fault_does_not_end_joining(void **state)
{
	(void)state;
	want();
	net.refuse = true;
	pass(1100 * MS);
	net.refuse = false;
	pass(1900 * MS); /* the first stands for 3 s */
	assert_true(net.opened >= 2);
	check_race();
}

static void test_others_are_dropped(void **state)
{
	(void)state;
	for (long winner = 0; winner < 3; winner++) {
		restart("4.1");
		want();
		pass(2 * SEC);
		assert_int_equal(up.connecting, 3);
		fake_establish(fake_at(&net, (winner + 1) % 3));
		fake_ready(fake_at(&net, winner));
		for (long i = 0; i < 3; i++)
			assert_int_equal(fake_at(&net, i)->closed, i != winner);
		check_race();
		assert_int_equal(upstream_ready(&up), 1);
		assert_int_equal(up.connecting, 0);
		assert_int_equal(rooms, 1);
		assert_int_equal(net.stats.connects_failed, 0);
		fake_turn(&net);
		for (long i = 0; i < 3; i++)
			assert_int_equal(fake_at(&net, i)->freed, i != winner);
		pass(60 * SEC);
		assert_int_equal(net.opened, 3);
	}
}

/* One of several fails: the others go on, no retry beside them. */
static void test_one_of_several_fails(void **state)
{
	(void)state;
	want();
	pass(SEC);
	lose_this(fake_at(&net, 0), FAULT_RESET, STAGE_TCP);
	check_race();
	assert_int_equal(up.connecting, 1);
	assert_false(timer_running(&up.retry));
	assert_int_equal(losts, 0);
	assert_int_equal(up.health.down_since_us, 0);
	fake_ready(fake_at(&net, 1));
	check_race();
	assert_int_equal(upstream_ready(&up), 1);
	pass(30 * SEC);
	assert_int_equal(net.opened, 2);
}

/* ------------------------------------------------------------------ several addresses */

/* None answers: one each 250 ms, then those that stand for a second are joined, eight at most. */
static void test_one_after_the_other(void **state)
{
	static const char *const order[] = { "6.1", "4.1", "6.2", "4.2", "6.1", "4.1", "6.2",
		"4.2" };

	(void)state;
	restart("4.1 6.1 4.2 6.2");
	want();
	for (unsigned i = 0; i < COUNT_OF(order); i++) {
		assert_int_equal(net.opened, i + 1);
		assert_to(fake_at(&net, -1), order[i]);
		check_race();
		pass(250 * MS - 1);
		assert_int_equal(net.opened, i + 1);
		want();
		assert_int_equal(net.opened, i + 1);
		pass(1);
	}
	assert_int_equal(net.opened, RACE_ATTEMPTS_MAX);
	while (net.clock_us < FAKE_START_US + 5 * SEC - 1)
		fake_wait(&net, FAKE_START_US + 5 * SEC - 1 - net.clock_us);
	assert_int_equal(net.opened, RACE_ATTEMPTS_MAX);
	for (unsigned i = 0; i < 600; i++) {
		pass(100 * MS);
		check_race();
		assert_in_range(up.connecting, 1, RACE_ATTEMPTS_MAX);
		for (size_t k = 0; k < up.race.count; k++)
			assert_in_range(up.race.list[k].open, 1, RACE_JOINED_MAX);
	}
}

/* An attempt that fails leaves its place at once; the round ends with the last. */
static void test_at_once_after_a_failure(void **state)
{
	static const char *const order[] = { "6.1", "4.1", "6.2", "4.2" };

	(void)state;
	restart(FOUR);
	want();
	for (unsigned i = 0; i < COUNT_OF(order); i++) {
		assert_int_equal(net.opened, i + 1);
		assert_to(fake_at(&net, -1), order[i]);
		assert_int_equal(losts, 0);
		assert_int_equal(up.backoff.failures, 0);
		lose(i % 2 ? FAULT_PROTOCOL : FAULT_RESET, i % 2 ? STAGE_AUTH : STAGE_TCP);
		check_race();
	}
	assert_int_equal(net.clock_us, FAKE_START_US);
	assert_int_equal(net.opened, 4);
	assert_int_equal(losts, 1);
	assert_int_equal(up.backoff.failures, 1);
	assert_int_equal(net.stats.connects_failed, 4);
	assert_about("the next round", time_to_open(10 * SEC), 100 * MS);
	assert_to(fake_at(&net, -1), "6.1");
}

/* One fails while another stands: the next goes beside it at once. */
static void test_failure_beside_one_that_stands(void **state)
{
	(void)state;
	restart(FOUR);
	want();
	pass(250 * MS);
	lose_this(fake_at(&net, 0), FAULT_RESET, STAGE_TCP);
	assert_int_equal(net.opened, 3);
	assert_to(fake_at(&net, -1), "6.2");
	check_race();
}

/* No IPv6 here: the other family does not wait for it. */
static void test_no_route_of_one_family(void **state)
{
	(void)state;
	restart("6.1 6.2 4.1 4.2");
	net.refuse_family = AF_INET6;
	want();
	assert_int_equal(net.clock_us, FAKE_START_US);
	assert_int_equal(net.refused, 1);
	assert_int_equal(net.opened, 1);
	assert_to(fake_at(&net, 0), "4.1");
	check_race();
	pass(250 * MS);
	assert_int_equal(net.refused, 2);
	assert_int_equal(net.opened, 2);
	assert_to(fake_at(&net, 1), "4.2");
	/* Those that can be tried fail: that counts, whatever the others were. */
	lose_this(fake_at(&net, 0), FAULT_RESET, STAGE_TCP);
	lose_this(fake_at(&net, 1), FAULT_RESET, STAGE_TCP);
	assert_int_equal(up.backoff.failures, 1);
	/* And the next time it is the same, with the winner first. */
	time_to_open(SEC);
	fake_ready(fake_at(&net, -1));
	check_race();
	assert_to(fake_at(&net, -1), "4.1");
	assert_int_equal(up.race.winner, 1);
}

/* SYN-ACK: it may yet come to something. */
static void test_sign_of_life_delays_the_next(void **state)
{
	(void)state;
	restart(FOUR);
	want();
	pass(200 * MS);
	fake_establish(fake_at(&net, 0));
	pass(250 * MS - 1);
	assert_int_equal(net.opened, 1);
	pass(1);
	assert_int_equal(net.opened, 2);
}

static void test_first_good_handshake_wins(void **state)
{
	(void)state;
	restart(FOUR);
	want();
	pass(600 * MS);
	assert_int_equal(net.opened, 3);
	fake_establish(fake_at(&net, 0)); /* sooner, but not as far */
	fake_ready(fake_at(&net, 2));
	assert_int_equal(rooms, 1);
	for (long i = 0; i < 3; i++)
		assert_int_equal(fake_at(&net, i)->closed, i != 2);
	check_race();
	assert_int_equal(up.race.winner, 2);
	assert_int_equal(net.stats.connects_failed, 0);
	wanted = 0;
	pass(60 * SEC);
	assert_int_equal(net.opened, 3);
}

static void test_winner_is_first_the_next_time(void **state)
{
	(void)state;
	restart(FOUR);
	want();
	pass(250 * MS);
	fake_ready(fake_at(&net, 1));
	lose(FAULT_LOCAL, STAGE_DNS);
	assert_to(fake_at(&net, -1), "4.1");
	lose(FAULT_RESET, STAGE_TCP);
	assert_to(fake_at(&net, -1), "6.1"); /* then by rank */
	lose(FAULT_RESET, STAGE_TCP);
	assert_to(fake_at(&net, -1), "6.2");
	check_race();
}

/* The second for a slow name goes to the winner, too. */
static void test_second_goes_to_the_winner(void **state)
{
	(void)state;
	restart(FOUR);
	want();
	pass(250 * MS);
	fake_ready(fake_at(&net, 1));
	upstream_ensure_second(&up);
	assert_int_equal(net.opened, 3);
	assert_to(fake_at(&net, -1), "4.1");
	check_race();
}

static void test_no_more_when_nobody_waits(void **state)
{
	(void)state;
	restart(FOUR);
	want();
	pass(100 * MS);
	wanted = 0;
	pass(4 * SEC);
	assert_int_equal(net.opened, 1);
	want();
	assert_int_equal(net.opened, 2);
	check_race();
}

/* All places are taken by sessions that say goodbye: the race goes on when one has gone. */
static void test_race_and_sessions_limit(void **state)
{
	(void)state;
	restart(FOUR);
	up.connections = 1;
	for (unsigned i = 0; i < UPSTREAM_SESSIONS_MAX - 1; i++) {
		struct fake *f = connect_up();

		ask(i);
		session_retire(session_on(f));
		fake_turn(&net);
	}
	want();
	assert_int_equal(net.opened, UPSTREAM_SESSIONS_MAX);
	pass(250 * MS);
	assert_int_equal(net.opened, UPSTREAM_SESSIONS_MAX);
	assert_true(net.stats.bound_sessions > 0);
	answer(fake_at(&net, 3), 0);
	assert_int_equal(net.opened, UPSTREAM_SESSIONS_MAX + 1);
	check_race();
}

/* ------------------------------------------------------------------ the loser again */

/* 6.1 says nothing, 4.1 wins; its handshake takes 50 ms. */
static struct fake *let_the_second_win(void)
{
	struct fake *f;

	restart("6.1 4.1");
	want();
	pass(300 * MS);
	f = fake_at(&net, 1);
	fake_ready(f);
	wanted = 0;
	fake_turn(&net);
	check_race();
	assert_int_equal(up.race.winner, 1);
	assert_int_equal(up.handshake_us, 50 * MS);
	return f;
}

static struct fake *tester(void)
{
	assert_non_null(up.tester);
	return fake_on(up.tester);
}

static void test_loser_is_tested_after_10_s(void **state)
{
	struct fake *f = let_the_second_win();

	(void)state;
	pass(10 * SEC - 1);
	ask_and_answer(f);
	assert_int_equal(net.opened, 2);
	pass(60 * SEC);
	assert_int_equal(net.opened, 2); /* nobody asks */
	ask_and_answer(f);
	assert_int_equal(net.opened, 3);
	assert_to(tester(), "6.1");
	check_race();
	assert_int_equal(up.connecting, 0);
	ask_and_answer(f); /* goes on as before, with one test at a time */
	assert_int_equal(net.opened, 3);
	pass(2 * SEC);
	assert_int_equal(net.opened, 3); /* it is not joined */
}

static const struct {
	const char *name;
	uint64_t took_us;
	bool passes;
} test_rows[] = {
	{ "as fast", 50 * MS, true },
	{ "slower, but not by more than 250 ms", 300 * MS, true },
	{ "too slow", 300 * MS + 1, false },
	{ "much too slow", 4 * SEC, false },
};

static void test_what_the_test_shows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(test_rows); i++) {
		const char *row = test_rows[i].name;
		struct fake *f = let_the_second_win(), *t;

		pass(10 * SEC);
		ask_and_answer(f);
		if (test_rows[i].passes)
			ask(0); /* stays out */
		t = tester();
		pass(test_rows[i].took_us);
		rooms = 0;
		fake_ready(t);
		fake_turn(&net);
		check_race();
		expect(row, up.tester == NULL);
		expect_int(row, up.race.winner, test_rows[i].passes ? 0 : 1);
		expect_int(row, rooms, test_rows[i].passes);
		expect_int(row, t->freed, !test_rows[i].passes);
		expect_int(row, f->freed, false);
		if (test_rows[i].passes) {
			/* What is out may be answered, all else goes to the better one. */
			expect_int(row, session_on(f)->state, SESSION_RETIRING);
			ask_and_answer(t);
			fake_answer_nth(f, -1);
			fake_turn(&net);
			expect(row, f->freed);
			lose_this(t, FAULT_CLOSED, STAGE_DNS);
			assert_to(fake_at(&net, -1), "6.1");
			fake_ready(fake_at(&net, -1));
			pass(60 * SEC);
			ask(1);
			expect(row, up.tester == NULL);
		} else {
			expect_int(row, upstream_ready(&up), 1);
			ask_and_answer(f);
		}
	}
}

/* A client asks all the time, each test is in vain: 10 s, then twice as long, up to 10 minutes. */
static void test_tests_become_rare(void **state)
{
	static const uint64_t waits[] = { 20, 40, 80, 160, 320, 600, 600 };
	struct fake *f = let_the_second_win();
	uint64_t failed = net.clock_us;
	size_t done = 0;

	(void)state;
	for (unsigned i = 0; done <= COUNT_OF(waits); i++) {
		assert_true(i < 4000);
		pass(SEC);
		ask_and_answer(f);
		if (!up.tester)
			continue;
		if (done > 0)
			assert_in_range(net.clock_us - failed, waits[done - 1] * SEC,
				waits[done - 1] * SEC + 2 * SEC);
		lose_this(tester(), FAULT_PROTOCOL, STAGE_TLS);
		check_race();
		failed = net.clock_us;
		done++;
		/* None of it counts against the upstream. */
		assert_int_equal(up.backoff.failures, 0);
		assert_int_equal(up.health.down_since_us, 0);
		assert_int_equal(up.fruitless_next, 0);
		assert_int_equal(losts, 0);
		if (net.clock_us > FAKE_START_US + 3000 * SEC)
			break; /* the session has lived its hour soon */
	}
	assert_int_equal(done, COUNT_OF(waits) + 1);
}

/* It says nothing, or can't be tried at all: the same. */
static void test_tests_that_come_to_nothing(void **state)
{
	struct fake *f = let_the_second_win();
	size_t opened;

	(void)state;
	pass(10 * SEC);
	ask_and_answer(f);
	pass(5 * SEC);
	assert_null(up.tester);
	check_race();
	opened = net.opened;
	pass(19 * SEC);
	ask_and_answer(f);
	assert_int_equal(net.opened, opened);
	net.refuse_family = AF_INET6;
	pass(SEC);
	ask_and_answer(f);
	assert_null(up.tester);
	assert_int_equal(net.refused, 1);
	check_race();
	net.refuse_family = 0;
	pass(39 * SEC);
	ask_and_answer(f);
	assert_int_equal(net.opened, opened);
	pass(SEC);
	ask_and_answer(f);
	assert_int_equal(net.opened, opened + 1);
	assert_int_equal(up.health.down_since_us, 0);
}

/* The good session is lost while the better one is tested: both race, and any is welcome. */
static void test_loss_while_testing(void **state)
{
	struct fake *f = let_the_second_win(), *t;

	(void)state;
	pass(10 * SEC);
	ask_and_answer(f);
	t = tester();
	lose_this(f, FAULT_RESET, STAGE_DNS);
	check_race();
	want();
	assert_to(fake_at(&net, -1), "4.1");
	assert_int_equal(up.connecting, 1);
	pass(200 * MS);
	fake_ready(t);
	fake_turn(&net);
	check_race();
	assert_int_equal(up.connecting, 0);
	assert_int_equal(upstream_ready(&up), 1);
	assert_int_equal(up.race.winner, 0);
}

/* However slow: it is all there is. */
static void test_slow_loser_is_better_than_none(void **state)
{
	struct fake *f = let_the_second_win(), *t;

	(void)state;
	pass(10 * SEC);
	ask_and_answer(f);
	t = tester();
	lose_this(f, FAULT_RESET, STAGE_DNS);
	want();
	pass(2 * SEC);
	fake_ready(t);
	fake_turn(&net);
	check_race();
	assert_int_equal(upstream_ready(&up), 1);
	assert_int_equal(rooms, 2);
}

/* The address under test is not one of the upstream's any more: it is not gone back to. */
static void test_addresses_while_testing(void **state)
{
	struct fake *f = let_the_second_win(), *t;

	(void)state;
	pass(10 * SEC);
	ask_and_answer(f);
	t = tester();
	set_addresses("4.1 4.2");
	fake_ready(t);
	fake_turn(&net);
	check();
	assert_int_equal(session_on(f)->state, SESSION_READY);
	assert_int_equal(up.race.winner, 0);
	assert_null(up.tester);
	ask_and_answer(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_joins),
		TEST(test_black_hole_is_always_tried),
		TEST(test_join_when_nothing_follows_the_syn_ack),
		TEST(test_join_when_the_established_one_fails),
		TEST(test_no_join_when_not_wanted),
		TEST(test_query_joins_an_old_attempt),
		TEST(test_query_joins_an_old_attempt_under_a_limit),
		TEST(test_local_fault_does_not_end_joining),
		TEST(test_others_are_dropped),
		TEST(test_one_of_several_fails),
		TEST(test_one_after_the_other),
		TEST(test_at_once_after_a_failure),
		TEST(test_failure_beside_one_that_stands),
		TEST(test_no_route_of_one_family),
		TEST(test_sign_of_life_delays_the_next),
		TEST(test_first_good_handshake_wins),
		TEST(test_winner_is_first_the_next_time),
		TEST(test_second_goes_to_the_winner),
		TEST(test_no_more_when_nobody_waits),
		TEST(test_race_and_sessions_limit),
		TEST(test_loser_is_tested_after_10_s),
		TEST(test_what_the_test_shows),
		TEST(test_tests_become_rare),
		TEST(test_tests_that_come_to_nothing),
		TEST(test_loss_while_testing),
		TEST(test_slow_loser_is_better_than_none),
		TEST(test_addresses_while_testing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
