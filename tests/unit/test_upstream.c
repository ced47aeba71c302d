#include "tests/unit/upstream_stage.h"

/* ------------------------------------------------------------------ without queries: nothing */

static void test_nothing_by_itself(void **state)
{
	(void)state;
	pass(3600 * SEC);
	assert_int_equal(net.opened, 0);
	assert_int_equal(net.turn.timers.count, 0);
	assert_null(upstream_session(&up, &asks[0].request));
}

static void test_opens_when_wanted(void **state)
{
	(void)state;
	want();
	assert_int_equal(net.opened, 1);
	assert_int_equal(net.stats.connects, 1);
	want();
	assert_int_equal(net.opened, 1);
	assert_int_equal(up.connecting, 1);
	assert_null(upstream_session(&up, &asks[0].request));
	fake_ready(fake_at(&net, 0));
	assert_int_equal(rooms, 1);
	assert_int_equal(upstream_ready(&up), 1);
	assert_int_equal(up.connecting, 0);
	assert_non_null(upstream_session(&up, &asks[0].request));
	pass(60 * SEC);
	assert_int_equal(net.opened, 1);
	assert_int_equal(losts, 0);
}

/* For one that others stand in for: tried once, not joined, not repeated. */
static void test_opens_at_leisure(void **state)
{
	(void)state;
	upstream_ensure(&up, false);
	assert_int_equal(net.opened, 1);
	upstream_ensure(&up, false);
	pass(4 * SEC);
	assert_int_equal(net.opened, 1);
	pass(3600 * SEC);
	assert_int_equal(net.opened, 1);
	assert_int_equal(net.turn.timers.count, 0);
}

/* Ahead of the first query: joined while it hangs, looked up if need be, made once. */
static void test_warm(void **state)
{
	(void)state;
	upstream_warm(&up);
	assert_int_equal(net.opened, 1);
	pass(SEC);
	assert_int_equal(net.opened, 2);
	fake_ready(fake_at(&net, 1));
	fake_turn(&net);
	assert_int_equal(upstream_ready(&up), 1);
	pass(20 * SEC);
	lose(FAULT_CLOSED, STAGE_DNS);
	pass(60 * SEC);
	assert_int_equal(net.opened, 2);
	restart(NULL);
	upstream_warm(&up);
	assert_int_equal(address_wishes, 1);
	set_addresses("4.1");
	assert_int_equal(net.opened, 1);
}

/* A session that nobody uses is not replaced, and has nothing sent on it. */
static void test_unused_session_is_let_go(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	pass(20 * SEC);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
	pass(3600 * SEC);
	assert_int_equal(net.opened, 1);
	assert_int_equal(f->sent_count, 0);
}

/* An hour old, and nobody has asked lately: its end opens no other. */
static void test_end_of_life_opens_nothing(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask_and_answer(f);
	pass(2 * 3600 * SEC);
	assert_true(f->closed);
	assert_int_equal(net.opened, 1);
	assert_int_equal(f->sent_count, 1);
}

static void test_end_of_life_while_active(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	pass(3600 * SEC - 10 * SEC);
	ask_and_answer(f);
	pass(10 * SEC);
	assert_true(f->closed);
	assert_int_equal(net.opened, 2);
}

/* ------------------------------------------------------------------ ahead */

static const struct {
	const char *name;
	bool answered;
	uint64_t silence_us; /* since the last query */
	unsigned opened;
} ahead_rows[] = {
	{ "answered, active", true, 29 * SEC, 2 },
	{ "answered, just not active", true, 30 * SEC, 1 },
	{ "answered, long ago", true, 300 * SEC, 1 },
	{ "asked only, active", false, 0, 1 },
};

static void test_reopens_ahead_while_active(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ahead_rows); i++) {
		struct fake *f;

		restart("4.1");
		f = connect_up();
		if (ahead_rows[i].answered)
			ask_and_answer(f);
		else
			ask(0);
		pass(ahead_rows[i].silence_us);
		lose_this(f, FAULT_CLOSED, STAGE_DNS);
		expect_int(ahead_rows[i].name, net.opened, ahead_rows[i].opened);
		pass(60 * SEC);
	}
}

/* However it ended. */
static void test_reopens_ahead_whatever_the_end(void **state)
{
	static const enum transport_fault faults[] = { FAULT_CLOSED, FAULT_RESET, FAULT_TIMEOUT,
		FAULT_PROTOCOL, FAULT_LOCAL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		restart("4.1");
		ask_and_answer(connect_up());
		lose(faults[i], STAGE_DNS);
		assert_int_equal(net.opened, 2);
	}
}

/* Each session opened ahead must be of use, or have lived for a while, or it is the last. */
static const struct {
	const char *name;
	uint64_t lived_us;
	unsigned opened, fruitless;
} unused_rows[] = {
	{ "at once: no idle limit", 0, 2, 1 },
	{ "after a second", SEC, 2, 0 },
	{ "just too soon", 5 * SEC - 1, 2, 0 },
	{ "lived long enough", 5 * SEC, 3, 0 },
	{ "not active any more", 30 * SEC, 2, 0 },
};

static void test_unused_session_opened_ahead(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(unused_rows); i++) {
		restart("4.1");
		ask_and_answer(connect_up());
		lose(FAULT_CLOSED, STAGE_DNS);
		assert_int_equal(net.opened, 2);
		fake_ready(fake_at(&net, -1));
		pass(unused_rows[i].lived_us);
		lose(FAULT_CLOSED, STAGE_DNS);
		expect_int(unused_rows[i].name, net.opened, unused_rows[i].opened);
		expect_int(unused_rows[i].name, up.fruitless_next, unused_rows[i].fruitless);
	}
}

/*
 * An attempt made ahead fails: tried again at leisure while active, and for the next query, which
 * does not wait for that.
 */
static void test_ahead_is_tried_at_leisure(void **state)
{
	size_t opened;

	(void)state;
	ask_and_answer(connect_up());
	lose(FAULT_RESET, STAGE_DNS);
	assert_int_equal(net.opened, 2);
	lose(FAULT_RESET, STAGE_TCP);
	pass(700 * MS);
	assert_int_equal(net.opened, 2);
	want();
	assert_int_equal(net.opened, 3);
	wanted = 0;
	lose(FAULT_RESET, STAGE_TCP);
	pass(1500 * MS);
	assert_int_equal(net.opened, 3);
	pass(950 * MS);
	assert_int_equal(net.opened, 4);
	lose(FAULT_RESET, STAGE_TCP);
	pass(UPSTREAM_ACTIVE_US);
	opened = net.opened;
	assert_true(opened >= 5);
	pass(UPSTREAM_ACTIVE_US);
	assert_int_equal(net.opened, opened);
}

/* A black hole, while active: joined, too, so that it is over when it is over. */
static void test_ahead_is_joined_while_active(void **state)
{
	(void)state;
	ask_and_answer(connect_up());
	pass(28 * SEC);
	lose(FAULT_RESET, STAGE_DNS);
	pass(SEC);
	assert_int_equal(net.opened, 3);
	pass(60 * SEC);
	assert_int_equal(net.opened, 3);
	assert_int_equal(net.turn.timers.count, 0);
}

/* While one says goodbye with an answer outstanding, another takes its place. */
static void test_retiring_session_is_replaced(void **state)
{
	struct fake *f;

	(void)state;
	up.connections = 1;
	f = connect_up();
	ask_and_answer(f);
	ask(1);
	session_retire(session_on(f));
	assert_null(upstream_session(&up, &asks[2].request));
	fake_turn(&net);
	check();
	assert_int_equal(net.opened, 2);
	fake_ready(fake_at(&net, 1));
	check();
	ask(2);
	assert_int_equal(fake_at(&net, 1)->sent_count, 1);
	answer(f, 1);
	assert_true(f->freed);
	assert_int_equal(answers, 2);
}

/* One that retires with a query that nobody answers must not keep those that wait. */
static void test_retiring_session_blocks_nobody(void **state)
{
	(void)state;
	up.connections = 1;
	connect_up();
	ask(1);
	session_retire(upstream_session(&up, &asks[0].request));
	fake_turn(&net);
	assert_int_equal(net.opened, 1);
	want();
	assert_int_equal(net.opened, 2);
	check();
}

/* ------------------------------------------------------------------ side by side */

static void test_connections_limit(void **state)
{
	(void)state;
	up.connections = 3;
	up.session.max_inflight = 1;
	for (unsigned i = 0; i < 3; i++) {
		connect_up();
		assert_int_equal(upstream_ready(&up), i + 1);
		ask(i);
		assert_null(upstream_session(&up, &asks[9].request));
	}
	want();
	assert_int_equal(net.opened, 3);
	pass(900 * MS);
	assert_int_equal(net.opened, 3);
	fake_answer_nth(fake_at(&net, 1), 0);
	fake_turn(&net);
	ask(5);
	assert_int_equal(fake_at(&net, 1)->sent_count, 2);
	check();
}

static void test_second_only_when_wanted(void **state)
{
	(void)state;
	connect_up();
	upstream_ensure(&up, false);
	assert_int_equal(net.opened, 1);
	want();
	assert_int_equal(net.opened, 2);
	assert_int_equal(up.connecting, 1);
	fake_ready(fake_at(&net, 1));
	check();
	assert_int_equal(upstream_ready(&up), 2); /* a ready one is no attempt to be dropped */
}

/* For a slow name: one beside those that are there, within the same bound. */
static void test_second_for_a_slow_name(void **state)
{
	(void)state;
	connect_up();
	upstream_ensure_second(&up);
	assert_int_equal(net.opened, 2);
	upstream_ensure_second(&up);
	assert_int_equal(net.opened, 2);
	fake_ready(fake_at(&net, 1));
	upstream_ensure_second(&up);
	assert_int_equal(net.opened, 2);
	restart("4.1");
	up.connections = 1;
	connect_up();
	upstream_ensure_second(&up);
	assert_int_equal(net.opened, 1);
	/* Trouble with it is nobody's outage, and it is not repeated. */
	restart("4.1");
	connect_up();
	upstream_ensure_second(&up);
	lose(FAULT_RESET, STAGE_TCP);
	assert_int_equal(up.health.down_since_us, 0);
	assert_int_equal(losts, 0);
	upstream_ensure_second(&up); /* asked for again and again, it has its backoff */
	assert_int_equal(net.opened, 2);
	pass(SEC);
	assert_int_equal(net.opened, 2);
	upstream_ensure_second(&up);
	assert_int_equal(net.opened, 3);
}

static void test_loss_of_one_of_two(void **state)
{
	struct fake *a = connect_up(), *b;

	(void)state;
	ask_and_answer(a);
	b = connect_up();
	lose_this(a, FAULT_CLOSED, STAGE_DNS);
	pass(60 * SEC);
	assert_int_equal(net.opened, 2); /* one is enough */
	assert_int_equal(upstream_ready(&up), 1);
	assert_false(b->ended);
}

/* The oldest first, but none twice for one request. */
static void test_which_session(void **state)
{
	struct fake *a = connect_up(), *b = connect_up();

	(void)state;
	assert_ptr_equal(upstream_session(&up, &asks[0].request), session_on(a));
	ask(0);
	assert_ptr_equal(upstream_session(&up, &asks[0].request), session_on(b));
	assert_ptr_equal(upstream_session(&up, &asks[1].request), session_on(a));
	asks[0].request.flights[2] = (struct flight){ .request = &asks[0].request };
	upstream_submit(&up, session_on(b), &asks[0].request.flights[2]);
	assert_null(upstream_session(&up, &asks[0].request));
	fake_turn(&net);
	session_forget(&asks[0].request.flights[0]);
	assert_ptr_equal(upstream_session(&up, &asks[0].request), session_on(a));
}

static void test_queries_come_back(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask(0);
	ask(1);
	lose_this(f, FAULT_TIMEOUT, STAGE_DNS);
	assert_int_equal(returns, 2);
	assert_int_equal(charged, 2);
	assert_int_equal(net.stats.sessions_ended, 1);
}

/* It had answered: they don't pay for its limit. */
static void test_queries_come_back_free(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask_and_answer(f);
	ask(0);
	ask(1);
	lose_this(f, FAULT_RESET, STAGE_DNS);
	assert_int_equal(returns, 2);
	assert_int_equal(charged, 0);
	assert_int_equal(asks[0].request.sends, 0);
}

/* However many retire with a query that is never answered, there is an end to it. */
static void test_sessions_limit(void **state)
{
	(void)state;
	up.connections = 1;
	for (unsigned i = 0; i < UPSTREAM_SESSIONS_MAX; i++) {
		want();
		assert_int_equal(net.opened, i + 1);
		fake_ready(fake_at(&net, -1));
		ask(i);
		wanted = 0;
		session_retire(session_on(fake_at(&net, -1)));
		fake_turn(&net);
		check();
	}
	assert_int_equal(net.stats.bound_sessions, 0);
	want();
	want();
	assert_int_equal(net.opened, UPSTREAM_SESSIONS_MAX);
	assert_int_equal(net.stats.bound_sessions, 2);
	answer(fake_at(&net, 3), 0);
	assert_int_equal(net.opened, UPSTREAM_SESSIONS_MAX + 1); /* one has gone */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_by_itself),
		TEST(test_opens_when_wanted),
		TEST(test_opens_at_leisure),
		TEST(test_warm),
		TEST(test_unused_session_is_let_go),
		TEST(test_end_of_life_opens_nothing),
		TEST(test_end_of_life_while_active),
		TEST(test_reopens_ahead_while_active),
		TEST(test_reopens_ahead_whatever_the_end),
		TEST(test_unused_session_opened_ahead),
		TEST(test_ahead_is_tried_at_leisure),
		TEST(test_ahead_is_joined_while_active),
		TEST(test_retiring_session_is_replaced),
		TEST(test_retiring_session_blocks_nobody),
		TEST(test_connections_limit),
		TEST(test_second_only_when_wanted),
		TEST(test_second_for_a_slow_name),
		TEST(test_loss_of_one_of_two),
		TEST(test_which_session),
		TEST(test_queries_come_back),
		TEST(test_queries_come_back_free),
		TEST(test_sessions_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
