/* When a query goes to the next upstream, when it does not, and how the first gets them again. */
#include "tests/unit/pool_case.h"

static int begin(void **state)
{
	(void)state;
	init(5, 2, POLICY_FAILOVER, 1, 3);
	return 0;
}

static int begin_three(void **state)
{
	(void)state;
	init(5, 3, POLICY_FAILOVER, 1, 3);
	return 0;
}

/* ------------------------------------------------------------------ the first gets all */

static void test_first_gets_all(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		send_one(i);
		answer(i, a);
		turn();
		assert_answered_by(i, 0);
		pass(10 * MS);
	}
	assert_int_equal(opened_to(1), 0);
}

static void test_black_hole_at_the_start(void **state)
{
	(void)state;
	submit(0);
	pass(249 * MS);
	assert_int_equal(stands(0), WAITING);
	assert_int_equal(opened_to(1), 0);
	pass(1 * MS);
	assert_int_equal(opened_to(1), 1);
	fake_ready(to(1));
	turn();
	answer(0, to(1));
	turn();
	assert_answered_by(0, 1);
	assert_non_null(to(0)); /* still being tried */
}

/* Within 250 ms nobody else hears of it. */
static void test_slow_handshake(void **state)
{
	(void)state;
	submit(0);
	pass(240 * MS);
	fake_ready(to(0));
	pass(100 * MS);
	answer(0, to(0));
	turn();
	assert_answered_by(0, 0);
	assert_int_equal(opened_to(1), 0);
}

/* Once it is known, nobody waits 250 ms again. */
static void test_known_black_hole(void **state)
{
	struct fake *b;

	(void)state;
	submit(0);
	pass(250 * MS);
	b = to(1);
	fake_ready(b);
	turn();
	for (unsigned i = 1; i < 3; i++) {
		submit(i);
		assert_non_null(flight_on(i, b));
	}
}

static void test_refused(void **state)
{
	(void)state;
	submit(0);
	fake_end(to(0), FAULT_RESET, STAGE_TCP);
	assert_int_equal(opened_to(1), 0);
	turn();
	assert_int_equal(opened_to(1), 1);
	fake_ready(to(1));
	turn();
	assert_non_null(flight_on(0, to(1)));
	submit(1); /* known to be down: at once */
	assert_non_null(flight_on(1, to(1)));
}

static void test_no_route(void **state)
{
	(void)state;
	net.refuse = true;
	submit(0);
	net.refuse = false;
	turn();
	assert_null(to(0));
	fake_ready(to(1));
	turn();
	assert_non_null(flight_on(0, to(1)));
}

static void test_third_when_two_are_down(void **state)
{
	(void)state;
	submit(0);
	fake_end(to(0), FAULT_RESET, STAGE_TCP);
	turn();
	fake_end(to(1), FAULT_PROTOCOL, STAGE_AUTH);
	turn();
	fake_ready(to(2));
	turn();
	answer(0, to(2));
	turn();
	assert_answered_by(0, 2);
}

/* Both are black holes: 250 ms each, then the third. */
static void test_third_behind_two_black_holes(void **state)
{
	(void)state;
	submit(0);
	pass(250 * MS);
	assert_int_equal(opened_to(1), 1);
	assert_int_equal(opened_to(2), 0);
	pass(250 * MS);
	assert_int_equal(opened_to(2), 1);
	fake_ready(to(2));
	turn();
	assert_non_null(flight_on(0, to(2)));
}

/* All are down: whoever comes back first gets those that wait. */
static void test_all_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		submit(i);
	for (size_t u = 0; u < 2; u++) {
		turn();
		fake_end(to(u), FAULT_RESET, STAGE_TCP);
	}
	turn();
	assert_int_equal(pool.waiting_count, 3);
	for (unsigned round = 0; round < 20; round++) {
		for (size_t u = 0; u < 2; u++)
			fake_end(await_attempt_to(u), FAULT_RESET, STAGE_TCP);
		pass(10 * MS);
		assert_int_equal(pool.waiting_count, 3);
	}
	fake_ready(await_attempt_to(1));
	turn();
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(flight_on(i, to(1)));
}

/* ------------------------------------------------------------------ a path in doubt */

/* Its queries go to a new session of the same upstream, if that comes within 250 ms. */
static void test_suspect_moves_to_a_new_session(void **state)
{
	struct fake *old = connect_to(0), *new;

	(void)state;
	send_one(0);
	fall_silent(old);
	new = to(0);
	assert_ptr_not_equal(new, old);
	assert_int_equal(stands(0), WAITING);
	pass(200 * MS);
	fake_ready(new);
	turn();
	assert_non_null(flight_on(0, new));
	answer(0, new);
	turn();
	assert_answered_by(0, 0);
	assert_int_equal(opened_to(1), 0);
}

static void test_suspect_moves_to_the_next(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	send_one(0);
	fall_silent(a);
	submit(1);
	turn();
	assert_int_equal(stands(1), WAITING);
	pass(249 * MS);
	assert_int_equal(opened_to(1), 0);
	pass(1 * MS);
	fake_ready(to(1));
	turn();
	assert_non_null(flight_on(0, to(1)));
	assert_non_null(flight_on(0, a)); /* may still be answered */
	assert_non_null(flight_on(1, to(1)));
	assert_null(flight_on(1, a));
}

/* Ready for long, it takes over as soon as 250 ms have passed. */
static void test_suspect_moves_to_a_ready_one(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	send_one(0);
	fall_silent(a);
	pass(250 * MS);
	assert_non_null(flight_on(0, b));
	answer(0, b);
	turn();
	assert_answered_by(0, 1);
}

/* Nothing is acknowledged: known after 250 ms, or three round trips. */
static void test_unacknowledged(void **state)
{
	static const uint64_t rtt_us[] = { 0, 20 * MS, 83 * MS, 200 * MS };
	static const uint64_t not_before_ms[] = { 250, 250, 250, 600 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rtt_us); i++) {
		struct fake *a;
		unsigned ms = 0;

		deinit();
		begin(NULL);
		a = connect_to(0);
		a->rtt_us = rtt_us[i];
		a->stuck_since_us = net.clock_us;
		send_one(0);
		for (; net.stats.sessions_suspect == 0 && ms < 2000; ms++)
			pass(1 * MS);
		assert_true(ms > not_before_ms[i] && ms <= not_before_ms[i] + 100);
		assert_int_equal(stands(0), WAITING);
	}
}

/* Whoever answers first is heard; the other's id stays taken until its answer comes. */
static void test_first_answer_wins(void **state)
{
	(void)state;
	for (unsigned winner = 0; winner < 2; winner++) {
		struct fake *f[2];

		deinit();
		begin(NULL);
		connect_both();
		f[0] = to(0);
		f[1] = to(1);
		send_one(0);
		fall_silent(f[0]);
		pass(250 * MS);
		answer(0, f[winner]);
		turn();
		assert_answered_by(0, winner);
		assert_int_equal(net.stats.upstream_late, 0);
		fake_answer_nth(f[1 - winner], -1);
		turn();
		assert_int_equal(net.stats.upstream_late, 1);
		assert_int_equal(net.stats.upstream_mismatch + net.stats.upstream_unknown, 0);
		assert_int_equal(fates[0].done, 1);
	}
}

/* Both in one turn: one of them is an answer too many. */
static void test_both_answer_at_once(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	send_one(0);
	fall_silent(a);
	pass(250 * MS);
	answer(0, b);
	fake_answer_nth(a, -1);
	turn();
	assert_answered_by(0, 1);
	assert_int_equal(net.stats.upstream_late, 1);
}

/* An answer clears it: the next query is its own again. */
static void test_suspect_recovers(void **state)
{
	struct fake *a;

	(void)state;
	connect_both();
	a = to(0);
	send_one(0);
	fall_silent(a);
	answer(0, a);
	turn();
	assert_answered_by(0, 0);
	submit(1);
	assert_non_null(flight_on(1, a));
}

/* What a blocked transport kept from being sent has waited as long. */
static void test_unsent_moves_too(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	fake_room(a, 1);
	submit(0);
	submit(1);
	turn();
	assert_int_equal(stands(0), SENT);
	assert_int_equal(stands(1), QUEUED);
	fall_silent(a);
	pass(250 * MS);
	assert_non_null(flight_on(0, b));
	assert_non_null(flight_on(1, b));
}

/* ------------------------------------------------------------------ what does not move */

static void test_lost_session_reopens(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	send_one(0);
	fake_end(a, FAULT_CLOSED, STAGE_DNS);
	turn();
	assert_int_equal(stands(0), WAITING);
	pass(200 * MS);
	fake_ready(to(0));
	turn();
	answer(0, to(0));
	turn();
	assert_answered_by(0, 0);
	assert_int_equal(opened_to(1), 0);
}

static void test_lost_session_moves_after_patience(void **state)
{
	struct fake *a;

	(void)state;
	connect_both();
	a = to(0);
	send_one(0);
	fake_end(a, FAULT_CLOSED, STAGE_DNS);
	pass(249 * MS);
	assert_int_equal(stands(0), WAITING);
	pass(1 * MS);
	assert_non_null(flight_on(0, to(1)));
}

/* And when reopening is refused, at once. */
static void test_lost_session_moves_when_refused(void **state)
{
	struct fake *a;

	(void)state;
	connect_both();
	a = to(0);
	send_one(0);
	fake_end(a, FAULT_CLOSED, STAGE_DNS);
	turn();
	fake_end(to(0), FAULT_RESET, STAGE_TCP);
	turn();
	assert_non_null(flight_on(0, to(1)));
}

static void test_full_does_not_move(void **state)
{
	struct fake *a, *b;
	size_t before;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	before = b->sent_count;
	for (unsigned i = 0; i < 10; i++)
		submit(i);
	pass(500 * MS);
	assert_int_equal(b->sent_count, before);
	for (unsigned i = 0; i < 10; i++) {
		answer(i, a);
		turn();
		assert_answered_by(i, 0);
	}
	assert_int_equal(b->sent_count, before);
}

static void test_slow_name_does_not_move(void **state)
{
	struct fake *a;

	(void)state;
	connect_both();
	a = to(0);
	send_one(0);
	for (unsigned i = 1; i < 40; i++) {
		send_one(i);
		answer(i, a);
		pass(100 * MS);
	}
	assert_int_equal(stands(0), SENT);
	assert_non_null(flight_on(0, a));
	assert_null(flight_on(0, to(1)));
}

/* Others are asked over it and answered, every 50 ms. */
static void others_come(struct fake *f, uint64_t us)
{
	for (uint64_t left = us / (50 * MS); left > 0; left--) {
		submit(ASKS - 1);
		turn();
		if (flight_on(ASKS - 1, f))
			answer(ASKS - 1, f);
		else
			cancel(ASKS - 1);
		pass(50 * MS);
		memset(&fates[ASKS - 1], 0, sizeof fates[0]);
	}
}

/* Moved because of a silence, and into the same one: then it is another upstream's turn. */
static void test_swallowed_twice_moves(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	send_one(0);
	fall_silent(a);
	b = to(0);
	assert_ptr_not_equal(b, a);
	fake_ready(b);
	turn();
	assert_non_null(flight_on(0, b));
	others_come(b, 1400 * MS);
	assert_null(flight_on(0, to(1)));
	others_come(b, 200 * MS);
	assert_non_null(flight_on(0, to(1)));
	assert_non_null(flight_on(0, b)); /* may still be answered */
}

/* Once may be an accident; twice is the first one's own trouble with it. */
static void test_malformed_twice_moves(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	send_one(0);
	answer_malformed(a, message_of(0, a));
	turn();
	assert_non_null(flight_on(0, a));
	assert_null(flight_on(0, b));
	answer_malformed(a, message_of(0, a));
	turn();
	assert_null(flight_on(0, a));
	assert_non_null(flight_on(0, b));
	answer_malformed(b, message_of(0, b));
	turn();
	assert_null(flight_on(0, a));
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
}

/* ------------------------------------------------------------------ back to the first */

static void test_back_to_the_first(void **state)
{
	struct fake *b = connect_to_b_only();

	(void)state;
	fake_ready(await_a_while_b_answers(b));
	turn();
	for (unsigned i = 0; i < 3; i++) {
		submit(i);
		assert_non_null(flight_on(i, to(0)));
		assert_null(flight_on(i, b));
	}
}

/* Those that B has stay with it. */
static void test_back_to_the_first_leaves_what_is_sent(void **state)
{
	struct fake *b = connect_to_b_only();
	struct fake *a = await_a_while_b_answers(b);

	(void)state;
	send_one(0);
	fake_ready(a);
	turn();
	assert_int_equal(asks[0].request.sends, 1);
	answer(0, b);
	turn();
	assert_answered_by(0, 1);
}

/*
 * An outage of two minutes with a query each second: the first is tried all along, never more often
 * than ten times its backoff, and has the queries again once it is back.
 */
static void test_tried_while_others_answer(void **state)
{
	struct fake *b = connect_to_b_only();
	unsigned tries = 0;

	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		struct fake *a;

		send_one(i % 100);
		assert_non_null(flight_on(i % 100, b));
		answer(i % 100, b);
		a = to(0);
		tries += a != NULL;
		if (a)
			fake_end(a, FAULT_RESET, STAGE_TCP);
		pass(1 * SEC);
	}
	assert_true(tries >= 10 && tries <= 30);
	for (unsigned i = 0; i < 60 && !to(0); i++) {
		send_one(100);
		answer(100, b);
		pass(1 * SEC);
	}
	fake_ready(to(0));
	turn();
	submit(100);
	assert_non_null(flight_on(100, to(0)));
}

/* Without queries nobody is tried at all. */
static void test_no_query_no_attempt(void **state)
{
	size_t before;

	(void)state;
	connect_to_b_only();
	pass(40 * SEC);
	before = net.opened;
	pass(3600 * SEC);
	assert_int_equal(net.opened, before);
}

/* ------------------------------------------------------------------ order of the queue */

/* Those asked before go first, each where it can. */
static void test_again_before_waiting(void **state)
{
	struct fake *a = connect_to(0), *b;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		submit(i);
	turn();
	fall_silent(a);
	submit(6);
	pass(250 * MS);
	b = to(1);
	fake_ready(b);
	turn();
	for (unsigned i = 0; i < 7; i++) {
		assert_true(ask_is_in(&asks[i].request, fake_sent(b, i)));
		fake_answer_nth(b, i);
		turn();
		assert_answered_by(i, 1);
	}
	assert_int_equal(pool.waiting_count, 0);
}

/* One that can only go to B, which is not up, does not hold up those that A takes. */
static void test_one_waits_for_another(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	send_one(0);
	answer_with(0, a, RCODE_SERVFAIL);
	turn();
	assert_int_equal(stands(0), WAITING);
	send_one(1);
	assert_non_null(flight_on(1, a));
	fake_ready(to(1));
	turn();
	assert_non_null(flight_on(0, to(1)));
}

/* ------------------------------------------------------------------ sends */

/* Three at most: a session of A, one of B, another one of B. */
static void test_three_sends_in_all(void **state)
{
	struct fake *f[3];

	(void)state;
	submit(0);
	f[0] = to(0);
	fake_ready(f[0]);
	turn();
	fall_silent(f[0]);
	for (unsigned i = 1; i < 3; i++) {
		while (!to(1))
			pass(50 * MS);
		f[i] = await_attempt_to(1);
		fake_ready(f[i]);
		turn();
		assert_non_null(flight_on(0, f[i]));
		fall_silent(f[i]);
	}
	assert_int_equal(asks[0].request.sends, 3);
	assert_int_equal(net.stats.upstream_queries, 3);
	pass(2 * SEC);
	assert_int_equal(net.stats.upstream_queries, 3);
	assert_int_equal(fates[0].done, 0);
	answer(0, f[0]); /* nobody else is asked, but this one may still answer */
	turn();
	assert_answered_by(0, 0);
}

static void test_three_losses_at_two_upstreams(void **state)
{
	(void)state;
	submit(0);
	fake_ready(to(0));
	turn();
	fake_end(to(0), FAULT_RESET, STAGE_DNS); /* answered nothing: A is down */
	turn();
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fates[0].done, 0);
		fake_ready(await_attempt_to(1));
		turn();
		assert_non_null(flight_on(0, to(1)));
		fake_end(to(1), FAULT_RESET, STAGE_DNS);
		turn();
	}
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
	assert_string_equal(
		fates[0].text, B_LABEL ": asked 3 times, lost each time: the test says so");
}

/* A answers others, but closes twice under this one: its last sending is B's. */
static void test_lost_twice_moves(void **state)
{
	(void)state;
	connect_both();
	send_one(0);
	answer(0, to(0));
	turn();
	fake_end(to(0), FAULT_RESET, STAGE_DNS);
	submit(1);
	turn();
	for (unsigned i = 0; i < 2; i++) {
		fake_ready(await_attempt_to(0));
		turn();
		assert_non_null(flight_on(1, to(0)));
		assert_null(flight_on(1, to(1)));
		fake_end(to(0), FAULT_RESET, STAGE_DNS);
		turn();
	}
	assert_non_null(flight_on(1, to(1)));
	assert_int_equal(asks[1].request.sends, 3);
}

/* Sent to a suspect session that had answered others: free. */
static void test_suspect_that_had_answered_is_free(void **state)
{
	struct fake *a;

	(void)state;
	connect_both();
	a = connect_to(0);
	send_one(0);
	assert_int_equal(asks[0].request.sends, 1);
	fall_silent(a);
	assert_int_equal(asks[0].request.sends, 0);
	assert_int_equal(asks[0].request.returns, 1);
}

/* But not the one whose half answer blocks it. */
static void test_half_answer_that_blocks_is_paid(void **state)
{
	struct fake *a;
	uint8_t partial[4] = { 0, 100 };

	(void)state;
	connect_both();
	a = connect_to(0);
	send_one(0);
	send_one(1);
	wire_put16(partial + 2, flight_on(1, a)->id);
	a->partial = partial;
	a->partial_len = sizeof partial;
	fall_silent(a);
	assert_int_equal(asks[0].request.sends, 0);
	assert_int_equal(asks[1].request.sends, 1);
}

/* ------------------------------------------------------------------ reasons */

static void test_reasons(void **state)
{
	struct fake *a, *b;

	(void)state;
	submit(0);
	assert_reason(
		0, EDE_NOT_READY, A_LABEL ": still connecting; " B_LABEL ": still connecting");
	fake_end(to(0), FAULT_RESET, STAGE_TCP);
	turn();
	assert_reason(0, EDE_NO_REACHABLE_AUTHORITY,
		A_LABEL ": TCP: the test says so; " B_LABEL ": still connecting");
	fake_end(to(1), FAULT_PROTOCOL, STAGE_AUTH);
	turn();
	assert_reason(0, EDE_NO_REACHABLE_AUTHORITY,
		A_LABEL ": TCP: the test says so; " B_LABEL ": authentication: the test says so");
	b = await_attempt_to(1);
	fake_ready(b);
	turn();
	assert_int_equal(stands(0), SENT);
	assert_reason(0, EDE_NETWORK_ERROR,
		A_LABEL ": TCP: the test says so; " B_LABEL ": no answer in time");
	for (unsigned i = 1; i < 5; i++)
		submit(i);
	assert_reason(4, EDE_NETWORK_ERROR, B_LABEL ": too many queries in flight");
	a = await_attempt_to(0);
	fake_ready(a);
	turn();
	assert_reason(0, EDE_NETWORK_ERROR,
		A_LABEL ": no answer in time; " B_LABEL ": no answer in time");
}

/* The policy's order, and nobody is left out. */
static void test_reason_of_three(void **state)
{
	(void)state;
	submit(0);
	for (size_t u = 0; u < 3; u++) {
		turn();
		fake_end(to(u), FAULT_RESET, STAGE_TCP);
	}
	turn();
	assert_reason(0, EDE_NO_REACHABLE_AUTHORITY,
		A_LABEL ": TCP: the test says so; " B_LABEL ": TCP: the test says so; " C_LABEL
			": TCP: the test says so");
}

#define TEST(f)	 cmocka_unit_test_setup_teardown(f, begin, end)
#define TEST3(f) cmocka_unit_test_setup_teardown(f, begin_three, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_gets_all),
		TEST(test_black_hole_at_the_start),
		TEST(test_slow_handshake),
		TEST(test_known_black_hole),
		TEST(test_refused),
		TEST(test_no_route),
		TEST3(test_third_when_two_are_down),
		TEST3(test_third_behind_two_black_holes),
		TEST(test_all_down),
		TEST(test_suspect_moves_to_a_new_session),
		TEST(test_suspect_moves_to_the_next),
		TEST(test_suspect_moves_to_a_ready_one),
		TEST(test_unacknowledged),
		TEST(test_first_answer_wins),
		TEST(test_both_answer_at_once),
		TEST(test_suspect_recovers),
		TEST(test_unsent_moves_too),
		TEST(test_lost_session_reopens),
		TEST(test_lost_session_moves_after_patience),
		TEST(test_lost_session_moves_when_refused),
		TEST(test_full_does_not_move),
		TEST(test_slow_name_does_not_move),
		TEST(test_swallowed_twice_moves),
		TEST(test_malformed_twice_moves),
		TEST(test_back_to_the_first),
		TEST(test_back_to_the_first_leaves_what_is_sent),
		TEST(test_tried_while_others_answer),
		TEST(test_no_query_no_attempt),
		TEST(test_again_before_waiting),
		TEST(test_one_waits_for_another),
		TEST(test_three_sends_in_all),
		TEST(test_three_losses_at_two_upstreams),
		TEST(test_lost_twice_moves),
		TEST(test_suspect_that_had_answered_is_free),
		TEST(test_half_answer_that_blocks_is_paid),
		TEST(test_reasons),
		TEST3(test_reason_of_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
