/* A session with queries out: is its path good? */
#include "tests/unit/session_watch_case.h"

/* ------------------------------------------------------------------ unacknowledged */

static const struct {
	const char *name;
	uint64_t rtt_us, limit_us;
} round_trips[] = {
	{ "not known", 0, 250 * MS },
	{ "1 ms", MS, 250 * MS },
	{ "83 ms", 83 * MS, 250 * MS },
	{ "84 ms", 84 * MS, 252 * MS },
	{ "100 ms", 100 * MS, 300 * MS },
	{ "200 ms", 200 * MS, 600 * MS },
	{ "250 ms", 250 * MS, 750 * MS },
};

static void test_unacked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(round_trips); i++) {
		const char *row = round_trips[i].name;

		start_again();
		get_stuck(round_trips[i].rtt_us);
		fake_wait(&net, round_trips[i].limit_us);
		assert_told(row, "");
		fake_wait(&net, LOOK);
		assert_told(row, "?p");
	}
}

/* The limit itself is not too long; a microsecond more is. */
static void test_unacked_to_the_microsecond(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(round_trips); i++) {
		const char *row = round_trips[i / 2].name;

		start_again();
		send_one(0);
		fake->rtt_us = round_trips[i / 2].rtt_us;
		fake_wait(&net, 900 * MS - round_trips[i / 2].limit_us - i % 2);
		fake->stuck_since_us = net.clock_us;
		fake_wait(&net, round_trips[i / 2].limit_us + i % 2 - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, i % 2 ? "?p" : "");
	}
}

static void test_acknowledged_in_time(void **state)
{
	(void)state;
	get_stuck(0);
	for (unsigned i = 0; i < 3; i++) { /* some are, and others stand */
		fake_wait(&net, 249 * MS);
		fake->stuck_since_us = net.clock_us;
	}
	fake->stuck_since_us = 0;
	fake_wait(&net, 252 * MS);
	assert_told("until the answer is late", "");
	fake_wait(&net, MS);
	assert_told("a second of silence", "?p");
}

/* Answers to others do not make octets acknowledged. */
static void test_unacked_though_answered(void **state)
{
	(void)state;
	get_stuck(0);
	fake_wait(&net, 200 * MS);
	send_one(1);
	fake_answer_nth(fake, 1);
	assert_told("answered", "+");
	fake_wait(&net, 100 * MS);
	assert_told("unacknowledged", "?p");
}

/* Of a session without queries out nothing is asked. */
static void test_unacked_without_queries(void **state)
{
	(void)state;
	fake->stuck_since_us = net.clock_us;
	fake_wait(&net, 60 * SEC);
	assert_told("nothing is out", "");
	session_forget(send_one(0));
	fake_wait(&net, 60 * SEC);
	assert_told("it was given up", "");
	send_one(1);
	fake_wait(&net, LOOK - 1);
	assert_told("not looked at", "");
	fake_wait(&net, 1);
	assert_told("unacknowledged for long", "?p");
}

/* The kernel is asked of a path only where a query has waited for a while. */
static void test_looks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		send_one(0);
		fake_wait(&net, 33 * MS);
		fake_answer_nth(fake, -1);
	}
	assert_int_equal(fake->looks, 0);
	send_one(0);
	fake_wait(&net, LOOK - 1);
	assert_int_equal(fake->looks, 0);
	fake_wait(&net, 801 * MS);
	assert_int_equal(fake->looks, 9);
}

/* And then at once, whatever was looked at before. */
static void test_looked_at_in_time(void **state)
{
	(void)state;
	fake->stuck_since_us = net.clock_us;
	fake_wait(&net, SEC);
	session_forget(send_one(0));
	fake_wait(&net, 90 * MS);
	send_one(1);
	fake_wait(&net, LOOK - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("unacknowledged for long", "?p");
}

static void test_acknowledgement_does_not_recover(void **state)
{
	(void)state;
	get_stuck(0);
	fake_wait(&net, 300 * MS);
	assert_told("unacknowledged", "?p");
	fake->stuck_since_us = 0;
	fake_wait(&net, 5 * SEC);
	assert_told("an answer would", "");
	assert_true(session->suspect);
}

/* ------------------------------------------------------------------ silence */

static const struct {
	const char *name;
	uint64_t handshake_us, idle_us;
	bool answered_before, partial;
} silences[] = {
	{ "new", 0, 0, false, false },
	{ "long way", 400 * MS, 0, false, false },
	{ "idle for long", 0, 3 * SEC, false, false },
	{ "answered before", 0, 0, true, false },
	{ "answered before, idle for long", 0, 3 * SEC, true, false },
	{ "octets come, but no whole message", 0, 0, false, true },
	{ "the same, answered before", 400 * MS, 3 * SEC, true, true },
};

/* Ready after that time, with nothing told. */
static void start_slowly(uint64_t handshake_us)
{
	start_again();
	session_abort(session);
	fake_turn(&net);
	open_session();
	fake_wait(&net, handshake_us);
	fake_ready(fake);
	told[0] = '\0';
}

static void test_silent(void **state)
{
	static const uint8_t partial[] = { 0xff, 0xff };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(silences); i++) {
		const char *row = silences[i].name;

		start_slowly(silences[i].handshake_us);
		if (silences[i].answered_before)
			hear("");
		fake_wait(&net, silences[i].idle_us);
		ask_init(&asks[0], 0);
		send_one(0);
		fake->partial = partial;
		fake->partial_len = silences[i].partial ? sizeof partial : 0;
		fake_wait(&net, SEC - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "?p");
	}
}

/* However often a query was sent. */
static void test_silent_on_the_last_send(void **state)
{
	(void)state;
	asks[0].request.sends = REQUEST_SENDS_MAX - 1;
	make_suspect();
	assert_int_equal(asks[0].request.sends, REQUEST_SENDS_MAX);
}

/* Queries that come steadily do not hide that none is answered. */
static void test_silent_under_load(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		send_one(i);
		fake_wait(&net, 50 * MS - (i == 19));
	}
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("silent", "?pppppppppppppppppppp");
}

static void test_life_ends_the_silence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lives); i++) {
		const char *row = lives[i].name;

		start_again();
		send_one(0);
		send_one(1);
		if (lives[i].life == LATE_ANSWER)
			session_forget(flight(1));
		fake_wait(&net, 900 * MS);
		show_life(lives[i].life, 1);
		assert_told(row, lives[i].told);
		fake_wait(&net, 600 * MS - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "s");
		fake_wait(&net, 400 * MS - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "?p");
	}
}

/* What is no answer to a query of ours is no progress. */
static void test_noise_is_silence(void **state)
{
	uint8_t wrong[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	hear("");
	send_one(1);
	len = fake_answer(fake_sent(fake, 1), FAKE_NO_OPT, wrong);
	wrong[DNS_HEADER_LEN + 1] ^= 1;
	for (unsigned i = 0; i < 10; i++) {
		assert_told("not yet", "");
		fake_deliver(fake, wrong, len); /* another question */
		fake_deliver(
			fake, fake_sent(fake, 1)->bytes, fake_sent(fake, 1)->len); /* no answer */
		fake_answer_nth(fake, 0);					   /* once more */
		fake_wait(&net, 100 * MS);
	}
	assert_told("noise", "?p");
	fake_deliver(fake, wrong, len);
	fake_answer_nth(fake, 0);
	assert_told("still noise", "");
	assert_true(session->suspect);
}

/* Nothing out: nothing to watch, and no timer but that of its life. */
static void test_idle_is_not_silence(void **state)
{
	(void)state;
	hear("");
	fake_wait(&net, 5 * SEC);
	assert_int_equal(net.turn.timers.count, 1);
	fake->room = 0;
	submit(0);
	fake_wait(&net, 60 * SEC);
	assert_told("what was not sent can't be answered", "");
	assert_int_equal(net.turn.timers.count, 1);
}

/* ------------------------------------------------------------------ given up meanwhile */

/* Sent, waited for, given up; then nothing is out for ten seconds. */
static void wait_in_vain(unsigned i, uint64_t us)
{
	send_one(i);
	fake_wait(&net, us);
	session_forget(flight(i));
	fake_wait(&net, 10 * SEC);
	assert_told("nothing is out", "");
}

static void test_given_up_counts(void **state)
{
	(void)state;
	wait_in_vain(0, 500 * MS);
	wait_in_vain(1, 300 * MS);
	send_one(2);
	fake_wait(&net, 200 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("a second in all", "?p");
}

/* Far more than a second was waited: the next one finds out at the first look. */
static void test_given_up_again_and_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		session_forget(send_one(i)); /* at once: not waited for */
		wait_in_vain(i, LOOK - 1);
	}
	send_one(0);
	fake_wait(&net, LOOK - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("silent", "?p");
}

static void test_given_up_then_life(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lives); i++) {
		const char *row = lives[i].name;

		start_again();
		wait_in_vain(0, 900 * MS);
		send_one(1);
		show_life(lives[i].life, lives[i].life == LATE_ANSWER ? 0 : 1);
		if (lives[i].life == LATE_ANSWER)
			session_forget(flight(1));
		assert_told(row, lives[i].told);
		fake_wait(&net, 10 * SEC);
		send_one(2);
		fake_wait(&net, SEC - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "?p");
	}
}

/* While another is out, the time runs once. */
static void test_given_up_beside_another(void **state)
{
	(void)state;
	send_one(0);
	fake_wait(&net, 500 * MS);
	send_one(1);
	fake_wait(&net, 200 * MS);
	session_forget(flight(0));
	fake_wait(&net, 300 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("a second since the first", "?p");
}

/* One that was not sent has not been waited for. */
static void test_given_up_in_the_queue(void **state)
{
	(void)state;
	fake->room = 0;
	submit(0);
	fake_wait(&net, 5 * SEC);
	session_forget(flight(0));
	fake_room(fake, 10);
	send_one(1);
	fake_wait(&net, SEC - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("silent", "?p");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		READY_TEST(test_unacked),
		READY_TEST(test_unacked_to_the_microsecond),
		READY_TEST(test_acknowledged_in_time),
		READY_TEST(test_unacked_though_answered),
		READY_TEST(test_unacked_without_queries),
		READY_TEST(test_looks),
		READY_TEST(test_looked_at_in_time),
		READY_TEST(test_acknowledgement_does_not_recover),
		READY_TEST(test_silent),
		READY_TEST(test_silent_on_the_last_send),
		READY_TEST(test_silent_under_load),
		READY_TEST(test_life_ends_the_silence),
		READY_TEST(test_noise_is_silence),
		READY_TEST(test_idle_is_not_silence),
		READY_TEST(test_given_up_counts),
		READY_TEST(test_given_up_again_and_again),
		READY_TEST(test_given_up_then_life),
		READY_TEST(test_given_up_beside_another),
		READY_TEST(test_given_up_in_the_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
