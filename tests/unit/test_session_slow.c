/* A session that answers, but for some names. */
#include "tests/unit/session_watch_case.h"

/* ------------------------------------------------------------------ slow names */

/* Others are asked and answered every so often. */
static void answer_others(uint64_t us)
{
	const uint64_t until = net.clock_us + us;

	while (net.clock_us < until) {
		ask_init(&asks[1], 1);
		send_one(1);
		fake_answer_nth(fake, -1);
		assert_true(told[strlen(told) - 1] == '+');
		told[strlen(told) - 1] = '\0';
		fake_wait(&net, until - net.clock_us < 50 * MS ? until - net.clock_us : 50 * MS);
	}
}

static void test_slow_name(void **state)
{
	(void)state;
	send_one(0);
	answer_others(1500 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("slow", "n");
	assert_true(flight(0)->late);
	assert_true(session_has_room(session));
	answer_others(60 * SEC);
	assert_told("once", "");
	fake_answer_nth(fake, 0);
	assert_told("answered after all", "+");
	assert_int_equal(late[0], 1);
}

/* Nobody can be asked now: perhaps at the next look. */
static void test_slow_name_is_asked_for_again(void **state)
{
	(void)state;
	send_one(0);
	late_refused = true;
	answer_others(1500 * MS);
	assert_told("slow", "n");
	for (unsigned i = 0; i < 5; i++) {
		answer_others(LOOK);
		assert_told("again", "n");
		assert_false(flight(0)->late);
	}
	late_refused = false;
	answer_others(LOOK);
	assert_told("taken up", "n");
	answer_others(10 * SEC);
	assert_told("once", "");
	assert_int_equal(late[0], 7);
}

/* Without answers to others it is the path. */
static void test_slow_name_alone(void **state)
{
	(void)state;
	hear("");
	send_one(1);
	fake_wait(&net, SEC);
	assert_told("silent", "?p");
	fake_wait(&net, 9 * SEC);
	assert_told("no name is slow", "");
}

/* Each by its own age, the oldest first. */
static void test_slow_names(void **state)
{
	(void)state;
	send_one(2);
	send_one(3);
	answer_others(250 * MS);
	send_one(4);
	answer_others(1250 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("two", "nn");
	assert_int_equal(late[2] + late[3], 2);
	answer_others(250 * MS - 1);
	assert_told("not yet", "");
	answer_others(LOOK);
	assert_told("the third", "n");
	assert_int_equal(late[4], 1);
}

/* A name that was given up, or answered in time, is not slow. */
static void test_slow_name_in_time(void **state)
{
	(void)state;
	send_one(2);
	send_one(3);
	answer_others(1500 * MS - 1);
	session_forget(flight(2));
	fake_answer_nth(fake, 1);
	assert_told("in time", "+");
	answer_others(SEC);
	assert_told("nothing", "");
}

static void test_slow_name_while_retiring(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		send_one(i);
	session_retire(session);
	assert_told("retired", "u");
	for (unsigned i = 1; i < 3; i++) {
		fake_wait(&net, 700 * MS);
		fake_answer_nth(fake, i);
		assert_told("another", "+");
	}
	fake_wait(&net, LOOK);
	assert_told("both that are left", "nn");
	fake_answer_nth(fake, 0);
	fake_answer_nth(fake, 3);
	fake_turn(&net);
	assert_told("the last", "++x");
}

/* Sent into a silence that is over: the path has swallowed it, however many there are. */
static void test_swallowed(void **state)
{
	(void)state;
	send_one(2);
	fake_wait(&net, 400 * MS);
	send_one(3);
	fake_wait(&net, 500 * MS);
	answer_others(600 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("1.5 s after the first", "s");
	answer_others(400 * MS);
	fake_wait(&net, LOOK);
	assert_told("1.5 s after the second", "s");
	assert_int_equal(late[2] + late[3], 2);
	answer_others(10 * SEC);
	assert_told("once", "");
}

/* A silence that is none yet, one that ended before it was sent. */
static void test_not_swallowed(void **state)
{
	(void)state;
	answer_others(100 * MS);
	send_one(2);
	fake_wait(&net, 500 * MS - 1);
	answer_others(1001 * MS);
	fake_wait(&net, LOOK);
	assert_told("half a second, nearly", "n");
	start_again();
	send_one(2);
	fake_wait(&net, 600 * MS);
	fake_answer_nth(fake, 0);
	assert_told("after a silence", "+");
	send_one(3);
	answer_others(1500 * MS);
	fake_wait(&net, LOOK);
	assert_told("sent afterwards", "n");
}

/* Of a session that has answered nothing yet a tenth of a second is enough: it may stand for a suspect one. */
static void test_swallowed_from_the_beginning(void **state)
{
	(void)state;
	send_one(2);
	fake_wait(&net, 100 * MS);
	answer_others(1400 * MS);
	fake_wait(&net, LOOK);
	assert_told("after 100 ms", "s");
	start_again();
	send_one(2);
	fake_wait(&net, 100 * MS - 1);
	answer_others(1401 * MS);
	fake_wait(&net, LOOK);
	assert_told("before", "n");
}

/* What is answered behind the silence was only late. */
static void test_not_swallowed_but_late(void **state)
{
	(void)state;
	send_one(2);
	send_one(3);
	fake_wait(&net, 990 * MS);
	answer_others(400 * MS);
	fake_answer_nth(fake, 1);
	fake_answer_nth(fake, 0);
	assert_told("both", "++");
	answer_others(3 * SEC);
	assert_told("nothing", "");
}

/* Where the silence has ended just now, others may be on their way: until then it is a slow name. */
static void test_swallowed_perhaps(void **state)
{
	(void)state;
	send_one(2);
	answer_others(700 * MS);
	late_refused = true;
	fake_wait(&net, 700 * MS);
	answer_others(500 * MS - 1);
	assert_told("they may come", "nnnn");
	late_refused = false;
	answer_others(LOOK);
	assert_told("they do not", "s");
}

/* Slow, and then the path is in doubt: it is late for that, too. */
static void test_slow_name_then_suspect(void **state)
{
	(void)state;
	send_one(0);
	answer_others(1500 * MS);
	assert_told("slow", "n");
	fake_wait(&net, SEC - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("silent", "?p");
	assert_int_equal(late[0], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		READY_TEST(test_slow_name),
		READY_TEST(test_slow_name_is_asked_for_again),
		READY_TEST(test_slow_name_alone),
		READY_TEST(test_slow_names),
		READY_TEST(test_slow_name_in_time),
		READY_TEST(test_slow_name_while_retiring),
		READY_TEST(test_swallowed),
		READY_TEST(test_not_swallowed),
		READY_TEST(test_swallowed_from_the_beginning),
		READY_TEST(test_not_swallowed_but_late),
		READY_TEST(test_swallowed_perhaps),
		READY_TEST(test_slow_name_then_suspect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
