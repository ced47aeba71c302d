/* One request sent several times: slow names, moves beside them, giving up, asking again. */
#include "proxy/upstream/trace.h"
#include "tests/unit/pool_case.h"

/* What fifty queries earn. */
#define EARN 50u

/* Room for all, and for a second session. */
static int begin(void **state)
{
	(void)state;
	init(5, 1, POLICY_FAILOVER, 2, 100);
	return 0;
}

static int begin_two(void **state)
{
	(void)state;
	init(5, 2, POLICY_FAILOVER, 2, 100);
	return 0;
}

/* Query i is asked and answered there, as one of those among which a slow name is noticed. */
static void others_are_answered(struct fake *f, uint64_t us)
{
	uint64_t until = net.clock_us + us;
	unsigned i = ASKS - 3;

	while (net.clock_us < until) {
		submit(i);
		turn();
		if (flight_on(i, f))
			answer(i, f);
		else
			cancel(i);
		pass(50 * MS);
		memset(&fates[i], 0, sizeof fates[i]);
	}
}

static void submit_many(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		submit(ASKS - 4);
		cancel(ASKS - 4);
	}
	turn();
}

/* Query 0 is slow; the second session is there, and has it too. */
static void hedge(struct fake **ret_first, struct fake **ret_second)
{
	struct fake *a = connect_to(0);

	send_one(0);
	others_are_answered(a, 1600 * MS);
	assert_int_equal(stands(0), SENT);
	assert_int_equal(opened_to(0), 2);
	*ret_first = a;
	*ret_second = to(0);
	assert_ptr_not_equal(*ret_second, a);
	fake_ready(*ret_second);
	turn();
	others_are_answered(a, 200 * MS);
	assert_non_null(flight_on(0, *ret_second));
	assert_non_null(flight_on(0, a));
}

/* ------------------------------------------------------------------ slow names */

/* Not before 1.5 s, then once, on another session of the same upstream. */
static void test_asked_once_more(void **state)
{
	struct fake *a = connect_to(0), *b;

	(void)state;
	send_one(0);
	others_are_answered(a, 1450 * MS);
	assert_int_equal(opened_to(0), 1);
	others_are_answered(a, 100 * MS);
	assert_int_equal(opened_to(0), 2);
	b = to(0);
	fake_ready(b);
	turn();
	others_are_answered(a, 100 * MS);
	assert_int_equal(b->sent_count, 1);
	assert_int_equal(asks[0].request.sends, 2);
	assert_int_equal(net.stats.upstream_hedges, 1);
	others_are_answered(a, 3 * SEC);
	assert_int_equal(net.stats.upstream_hedges, 1);
	assert_int_equal(asks[0].request.sends, 2);
	answer(0, b);
	turn();
	assert_answered_by(0, 0);
}

/* The same for one that was lost before: the third sending is its last. */
static void test_lost_then_slow(void **state)
{
	struct fake *b, *c;

	(void)state;
	submit(0);
	turn();
	fake_ready(to(0));
	turn();
	assert_int_equal(stands(0), SENT);
	fake_end(to(0), FAULT_CLOSED, STAGE_DNS); /* it has answered nothing: that counts */
	turn();
	b = await_attempt();
	fake_ready(b);
	turn();
	assert_true(flight_on(0, b)->sent);
	assert_int_equal(asks[0].request.sends, 2);
	others_are_answered(b, 1600 * MS);
	c = to(0);
	assert_ptr_not_equal(c, b);
	fake_ready(c);
	turn();
	others_are_answered(b, 200 * MS);
	assert_non_null(flight_on(0, c));
	assert_int_equal(asks[0].request.sends, REQUEST_SENDS_MAX);
	assert_int_equal(net.stats.upstream_hedges, 1);
	others_are_answered(b, 3 * SEC);
	assert_int_equal(asks[0].request.sends, REQUEST_SENDS_MAX);
	assert_int_equal(net.stats.upstream_hedges, 1);
	answer(0, c);
	turn();
	assert_answered_by(0, 0);
}

/* The first answer counts, whichever it is. */
static void test_hedge_and_first_answer(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	answer(0, a);
	turn();
	assert_answered_by(0, 0);
	fake_answer_nth(b, 0);
	turn();
	assert_int_equal(net.stats.upstream_late, 1);
	assert_int_equal(fates[0].done, 1);
}

/* With no session but its own there is nothing to ask on. */
static void test_no_second_session(void **state)
{
	struct fake *a;

	(void)state;
	ups[0].connections = 1;
	a = connect_to(0);
	send_one(0);
	others_are_answered(a, 5 * SEC);
	assert_int_equal(opened_to(0), 1);
	assert_int_equal(net.stats.upstream_hedges, 0);
	assert_int_equal(asks[0].request.sends, 1);
}

/* If nobody is answered it is not the name. */
static void test_nobody_is_answered(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	send_one(0);
	pass(5 * SEC);
	assert_int_equal(net.stats.upstream_hedges, 0);
	assert_int_equal(net.stats.sessions_suspect, 1);
	assert_non_null(flight_on(0, a));
}

/* n names are slow at once. */
static uint64_t hedges_of(unsigned n)
{
	struct fake *a = connect_to(0);
	uint64_t before = net.stats.upstream_hedges;

	for (unsigned i = 0; i < n; i++)
		submit(i);
	turn();
	others_are_answered(a, 1600 * MS);
	if (!to(0)->ready)
		fake_ready(to(0));
	turn();
	others_are_answered(a, 300 * MS);
	return net.stats.upstream_hedges - before;
}

/* As many as went into a silence that is over are sent again: the budget is for slow names. */
static void test_swallowed(void **state)
{
	static struct trace trace;
	struct fake *a = connect_to(0), *b;
	unsigned told = 0;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		submit(i);
	trace_attach(&trace, &asks[0].request);
	turn();
	pass(600 * MS);
	others_are_answered(a, 1050 * MS);
	b = to(0);
	assert_ptr_not_equal(b, a);
	fake_ready(b);
	turn();
	for (unsigned i = 0; i < 30; i++) {
		assert_non_null(flight_on(i, b));
		assert_int_equal(asks[i].request.sends, 2);
	}
	assert_int_equal(net.stats.upstream_hedges, 0);
	trace_end(&trace);
	for (size_t i = 0; i < trace.count; i++)
		told += trace.event[i].kind == TRACE_LATE &&
			strstr(trace.event[i].why, "a silence that is over");
	assert_int_equal(told, 1);
}

/* One can be asked again from the start; the others must be earned. */
static void test_bucket_starts_with_one(void **state)
{
	(void)state;
	assert_int_equal(hedges_of(5), 1);
}

/* Fifty queries earn one, those that are asked meanwhile too. */
static void test_bucket_is_earned(void **state)
{
	uint64_t hedges;

	(void)state;
	submit_many(3 * EARN - 1); /* and one more to connect, 20 slow ones, some 40 others */
	hedges = hedges_of(20);
	assert_in_range(hedges, 4, 5);
	submit_many(EARN);
	others_are_answered(fake_at(&net, 0), 200 * MS);
	assert_int_equal(net.stats.upstream_hedges, hedges + 1);
}

static void test_bucket_has_a_bottom(void **state)
{
	(void)state;
	submit_many(40 * EARN);
	assert_int_equal(hedges_of(60), 20);
}

/* ------------------------------------------------------------------ moves beside a repetition */

/* Both sessions fall silent: it moves once more, and that is all. */
static void test_hedge_then_path(void **state)
{
	struct fake *a, *b, *c;

	(void)state;
	hedge(&a, &b);
	pass(1400 * MS);
	assert_int_equal(net.stats.sessions_suspect, 2);
	c = to(0);
	assert_ptr_not_equal(c, b);
	fake_ready(c);
	turn();
	assert_non_null(flight_on(0, c));
	assert_true(asks[0].request.sends <= REQUEST_SENDS_MAX);
	for (unsigned i = 0; i < 3; i++) {
		struct fake *f[] = { a, b, c };

		assert_non_null(flight_on(0, f[i]));
	}
	answer(0, b);
	turn();
	assert_answered_by(0, 0);
	fake_answer_nth(c, -1);
	fake_answer_nth(a, 1);
	turn();
	assert_int_equal(fates[0].done, 1);
}

/* The second session goes: the first may still answer, and it is asked again. */
static void test_hedge_is_lost(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	fake_end(b, FAULT_CLOSED, STAGE_DNS);
	turn();
	assert_non_null(flight_on(0, a));
	assert_int_equal(stands(0), WAITING);
	answer(0, a);
	turn();
	assert_answered_by(0, 0);
	assert_int_equal(pool.waiting_count, 0);
}

/* The first goes: the repetition is under way already. */
static void test_first_is_lost(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	fake_end(a, FAULT_CLOSED, STAGE_DNS);
	turn();
	assert_int_equal(stands(0), SENT);
	assert_non_null(flight_on(0, b));
	assert_int_equal(count_flights(&asks[0].request, true), 1);
}

/* An error on either session is the upstream's word: the next one is asked at once. */
static void test_hedge_and_error(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	answer_with(0, a, RCODE_SERVFAIL);
	turn();
	assert_non_null(to(1));
	fake_ready(to(1));
	turn();
	assert_non_null(flight_on(0, to(1)));
	answer(0, to(1));
	turn();
	assert_got(0, RCODE_NOERROR, 1);
	fake_answer_nth(b, 0);
	turn();
	assert_int_equal(fates[0].done, 1);
	assert_int_equal(net.stats.upstream_late, 1);
}

/* The same from the second session. */
static void test_hedge_answers_error(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	answer_with(0, b, RCODE_REFUSED);
	turn();
	fake_ready(to(1));
	turn();
	assert_non_null(flight_on(0, to(1)));
	answer_with(0, to(1), RCODE_SERVFAIL);
	turn();
	assert_got(0, RCODE_SERVFAIL, 1);
}

/* A repetition that is not sent yet when the error comes is not sent any more: three in all. */
static void test_hedge_unsent_and_error(void **state)
{
	struct fake *a = connect_to(0), *b;

	(void)state;
	send_one(0);
	others_are_answered(a, 1600 * MS);
	b = to(0);
	fake_ready(b);
	b->room = 0;
	turn();
	others_are_answered(a, 200 * MS);
	assert_false(flight_on(0, b)->sent);
	answer_with(0, a, RCODE_SERVFAIL);
	turn();
	assert_null(flight_on(0, b));
	fake_ready(to(1));
	turn();
	fake_room(b, SIZE_MAX);
	turn();
	assert_int_equal(b->sent_count, 0);
	assert_int_equal(asks[0].request.sends, 2);
	answer(0, to(1));
	turn();
	assert_got(0, RCODE_NOERROR, 1);
}

/* ------------------------------------------------------------------ giving up with several flights */

/* Gone from everywhere, and whatever comes of it is known as late. */
static void assert_given_up(unsigned i, unsigned late)
{
	assert_int_equal(stands(i), IDLE);
	assert_false(list_linked(&asks[i].request.work.node));
	for (size_t k = 0; k < net.count; k++) {
		struct fake *f = net.fakes[k];

		if (!f->ready || f->ended || f->closed)
			continue;
		for (long m = 0; m < (long)f->sent_count; m++)
			if (ask_is_in(&asks[i].request, fake_sent(f, m)))
				fake_answer_nth(f, m);
	}
	turn();
	pass(1 * SEC);
	assert_int_equal(fates[i].done, 0);
	assert_int_equal(net.stats.upstream_late, late);
	assert_int_equal(net.stats.upstream_unknown + net.stats.upstream_mismatch, 0);
	assert_int_equal(pool.waiting_count, 0);
}

static void test_cancel_two_flights(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	cancel(0);
	assert_given_up(0, 2);
}

static void test_cancel_waiting_with_a_flight(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	send_one(0);
	fall_silent(a);
	assert_int_equal(stands(0), WAITING);
	assert_non_null(flight_on(0, a));
	cancel(0);
	assert_given_up(0, 1);
}

static void test_cancel_queued_beside_a_late_one(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	fake_room(b, 0);
	send_one(3);
	fall_silent(a);
	pass(250 * MS);
	assert_non_null(flight_on(3, b));
	assert_false(flight_on(3, b)->sent);
	cancel(3);
	fake_room(b, SIZE_MAX);
	turn();
	assert_given_up(3, 1);
}

static void test_cancel_returned_beside_a_late_one(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	fake_end(b, FAULT_CLOSED, STAGE_DNS);
	assert_true(list_linked(&asks[0].request.work.node));
	cancel(0);
	assert_given_up(0, 1);
}

static void test_cancel_kept_with_flights(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	send_one(0);
	fall_silent(a);
	pass(250 * MS);
	answer_with(0, b, RCODE_SERVFAIL);
	turn();
	assert_non_null(asks[0].request.kept);
	assert_non_null(flight_on(0, a));
	cancel(0);
	turn();
	fake_answer_nth(a, -1);
	turn();
	assert_int_equal(fates[0].done, 0);
	assert_int_equal(net.stats.upstream_late, 1);
}

static void test_cancel_done_with_flights(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	answer(0, b);
	assert_int_equal(stands(0), DONE);
	cancel(0);
	fake_answer_nth(a, 1);
	turn();
	assert_int_equal(fates[0].done, 0);
	assert_int_equal(net.stats.upstream_late, 1);
}

static void test_deinit_with_flights(void **state)
{
	struct fake *a, *b;

	(void)state;
	hedge(&a, &b);
	send_one(1);
	fake_end(b, FAULT_RESET, STAGE_DNS); /* end() cancels all in the middle of it */
}

/* ------------------------------------------------------------------ the same request again */

static void ask_again(unsigned i)
{
	then = NULL;
	submit(i);
}

/* The late answer to the first life is not one to the second. */
static void test_resubmitted_with_flights(void **state)
{
	struct fake *a, *b;
	long first;

	(void)state;
	hedge(&a, &b);
	first = message_of(0, a);
	then = ask_again;
	answer(0, b);
	turn();
	assert_int_equal(fates[0].answered, 1);
	assert_true(fates[0].inside);
	assert_int_equal(asks[0].request.sends, 1);
	assert_int_equal(count_flights(&asks[0].request, true), 1);
	fake_answer_nth(a, first);
	turn();
	assert_int_equal(fates[0].answered, 1);
	assert_int_equal(net.stats.upstream_late, 1);
	answer(0, flight_on(0, a) ? a : b);
	turn();
	assert_int_equal(fates[0].answered, 2);
}

static void test_resubmitted_after_failure(void **state)
{
	(void)state;
	then = ask_again;
	submit(0);
	for (unsigned i = 0; i < 3; i++) {
		fake_ready(await_attempt());
		turn();
		fake_end(to(0), FAULT_RESET, STAGE_DNS);
		turn();
	}
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(stands(0), WAITING);
	assert_int_equal(asks[0].request.sends, 0);
	fake_ready(await_attempt());
	turn();
	answer(0, to(0));
	turn();
	assert_int_equal(fates[0].answered, 1);
}

#define TEST(f)	 cmocka_unit_test_setup_teardown(f, begin, end)
#define TEST2(f) cmocka_unit_test_setup_teardown(f, begin_two, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_asked_once_more),
		TEST(test_lost_then_slow),
		TEST(test_hedge_and_first_answer),
		TEST(test_no_second_session),
		TEST(test_nobody_is_answered),
		TEST(test_swallowed),
		TEST(test_bucket_starts_with_one),
		TEST(test_bucket_is_earned),
		TEST(test_bucket_has_a_bottom),
		TEST(test_hedge_then_path),
		TEST(test_hedge_is_lost),
		TEST(test_first_is_lost),
		TEST2(test_hedge_and_error),
		TEST2(test_hedge_answers_error),
		TEST2(test_hedge_unsent_and_error),
		TEST(test_cancel_two_flights),
		TEST(test_cancel_waiting_with_a_flight),
		TEST2(test_cancel_queued_beside_a_late_one),
		TEST(test_cancel_returned_beside_a_late_one),
		TEST2(test_cancel_kept_with_flights),
		TEST(test_cancel_done_with_flights),
		TEST(test_deinit_with_flights),
		TEST(test_resubmitted_with_flights),
		TEST(test_resubmitted_after_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
