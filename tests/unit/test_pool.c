/* The way of a request through a pool of one upstream: queue, loss, giving up, reasons. */
#include "tests/unit/pool_case.h"

#include <errno.h>

#define LABEL A_LABEL

static int begin(void **state)
{
	(void)state;
	init(5, 1, POLICY_FAILOVER, 1, 3);
	return 0;
}

/* ------------------------------------------------------------------ the way of a request */

static void test_from_nothing_to_an_answer(void **state)
{
	struct request *r = submit(0);

	(void)state;
	assert_int_equal(stands(0), WAITING);
	assert_int_equal(pool.waiting_count, 1);
	assert_int_equal(net.opened, 1);
	turn();
	fake_ready(newest());
	assert_int_equal(stands(0), WAITING); /* its turn comes in the deferred phase */
	turn();
	assert_int_equal(stands(0), SENT);
	assert_int_equal(pool.waiting_count, 0);
	assert_true(ask_is_in(r, fake_sent(newest(), 0)));
	fake_answer_nth(newest(), 0);
	assert_int_equal(stands(0), DONE);
	assert_int_equal(fates[0].done, 0);
	turn();
	assert_int_equal(fates[0].answered, 1);
	turn();
	assert_int_equal(fates[0].done, 1);
	assert_int_equal(r->sent_len, 128);
}

static void test_straight_to_a_ready_session(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	assert_int_equal(stands(0), QUEUED);
	submit(1);
	turn();
	assert_int_equal(f->sent_count, 3);
	fake_answer_nth(f, 2);
	fake_answer_nth(f, 1);
	turn();
	assert_int_equal(fates[0].answered, 1);
	assert_int_equal(fates[1].answered, 1);
	assert_int_equal(net.opened, 1);
}

static void test_queue_when_full(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		submit(i);
	turn();
	assert_int_equal(f->sent_count, 1 + 3);
	assert_int_equal(pool.waiting_count, 7);
	assert_true(net.stats.bound_inflight > 0);
	assert_int_equal(net.opened, 1);
	for (unsigned i = 0; i < 10; i++) {
		/* The oldest goes first. */
		assert_true(ask_is_in(&asks[i].request, fake_sent(f, i + 1)));
		fake_answer_nth(f, i + 1);
		turn();
		assert_int_equal(fates[i].answered, 1);
		assert_int_equal(f->sent_count, 1 + (i + 4 < 10 ? i + 4 : 10));
	}
	assert_int_equal(pool.waiting_count, 0);
}

/* Who comes while others wait goes behind them, even when there is room in this very turn. */
static void test_nobody_overtakes(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	turn();
	fake_answer_nth(f, 1);
	submit(5);
	assert_int_equal(stands(5), WAITING);
	turn();
	assert_true(ask_is_in(&asks[3].request, fake_sent(f, -1)));
	cancel(1);
	submit(6);
	turn();
	assert_true(ask_is_in(&asks[4].request, fake_sent(f, -1)));
	cancel(2);
	turn();
	assert_true(ask_is_in(&asks[5].request, fake_sent(f, -1)));
}

static void test_second_session_when_full(void **state)
{
	struct fake *a, *b;

	(void)state;
	ups[0].connections = 2;
	a = connect_up();
	for (unsigned i = 0; i < 8; i++)
		submit(i);
	assert_int_equal(net.opened, 2);
	b = newest();
	fake_ready(b);
	turn();
	assert_int_equal(a->sent_count, 1 + 3);
	assert_int_equal(b->sent_count, 3);
	assert_int_equal(pool.waiting_count, 2);
	pass(900 * MS);
	assert_int_equal(net.opened, 2);
}

static void test_retiring_session_takes_nothing(void **state)
{
	struct fake *a = connect_up(), *b;
	uint8_t out[FAKE_ANSWER_MAX];

	(void)state;
	send_one(0);
	send_one(1);
	fake_deliver(a, out, fake_answer(fake_sent(a, 1), "000b 0002 0000", out));
	submit(2);
	turn();
	assert_int_equal(fates[0].answered, 1);
	assert_int_equal(net.opened, 2);
	b = newest();
	assert_int_equal(stands(1), SENT);
	assert_int_equal(stands(2), WAITING);
	fake_ready(b);
	turn();
	assert_int_equal(b->sent_count, 1);
	fake_answer_nth(a, 2);
	fake_answer_nth(b, 0);
	turn();
	assert_int_equal(fates[1].answered, 1);
	assert_int_equal(fates[2].answered, 1);
	assert_true(a->closed && a->freed);
}

/* ------------------------------------------------------------------ loss */

static void test_three_sends_then_failure(void **state)
{
	static const enum transport_fault faults[] = { FAULT_CLOSED, FAULT_RESET, FAULT_TIMEOUT };
	size_t sent = 0;

	(void)state;
	submit(0);
	for (unsigned i = 0; i < 3; i++) {
		struct fake *f = await_attempt();

		assert_int_equal(fates[0].done, 0);
		fake_ready(f);
		turn();
		sent += f->sent_count;
		fake_end(f, faults[i], STAGE_DNS);
		assert_int_equal(stands(0), RETURNED);
		turn();
	}
	assert_int_equal(sent, 3);
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
	assert_string_equal(
		fates[0].text, LABEL ": asked 3 times, lost each time: the test says so");
	assert_int_equal(net.stats.upstream_repeats, 2);
	pass(10 * SEC);
	assert_int_equal(fates[0].done, 1);
}

/* Submits queries 1 to n, and answers all that were sent but the first: query 0. */
static void answer_others(struct fake *f, unsigned n)
{
	for (unsigned i = 1; i <= n; i++)
		submit(i);
	turn();
	for (unsigned i = 1; i <= n; i++)
		answer(i, f);
}

/* Query 0 is lost with a session that had answered others; never as many as the last one. */
static void lose_freely(unsigned round)
{
	struct fake *f = newest();

	if (!f->ready)
		fake_ready(f);
	turn();
	assert_non_null(flight_on(0, f));
	answer_others(f, 2 - round % 2);
	fake_end(f, round % 3 ? FAULT_CLOSED : FAULT_RESET, STAGE_DNS);
	turn();
}

/* A server that answers others and closes has a limit: that costs no send, however often. */
static void test_limits_cost_nothing(void **state)
{
	(void)state;
	connect_up();
	submit(0);
	for (unsigned i = 0; i < REQUEST_RETURNS_MAX; i++) {
		lose_freely(i);
		assert_int_equal(fates[0].done, 0);
		assert_int_equal(asks[0].request.sends, 0);
		assert_int_equal(fates[1].answered, i + 1);
	}
	fake_ready(newest());
	turn();
	answer(0, newest());
	turn();
	assert_int_equal(fates[0].answered, 1);
}

/* Not for ever: three more are paid for. */
static void test_free_losses_are_bounded(void **state)
{
	unsigned rounds = 0;

	(void)state;
	connect_up();
	submit(0);
	while (!fates[0].done && rounds < 100)
		lose_freely(rounds++);
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
	assert_int_equal(rounds, REQUEST_RETURNS_MAX + REQUEST_SENDS_MAX);
}

/* But a half answer that cuts it does. */
static void test_half_answers_cost(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t partial[4] = { 0, 100 };

		if (!f->ready)
			fake_ready(f);
		turn();
		assert_int_equal(fates[0].done, 0);
		wire_put16(partial + 2, flight_on(0, f)->id);
		answer_others(f, 2 - i % 2);
		fake_end_cut(f, i ? FAULT_RESET : FAULT_CLOSED, partial, sizeof partial);
		turn();
		f = newest();
	}
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
}

/* What waited in a session without being sent has spent nothing, and gets nothing back. */
static void test_queued_in_a_lost_session(void **state)
{
	size_t sent = 0;

	(void)state;
	submit(0);
	for (unsigned i = 0; i < 8; i++) {
		struct fake *f = await_attempt();

		if (i % 2)
			f->room = 0;
		fake_ready(f);
		turn();
		sent += f->sent_count;
		if (i < 5)
			assert_int_equal(fates[0].done, 0);
		fake_end(f, FAULT_CLOSED, STAGE_DNS);
		turn();
		if (fates[0].done)
			break;
	}
	assert_int_equal(sent, 3);
	assert_int_equal(fates[0].failed, 1);
}

static void test_returned_before_it_was_sealed(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	fake_end(f, FAULT_CLOSED, STAGE_DNS);
	turn();
	assert_int_equal(stands(0), WAITING);
	assert_int_equal(asks[0].request.sends, 0);
	fake_ready(await_attempt());
	turn();
	assert_int_equal(stands(0), SENT);
}

/* A query is what makes an upstream active: its session is opened again ahead of the next. */
static void test_submit_makes_active(void **state)
{
	(void)state;
	fake_end(connect_up(), FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(net.opened, 2);
	fake_ready(newest());
	turn();
	send_one(0);
	assert_int_equal(newest()->sent_count, 1);
}

/* Those that were lost are asked again in their order, in one go. */
static void test_all_move_to_the_next_session(void **state)
{
	struct fake *a = connect_up(), *b;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		submit(i);
	turn();
	fake_end(a, FAULT_RESET, STAGE_DNS);
	turn();
	assert_int_equal(pool.waiting_count, 3);
	assert_int_equal(net.opened, 2);
	b = newest();
	fake_ready(b);
	turn();
	for (unsigned i = 0; i < 3; i++)
		assert_true(ask_is_in(&asks[i].request, fake_sent(b, i)));
}

/* They waited longest: before those that were never sent, and before who comes now. */
static void test_lost_go_before_those_that_wait(void **state)
{
	struct fake *a = connect_up(), *b;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	turn();
	fake_end(a, FAULT_RESET, STAGE_DNS);
	submit(5);
	turn();
	b = newest();
	fake_ready(b);
	turn();
	for (unsigned i = 0; i < 6; i++) {
		assert_true(ask_is_in(&asks[i].request, fake_sent(b, i)));
		fake_answer_nth(b, i);
		turn();
	}
}

static void test_bad_answers_twice(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	answer_malformed(f, -1);
	assert_int_equal(fates[0].done, 0);
	turn();
	assert_int_equal(stands(0), SENT); /* asked once more */
	assert_int_equal(f->sent_count, 3);
	answer_malformed(f, -1);
	turn();
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_INVALID_DATA);
	assert_int_equal(fates[0].code, 24);
	assert_string_equal(fates[0].text, LABEL ": its answers are malformed");
	assert_int_equal(net.stats.upstream_malformed, 2);
}

static void test_bad_answer_then_a_good_one(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	answer_malformed(f, -1);
	turn();
	fake_answer_nth(f, -1);
	turn();
	assert_int_equal(fates[0].answered, 1);
	send_one(0); /* nothing is held against it */
	answer_malformed(f, -1);
	turn();
	assert_int_equal(stands(0), SENT);
}

/* The place of one that failed goes to the next who waits. */
static void test_failure_makes_room(void **state)
{
	struct fake *f;

	(void)state;
	ups[0].session.max_inflight = 1;
	f = connect_up();
	submit(0);
	submit(1);
	turn();
	answer_malformed(f, -1);
	turn();
	assert_int_equal(stands(0), SENT); /* the older one goes first */
	assert_int_equal(stands(1), WAITING);
	answer_malformed(f, -1);
	turn();
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(stands(1), SENT);
}

static void test_refused_by_the_transport(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	f->send_error = -ENOMEM;
	submit(0);
	submit(1);
	turn();
	assert_int_equal(stands(0), SENT); /* tried again at once */
	assert_int_equal(asks[0].request.sends, 2);
	assert_int_equal(asks[1].request.sends, 1);
	assert_int_equal(f->sent_count, 1 + 2);
}

/* A message too short to be one can never be sent: it is tried three times, and holds nobody up. */
static void test_cannot_be_built(void **state)
{
	static const uint8_t bytes[5];
	struct fake *f = connect_up();

	(void)state;
	asks[0].request.query.signed_message = bytes;
	asks[0].request.query.signed_len = sizeof bytes;
	submit(0);
	submit(1);
	turn();
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
	assert_int_equal(stands(1), SENT);
	assert_int_equal(f->sent_count, 1 + 1);
}

/* ------------------------------------------------------------------ giving up */

static void assert_forgotten(unsigned i)
{
	const struct request *r = &asks[i].request;

	assert_int_equal(stands(0), IDLE);
	assert_false(list_linked(&r->node));
	assert_false(list_linked(&r->work.node));
	turn();
	pass(SEC);
	assert_int_equal(fates[i].done, 0);
}

static void test_cancel_idle(void **state)
{
	(void)state;
	cancel(0);
	assert_forgotten(0);
}

static void test_cancel_waiting(void **state)
{
	(void)state;
	submit(0);
	submit(1);
	assert_int_equal(stands(0), WAITING);
	cancel(0);
	assert_int_equal(pool.waiting_count, 1);
	assert_forgotten(0);
	fake_ready(newest());
	turn();
	assert_int_equal(newest()->sent_count, 1);
	assert_true(ask_is_in(&asks[1].request, fake_sent(newest(), 0)));
}

static void test_cancel_queued(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	assert_int_equal(stands(0), QUEUED);
	cancel(0);
	assert_forgotten(0);
	assert_int_equal(f->sent_count, 1);
}

static void test_cancel_sent(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	cancel(0);
	assert_forgotten(0);
	fake_answer_nth(f, -1);
	turn();
	assert_int_equal(fates[0].done, 0);
	assert_int_equal(net.stats.upstream_late, 1);
}

static void test_cancel_returned(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	fake_end(f, FAULT_RESET, STAGE_DNS);
	assert_int_equal(stands(0), RETURNED);
	cancel(0);
	assert_int_equal(pool.waiting_count, 0);
	assert_forgotten(0);
	assert_int_equal(pool.waiting_count, 0);
}

/* Its answer was malformed; the place that it had goes to the next. */
static void test_cancel_returned_makes_room(void **state)
{
	struct fake *f;

	(void)state;
	ups[0].session.max_inflight = 1;
	f = connect_up();
	submit(0);
	submit(1);
	turn();
	answer_malformed(f, -1);
	assert_int_equal(stands(0), RETURNED);
	cancel(0);
	turn();
	assert_int_equal(stands(1), SENT);
}

static void test_cancel_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	fake_answer_nth(f, -1);
	assert_int_equal(stands(0), DONE);
	cancel(0);
	assert_forgotten(0);
}

static void test_cancel_makes_room(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	turn();
	cancel(1);
	turn();
	assert_int_equal(stands(3), SENT);
	submit(5);
	turn();
	assert_int_equal(stands(4), WAITING);
	cancel(4);
	cancel(0);
	turn();
	assert_int_equal(stands(5), SENT);
	assert_int_equal(f->sent_count, 1 + 5);
}

static void cancel_the_other(unsigned i)
{
	if (fates[1 - i].inside)
		cancel(1 - i);
}

/* Both were answered in one turn: the first one's owner gives up the second. */
static void test_cancel_inside_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	submit(1);
	turn();
	then = cancel_the_other;
	fake_answer_nth(f, 1);
	fake_answer_nth(f, 2);
	turn();
	assert_int_equal(fates[0].done, 1);
	assert_int_equal(fates[1].done, 0);
}

static unsigned again;

static void ask_again(unsigned i)
{
	if (again-- > 0)
		submit(i);
	else
		then = NULL;
}

static void test_submit_inside_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	then = ask_again;
	again = 3;
	submit(0);
	for (unsigned i = 0; i < 4; i++) {
		turn();
		assert_int_equal(stands(0), SENT);
		fake_answer_nth(f, -1);
		turn();
		assert_int_equal(fates[0].answered, i + 1);
	}
	assert_false(fates[0].inside);
}

/* A failed one asked again at once begins anew. */
static void test_submit_inside_failure(void **state)
{
	(void)state;
	then = ask_again;
	again = 1;
	submit(0);
	for (unsigned i = 0; i < 6; i++) {
		fake_ready(await_attempt());
		turn();
		fake_end(newest(), FAULT_RESET, STAGE_DNS);
		turn();
		assert_int_equal(fates[0].failed, (i + 1) / 3);
	}
	assert_int_equal(net.stats.upstream_queries, 6);
}

/* ------------------------------------------------------------------ reasons */

static void test_reasons(void **state)
{
	struct fake *f;

	(void)state;
	submit(0);
	assert_reason(0, EDE_NOT_READY, LABEL ": still connecting");
	fake_end(newest(), FAULT_RESET, STAGE_TCP);
	assert_reason(0, EDE_NO_REACHABLE_AUTHORITY, LABEL ": TCP: the test says so");
	f = await_attempt();
	fake_ready(f);
	turn();
	assert_reason(0, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	for (unsigned i = 1; i < 5; i++)
		submit(i);
	assert_reason(1, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	assert_reason(4, EDE_NETWORK_ERROR, LABEL ": too many queries in flight");
	fake_end(f, FAULT_TIMEOUT, STAGE_DNS);
	turn();
	assert_reason(4, EDE_NO_REACHABLE_AUTHORITY, LABEL ": DNS: the test says so");
}

/* ------------------------------------------------------------------ no end of anything */

static void test_deinit_with_work_cancelled(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	submit(1);
	submit(2);
	submit(3);
	turn();
	fake_answer_nth(f, 1);
	answer_malformed(f, 2);
	assert_int_equal(stands(0), DONE);
	assert_int_equal(stands(1), RETURNED);
	/* end() cancels them and checks the rest. */
}

static void test_submit_never_calls_back(void **state)
{
	(void)state;
	net.refuse = true; /* whatever goes wrong inside the call */
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	assert_int_equal(pool.waiting_count, 5);
	pass(60 * SEC);
	assert_int_equal(pool.waiting_count, 5); /* deadlines are the owner's */
	net.refuse = false;
	fake_ready(await_attempt());
	turn();
	assert_int_equal(newest()->sent_count, 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_from_nothing_to_an_answer),
		TEST(test_straight_to_a_ready_session),
		TEST(test_queue_when_full),
		TEST(test_nobody_overtakes),
		TEST(test_second_session_when_full),
		TEST(test_retiring_session_takes_nothing),
		TEST(test_three_sends_then_failure),
		TEST(test_limits_cost_nothing),
		TEST(test_free_losses_are_bounded),
		TEST(test_half_answers_cost),
		TEST(test_queued_in_a_lost_session),
		TEST(test_returned_before_it_was_sealed),
		TEST(test_submit_makes_active),
		TEST(test_all_move_to_the_next_session),
		TEST(test_lost_go_before_those_that_wait),
		TEST(test_bad_answers_twice),
		TEST(test_bad_answer_then_a_good_one),
		TEST(test_failure_makes_room),
		TEST(test_refused_by_the_transport),
		TEST(test_cannot_be_built),
		TEST(test_cancel_idle),
		TEST(test_cancel_waiting),
		TEST(test_cancel_queued),
		TEST(test_cancel_sent),
		TEST(test_cancel_returned),
		TEST(test_cancel_returned_makes_room),
		TEST(test_cancel_done),
		TEST(test_cancel_makes_room),
		TEST(test_cancel_inside_done),
		TEST(test_submit_inside_done),
		TEST(test_submit_inside_failure),
		TEST(test_reasons),
		TEST(test_deinit_with_work_cancelled),
		TEST(test_submit_never_calls_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
