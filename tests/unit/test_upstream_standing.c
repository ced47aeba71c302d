/* An upstream as it stands: addresses, response times, the end. */
#include "tests/unit/upstream_stage.h"

/* ------------------------------------------------------------------ addresses that come later */

static void test_addresses_are_asked_for(void **state)
{
	uint64_t until;

	(void)state;
	restart(NULL);
	pass(60 * SEC);
	assert_int_equal(address_wishes, 0); /* nobody asks */
	want();
	assert_int_equal(address_wishes, 1);
	assert_int_equal(net.opened, 0);
	assert_false(upstream_is_awaited(&up, &until));
	assert_standing(UPSTREAM_UNKNOWN, LABEL);
	upstream_set_unknown(&up, "the test does not say");
	assert_standing(UPSTREAM_DOWN, LABEL ": the test does not say");
	want();
	pass(SEC - 1);
	want();
	assert_int_equal(address_wishes, 1);
	pass(1);
	want();
	assert_int_equal(address_wishes, 2);
	set_addresses("6.1 4.1");
	assert_standing(UPSTREAM_STARTING, LABEL);
	check_race();
	assert_int_equal(net.opened, 1);
	assert_to(fake_at(&net, 0), "6.1");
}

/* At most once a second, whatever else happens; and when nothing is opened, not at all. */
static void test_addresses_are_asked_for_rarely(void **state)
{
	(void)state;
	restart(NULL);
	for (unsigned i = 0; i < 999; i++) {
		want();
		upstream_ensure(&up, false);
		pass(10 * MS);
	}
	assert_int_equal(address_wishes, 10);
	set_addresses("4.1");
	fake_ready(fake_at(&net, -1));
	wanted = 0;
	pass(10 * SEC);
	upstream_ensure(&up, false);
	assert_int_equal(address_wishes, 10);
	/* They may have moved: asked for before it connects again. */
	lose(FAULT_CLOSED, STAGE_DNS);
	want();
	assert_int_equal(address_wishes, 11);
	assert_int_equal(net.opened, 2); /* to what is known, meanwhile */
}

static void test_addresses_that_nobody_waits_for(void **state)
{
	(void)state;
	restart(NULL);
	want();
	wanted = 0; /* given up */
	set_addresses("4.1 6.1");
	pass(60 * SEC);
	assert_int_equal(net.opened, 0);
	want();
	assert_int_equal(net.opened, 1);
}

/* The old address stands; the new one is tried beside it; either may win. */
static void test_addresses_while_connecting(void **state)
{
	(void)state;
	for (long winner = 0; winner < 2; winner++) {
		restart("4.1");
		want();
		pass(100 * MS);
		set_addresses("4.2");
		pass(SEC);
		assert_int_equal(net.opened, 2);
		assert_to(fake_at(&net, 1), "4.2");
		fake_ready(fake_at(&net, winner));
		fake_turn(&net);
		check();
		assert_int_equal(upstream_ready(&up), 1);
		assert_int_equal(up.connecting, 0);
		assert_true(fake_at(&net, !winner)->freed);
		assert_int_equal(up.race.winner, winner == 1 ? 0 : RACE_NONE);
		wanted = 0;
		ask_and_answer(fake_at(&net, winner));
	}
}

/* A session to an address that is given up lives on; the next one goes to the new. */
static void test_addresses_with_sessions(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask_and_answer(f);
	set_addresses("4.2");
	pass(SEC);
	assert_int_equal(net.opened, 1);
	ask_and_answer(f);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(net.opened, 2);
	assert_to(fake_at(&net, 1), "4.2");
	check_race();
}

/* None at all any more: nothing is opened until there are. */
static void test_addresses_taken_away(void **state)
{
	(void)state;
	restart(NULL);
	set_addresses("4.1");
	want();
	set_addresses("");
	lose(FAULT_RESET, STAGE_TCP);
	pass(30 * SEC);
	assert_int_equal(net.opened, 1);
	set_addresses("4.2");
	assert_int_equal(net.opened, 2);
	assert_to(fake_at(&net, 1), "4.2");
}

/* ------------------------------------------------------------------ how it stands */

static void test_last_loss(void **state)
{
	(void)state;
	assert_string_equal(upstream_last_loss(&up), "no connection");
	want();
	lose(FAULT_RESET, STAGE_TCP);
	assert_string_equal(upstream_last_loss(&up), "the test says so");
}

static void test_standing(void **state)
{
	(void)state;
	assert_standing(UPSTREAM_STARTING, LABEL);
	want();
	assert_standing(UPSTREAM_STARTING, LABEL);
	fake_establish(fake_at(&net, 0));
	lose(FAULT_PROTOCOL, STAGE_AUTH);
	assert_standing(UPSTREAM_DOWN, LABEL ": authentication: the test says so");
	time_to_open(SEC);
	assert_standing(UPSTREAM_DOWN, LABEL ": authentication: the test says so");
	fake_ready(fake_at(&net, 1));
	assert_standing(UPSTREAM_UP, LABEL);
	ask_and_answer(fake_at(&net, 1));
	wanted = 0;
	pass(60 * SEC);
	lose(FAULT_CLOSED, STAGE_DNS); /* a limit is no failure */
	assert_standing(UPSTREAM_LOST, LABEL);
	want();
	fake_ready(fake_at(&net, -1));
	ask(0);
	lose(FAULT_RESET, STAGE_DNS);
	assert_standing(UPSTREAM_DOWN, LABEL ": DNS: the test says so");
}

static void test_standing_local(void **state)
{
	(void)state;
	net.refuse = true;
	want();
	assert_standing(UPSTREAM_DOWN, LABEL ": route: no route");
}

static void test_standing_timeout(void **state)
{
	(void)state;
	want();
	wanted = 0;
	pass(5 * SEC);
	assert_standing(UPSTREAM_DOWN, LABEL ": TCP: no answer within 5 s");
}

/* Which of several addresses it was that failed last. */
static void test_standing_of_several(void **state)
{
	(void)state;
	restart("4.1 4.2");
	want();
	lose(FAULT_RESET, STAGE_TCP);
	assert_standing(UPSTREAM_STARTING, LABEL);
	lose(FAULT_PROTOCOL, STAGE_TLS);
	assert_standing(UPSTREAM_DOWN, LABEL " (192.0.2.2:853): TLS: the test says so");
}

/* Queries wait 250 ms for one that is missed, and for those that are only full. */
static void test_awaited(void **state)
{
	uint64_t until;

	(void)state;
	want();
	pass(7 * SEC / 100);
	assert_true(upstream_is_awaited(&up, &until)); /* the first to ask */
	assert_int_equal(until, net.clock_us + UPSTREAM_PATIENCE_US);
	pass(UPSTREAM_PATIENCE_US - 1);
	assert_true(upstream_is_awaited(&up, &until));
	assert_int_equal(until, net.clock_us + 1);
	pass(1);
	assert_false(upstream_is_awaited(&up, &until));
	fake_ready(fake_at(&net, 0));
	assert_true(upstream_is_awaited(&up, &until));
	assert_int_equal(until, 0);
	up.session.max_inflight = 1;
	wanted = 0;
	ask(0);
	assert_null(upstream_session(&up, &asks[1].request));
	assert_true(upstream_is_awaited(&up, &until));
	assert_int_equal(until, 0);
	/* Missed again: a time of its own. */
	answer(fake_at(&net, 0), 0);
	pass(100 * SEC);
	lose(FAULT_CLOSED, STAGE_DNS);
	assert_true(upstream_is_awaited(&up, &until));
	assert_int_equal(until, net.clock_us + UPSTREAM_PATIENCE_US);
}

/* Not one that is known to be down. */
static void test_down_is_not_awaited(void **state)
{
	uint64_t until;

	(void)state;
	want();
	assert_true(upstream_is_awaited(&up, &until));
	lose(FAULT_RESET, STAGE_TCP);
	assert_false(upstream_is_awaited(&up, &until));
	time_to_open(SEC);
	assert_false(upstream_is_awaited(&up, &until));
	fake_ready(fake_at(&net, 1));
	assert_true(upstream_is_awaited(&up, &until));
	wanted = 0;
	lose(FAULT_CLOSED, STAGE_DNS); /* no answer came: the outage has not ended */
	assert_false(upstream_is_awaited(&up, &until));
}

/* ------------------------------------------------------------------ response times */

static void answer_after(struct fake *f, uint64_t us)
{
	ask_on(session_on(f), 0);
	pass(us);
	answer(f, -1);
	assert_int_equal(up.sampled_us, net.clock_us);
}

static void test_smoothed_response_time(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	assert_int_equal(up.srtt_us, 0);
	answer_after(f, 40 * MS);
	assert_int_equal(up.srtt_us, 40 * MS);
	answer_after(f, 80 * MS);
	assert_int_equal(up.srtt_us, 45 * MS);
	for (unsigned i = 0; i < 60; i++)
		answer_after(f, 20 * MS);
	assert_in_range(up.srtt_us, 20 * MS, 21 * MS);
	/* A slow name says little of the server. */
	up.srtt_us = 20 * MS;
	answer_after(f, 900 * MS);
	assert_int_equal(up.srtt_us, (7 * 20 * MS + 80 * MS) / 8);
	/* But one that has become slow is known for it soon. */
	for (unsigned i = 0; i < 60; i++)
		answer_after(f, 400 * MS);
	assert_in_range(up.srtt_us, 380 * MS, 400 * MS);
}

/* ------------------------------------------------------------------ the end, in every state */

static void reach_nothing(void)
{
}

static void reach_looking_up(void)
{
	restart(NULL);
	want();
}

static void reach_connecting(void)
{
	want();
	pass(100 * MS);
	fake_establish(fake_at(&net, 0));
}

static void reach_race(void)
{
	restart("6.1 4.1 6.2");
	want();
	pass(2 * SEC);
	fake_establish(fake_at(&net, 1));
}

static void reach_backoff(void)
{
	want();
	lose(FAULT_RESET, STAGE_TCP);
	assert_true(timer_running(&up.retry));
}

static void reach_ready(void)
{
	ask_and_answer(connect_up());
	ask(0);
}

/* Taken, but not yet sent. */
static void reach_queued(void)
{
	struct flight *f = &asks[0].request.flights[0];

	connect_up();
	*f = (struct flight){ .request = &asks[0].request };
	upstream_submit(&up, upstream_session(&up, &asks[0].request), f);
}

static void reach_suspect(void)
{
	connect_up();
	ask(0);
	pass(2 * SEC);
	assert_int_equal(net.stats.sessions_suspect, 1);
}

static void reach_retiring(void)
{
	struct fake *f = connect_up();

	ask_and_answer(f);
	ask(0);
	session_retire(session_on(f));
}

/* Its goodbye is due in this turn. */
static void reach_goodbye(void)
{
	session_retire(session_on(connect_up()));
}

static void reach_tester(void)
{
	restart("6.1 4.1");
	want();
	pass(250 * MS);
	fake_ready(fake_at(&net, 1));
	wanted = 0;
	pass(10 * SEC);
	ask(0);
	assert_non_null(up.tester);
}

static const struct {
	const char *name;
	void (*reach)(void);
	unsigned returns;
} states[] = {
	{ "nothing", reach_nothing, 0 },
	{ "looking up", reach_looking_up, 0 },
	{ "connecting", reach_connecting, 0 },
	{ "race", reach_race, 0 },
	{ "backoff", reach_backoff, 0 },
	{ "ready", reach_ready, 1 },
	{ "queued", reach_queued, 1 },
	{ "suspect", reach_suspect, 1 },
	{ "retiring", reach_retiring, 1 },
	{ "goodbye", reach_goodbye, 0 },
	{ "tester", reach_tester, 1 },
};

static void test_deinit_in_every_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		const char *row = states[i].name;
		size_t opened;
		unsigned before;

		restart("4.1");
		states[i].reach();
		before = returns;
		opened = net.opened;
		wanted = 3;
		upstream_deinit(&up);
		expect_int(row, returns - before, states[i].returns);
		expect_int(row, fake_open_count(&net), 0);
		expect_int(row, net.turn.timers.count, 0);
		expect_int(row, session_count(), 0);
		set_addresses("4.3");
		upstream_ensure(&up, true);
		fake_wait(&net, 60 * SEC);
		expect_int(row, net.opened, opened);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_addresses_are_asked_for),
		TEST(test_addresses_are_asked_for_rarely),
		TEST(test_addresses_that_nobody_waits_for),
		TEST(test_addresses_while_connecting),
		TEST(test_addresses_with_sessions),
		TEST(test_addresses_taken_away),
		TEST(test_last_loss),
		TEST(test_standing),
		TEST(test_standing_local),
		TEST(test_standing_timeout),
		TEST(test_standing_of_several),
		TEST(test_awaited),
		TEST(test_down_is_not_awaited),
		TEST(test_smoothed_response_time),
		TEST(test_deinit_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
