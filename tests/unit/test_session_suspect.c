/* A session whose path is in doubt: what becomes of it and its queries. */
#include "tests/unit/session_watch_case.h"

/* ------------------------------------------------------------------ suspect */

static void test_suspect(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		send_one(i);
	session_forget(flight(1));
	fake_wait(&net, SEC);
	assert_told("for each that is out", "?pp");
	assert_int_equal(late[0], 1);
	assert_int_equal(late[1], 0);
	assert_int_equal(late[2], 1);
	assert_true(is_out(flight(0)) && flight(0)->late);
	assert_int_equal(session->state, SESSION_READY);
	assert_false(session_has_room(session));
	assert_int_equal(session->sent_count, 2);
	fake_wait(&net, 9 * SEC);
	assert_told("once", "");
}

/* What could not be sent has nothing to hope for here. */
static void test_suspect_with_a_queue(void **state)
{
	(void)state;
	send_one(0);
	fake->room = 1;
	for (unsigned i = 1; i < 4; i++)
		submit(i);
	fake_wait(&net, SEC);
	assert_told("what was not sent returns, what was is late", "?--pp");
	assert_int_equal(returned[2] + returned[3], 2);
	assert_int_equal(asks[2].request.sends, 0);
	assert_int_equal(session->queued_count, 0);
	assert_int_equal(session->sent_count, 2);
	fake_room(fake, 10);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 2);
	assert_told("nothing is lost", "");
}

/* An answer shows that the path is good, though nobody needs it. */
static void test_recovered(void **state)
{
	static const char *const told_of[] = { "!+", "!", "!-" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lives); i++) {
		const char *row = lives[i].name;

		start_again();
		session_forget(send_one(2));
		send_one(1);
		send_one(0);
		fake_wait(&net, SEC);
		assert_told(row, "?pp");
		show_life(lives[i].life, lives[i].life == LATE_ANSWER ? 0 : 1);
		assert_told(row, told_of[i]);
		expect(row, !session->suspect);
		expect(row, session_has_room(session));
		fake_answer_nth(fake, 2);
		assert_told(row, "+");
	}
}

/* The seconds begin anew, and all that is out is late anew. */
static void test_suspect_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		send_one(i);
	fake_wait(&net, 7 * SEC);
	assert_told("silent", "?ppp");
	fake_answer_nth(fake, 1);
	assert_told("recovered", "!+");
	fake_wait(&net, SEC - 1);
	assert_told("good", "");
	fake_wait(&net, 1);
	assert_told("silent again", "?pp");
	fake_wait(&net, 10 * SEC - 1);
	assert_told("still", "");
	fake_wait(&net, 1);
	assert_told("given up", "u--x");
	assert_int_equal(late[0], 2);
}

/* One that was not taken up as late may be a slow name when the path is good again. */
static void test_recovered_then_slow(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	late_refused = true;
	fake_wait(&net, 2 * SEC);
	assert_told("silent, and nobody else is there", "?pp");
	assert_false(flight(0)->late);
	late_refused = false;
	fake_answer_nth(fake, 1);
	assert_told("recovered", "!+");
	fake_wait(&net, LOOK);
	assert_told("two seconds old", "n");
}

/* One that was taken up is not asked for again. */
static void test_recovered_then_not_slow(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	fake_wait(&net, 2 * SEC);
	assert_told("silent", "?pp");
	fake_answer_nth(fake, 1);
	assert_told("recovered", "!+");
	fake_wait(&net, 900 * MS);
	assert_told("asked elsewhere already", "");
}

/* ------------------------------------------------------------------ given up for good */

static void assert_given_up(const char *row)
{
	expect_int(row, last_end.fault, FAULT_TIMEOUT);
	expect_int(row, last_end.stage, STAGE_DNS);
	expect(row, last_end.text[0]);
	expect(row, !ended_by_itself);
	expect(row, fake->closed && fake->freed);
	expect_int(row, net.turn.timers.count, 0);
}

static void test_nobody_is_there(void **state)
{
	(void)state;
	for (unsigned before = 0; before < 2; before++) {
		const char *row = before ? "answered before" : "answered nothing";

		start_again();
		if (before)
			hear("");
		ask_init(&asks[0], 0);
		make_suspect();
		fake_wait(&net, 10 * SEC - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "u-x");
		assert_given_up(row);
		expect_int(row, unanswered, 1);
		expect_int(row, asks[0].request.sends, !before);
	}
}

/* From when it became suspect, however that was. */
static void test_unacked_then_given_up(void **state)
{
	(void)state;
	get_stuck(0);
	fake_wait(&net, 300 * MS);
	assert_told("unacknowledged", "?p");
	fake_wait(&net, 10 * SEC - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("given up", "u-x");
	assert_given_up("unacknowledged");
}

/* All moved and were answered elsewhere: that nobody is there stays true. */
static void test_given_up_without_queries(void **state)
{
	(void)state;
	make_suspect();
	session_forget(flight(0));
	fake_wait(&net, 10 * SEC - 1);
	assert_told("nothing is out", "");
	assert_int_equal(session->state, SESSION_READY);
	fake_wait(&net, 1);
	assert_told("given up", "ux");
	assert_given_up("without queries");
	assert_int_equal(unanswered, 0);
}

static void test_late_answer_saves_it(void **state)
{
	(void)state;
	make_suspect();
	session_forget(flight(0));
	fake_wait(&net, 10 * SEC - 1);
	fake_answer_nth(fake, 0);
	assert_told("somebody is there", "!");
	fake_wait(&net, 60 * SEC);
	assert_told("idle", "");
	assert_int_equal(session->state, SESSION_READY);
	assert_true(session_has_room(session));
}

/* The answer comes in the turn in which it was given up, before that was done. */
static void test_saved_at_the_last_moment(void **state)
{
	(void)state;
	for (unsigned retiring = 0; retiring < 2; retiring++) {
		start_again();
		make_suspect();
		if (retiring)
			session_retire(session);
		told[0] = '\0';
		fake_wait(&net, 10 * SEC - 1);
		turn_end(&net.turn);
		net.clock_us++;
		turn_begin(&net.turn);
		assert_told("not in the timer", "");
		fake_answer_nth(fake, 0);
		assert_told("recovered", "!+");
		fake_wait(&net, 60 * SEC);
		assert_told("saved", retiring ? "x" : "");
		assert_int_equal(fake->closed, retiring);
		assert_true(!retiring || ended_by_itself);
	}
}

/* ------------------------------------------------------------------ retiring */

static void test_retiring_becomes_suspect(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	session_retire(session);
	assert_told("retired", "u");
	fake_wait(&net, SEC);
	assert_told("silent", "?pp");
	assert_int_equal(session->state, SESSION_RETIRING);
	fake_answer_nth(fake, 0);
	assert_told("recovered", "!+");
	assert_false(session_has_room(session));
	fake_wait(&net, SEC);
	assert_told("silent again", "?p");
	fake_wait(&net, 10 * SEC);
	assert_told("given up", "-x");
	assert_given_up("retiring");
}

static void test_suspect_retires(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	fake_wait(&net, SEC);
	session_retire(session);
	assert_told("suspect, then retired", "?ppu");
	assert_true(session->suspect);
	fake_answer_nth(fake, 0);
	assert_told("recovered", "!+");
	fake_answer_nth(fake, 1);
	fake_turn(&net);
	assert_told("the last", "+x");
	assert_true(ended_by_itself);
}

static void test_suspect_retires_idle(void **state)
{
	(void)state;
	make_suspect();
	session_forget(flight(0));
	session_retire(session);
	assert_told("retired", "u");
	fake_turn(&net);
	assert_told("nothing to wait for", "x");
	assert_true(ended_by_itself);
	assert_int_equal(net.turn.timers.count, 0);
}

static void test_suspect_is_lost(void **state)
{
	(void)state;
	make_suspect();
	fake_end(fake, FAULT_RESET, STAGE_DNS);
	assert_told("lost", "u-x");
	fake_turn(&net);
	assert_int_equal(net.turn.timers.count, 0);
	assert_true(fake->freed);
}

/* ------------------------------------------------------------------ two sessions */

/* Late on one path, asked for on another, answered there: what comes late is a sign of life. */
static void test_moved(void **state)
{
	(void)state;
	open_other();
	make_suspect();
	assert_false(other->suspect);
	send_other(0);
	fake_answer_nth(other_fake, 0);
	assert_told("elsewhere", "2+");
	session_forget(flight(0));
	assert_true(session->suspect);
	fake_answer_nth(fake, 0);
	assert_told("recovered", "!");
	assert_int_equal(answered[0], 1);
	assert_int_equal(net.stats.upstream_late, 1);
	assert_true(session_has_room(session));
}

/* Or the first path has it after all. */
static void test_moved_in_vain(void **state)
{
	(void)state;
	open_other();
	make_suspect();
	send_other(0);
	fake_answer_nth(fake, 0);
	assert_told("after all", "!+");
	session_forget(other_flight(0));
	fake_turn(&net);
	fake_answer_nth(other_fake, 0);
	assert_told("late", "");
	assert_int_equal(other->ids.abandoned, 0);
	assert_int_equal(net.stats.upstream_late, 1);
}

/* Each path is judged by itself. */
static void test_both_suspect(void **state)
{
	(void)state;
	open_other();
	make_suspect();
	send_other(0);
	fake_wait(&net, SEC);
	assert_told("the other, too", "2?2p");
	assert_int_equal(asks[0].request.sends, 2);
	fake_wait(&net, 9 * SEC);
	assert_told("the first is given up", "u-x");
	assert_true(is_out(other_flight(0)));
	fake_wait(&net, SEC);
	assert_told("the other", "2u2-2x");
	assert_int_equal(asks[0].request.sends, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		READY_TEST(test_suspect),
		READY_TEST(test_suspect_with_a_queue),
		READY_TEST(test_recovered),
		READY_TEST(test_suspect_again),
		READY_TEST(test_recovered_then_slow),
		READY_TEST(test_recovered_then_not_slow),
		READY_TEST(test_nobody_is_there),
		READY_TEST(test_unacked_then_given_up),
		READY_TEST(test_given_up_without_queries),
		READY_TEST(test_late_answer_saves_it),
		READY_TEST(test_saved_at_the_last_moment),
		READY_TEST(test_retiring_becomes_suspect),
		READY_TEST(test_suspect_retires),
		READY_TEST(test_suspect_retires_idle),
		READY_TEST(test_suspect_is_lost),
		READY_TEST(test_moved),
		READY_TEST(test_moved_in_vain),
		READY_TEST(test_both_suspect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
