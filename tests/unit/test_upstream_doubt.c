/* An upstream whose sessions are in doubt, beside good ones, and what the log has of it. */
#include "tests/unit/log_catch.h"
#include "tests/unit/upstream_stage.h"

/* ------------------------------------------------------------------ suspect sessions */

/* It takes a query and says nothing for a second. */
static struct fake *become_suspect(unsigned i)
{
	struct fake *f = connect_up();

	ask_on(session_on(f), i);
	pass(SEC);
	assert_true(session_on(f)->suspect);
	return f;
}

static void test_suspect(void **state)
{
	struct fake *f = become_suspect(0);
	uint64_t until;

	(void)state;
	assert_int_equal(net.stats.sessions_suspect, 1);
	assert_int_equal(late_paths, 1);
	assert_int_equal(returns, 0);
	assert_int_equal(upstream_ready(&up), 0);
	assert_null(upstream_session(&up, &asks[1].request));
	assert_int_equal(up.health.silent, 1);
	/* Another is opened, and awaited for 250 ms from the doubt on. */
	assert_int_equal(net.opened, 2);
	assert_true(upstream_is_awaited(&up, &until));
	assert_int_equal(until, net.clock_us + UPSTREAM_PATIENCE_US);
	pass(UPSTREAM_PATIENCE_US - 1);
	assert_true(upstream_is_awaited(&up, &until));
	pass(1);
	assert_false(upstream_is_awaited(&up, &until));
	rooms = 0;
	fake_ready(fake_at(&net, 1));
	assert_int_equal(rooms, 1);
	assert_true(upstream_is_awaited(&up, &until));
	assert_ptr_equal(upstream_session(&up, &asks[1].request), session_on(fake_at(&net, 1)));
	assert_int_equal(session_on(f)->state, SESSION_READY);
	assert_int_equal(losts, 1);
}

/* The patience counts from the doubt, not from the first query that would wait. */
static void test_suspect_is_awaited_from_the_doubt_on(void **state)
{
	uint64_t until;

	(void)state;
	become_suspect(0);
	pass(UPSTREAM_PATIENCE_US);
	assert_false(upstream_is_awaited(&up, &until));
}

/* Octets that nobody acknowledges say so sooner. */
static void test_suspect_by_acknowledgements(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask_and_answer(f);
	f->stuck_since_us = net.clock_us;
	ask(0);
	pass(400 * MS);
	assert_true(session_on(f)->suspect);
	assert_int_equal(net.opened, 2);
}

static void test_suspect_recovers(void **state)
{
	struct fake *f = become_suspect(0);

	(void)state;
	pass(100 * MS);
	rooms = 0;
	answer(f, 0);
	assert_int_equal(rooms, 1);
	assert_int_equal(upstream_ready(&up), 1);
	assert_ptr_equal(upstream_session(&up, &asks[1].request), session_on(f));
	/* It was not in time: still held against it, until one is. */
	assert_int_equal(up.health.silent, 1);
	ask_and_answer(f);
	assert_int_equal(up.health.silent, 0);
	/* Missed once more: a patience of its own. */
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(up.absent_us, 0);
}

/* Full again as it recovers: nobody has room. */
static void test_suspect_recovers_full(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask(0);
	ask(1);
	pass(SEC);
	up.session.max_inflight = 1;
	rooms = 0;
	answer(f, 0);
	assert_int_equal(rooms, 0);
}

/* A question asked after the doubt was answered elsewhere: it says goodbye. */
static void test_suspect_is_retired(void **state)
{
	struct fake *f = become_suspect(0), *other = fake_at(&net, 1);

	(void)state;
	pass(50 * MS);
	fake_ready(other);
	ask_and_answer(other);
	assert_int_equal(session_on(f)->state, SESSION_RETIRING);
	assert_int_equal(returns, 0);
	answer(f, 0); /* what is out may be answered */
	assert_true(f->freed);
	assert_int_equal(net.opened, 2);
}

/* An idle one has the same path: those that move get a new one, not that. */
static void test_idle_ones_go_with_the_suspect(void **state)
{
	struct fake *a = connect_up(), *b = connect_up();

	(void)state;
	ask_on(session_on(a), 0);
	pass(SEC);
	assert_true(session_on(a)->suspect);
	assert_true(b->freed);
	assert_int_equal(net.opened, 3);
	assert_false(fake_at(&net, 2)->ready);
}

/* One that was asked before says nothing of the time since. */
static void test_suspect_is_not_retired_too_soon(void **state)
{
	struct fake *a = connect_up(), *b = connect_up();

	(void)state;
	ask_on(session_on(a), 0);
	pass(500 * MS);
	ask_on(session_on(b), 1);
	pass(600 * MS);
	assert_true(session_on(a)->suspect);
	assert_false(session_on(b)->suspect);
	assert_int_equal(net.opened, 2); /* there is another one */
	answer(b, 0);
	assert_int_equal(session_on(a)->state, SESSION_READY);
	ask_and_answer(b);
	assert_int_equal(session_on(a)->state, SESSION_RETIRING);
}

/* Two sessions in a row: the upstream is in doubt, until an answer is in time. */
static void test_doubt(void **state)
{
	(void)state;
	become_suspect(0);
	assert_false(health_doubtful(&up.health));
	fake_ready(fake_at(&net, 1));
	ask_on(session_on(fake_at(&net, 1)), 1);
	pass(SEC);
	assert_true(health_doubtful(&up.health));
	fake_ready(fake_at(&net, 2));
	ask_and_answer(fake_at(&net, 2));
	assert_false(health_doubtful(&up.health));
	assert_int_equal(up.health.down_since_us, 0);
}

/* For 10 s: nobody is there.  Having answered nothing it was of no use, and it is an outage. */
static void test_mute_session(void **state)
{
	(void)state;
	become_suspect(0);
	lose(FAULT_RESET, STAGE_TCP);
	assert_standing(UPSTREAM_DOWN, LABEL ": TCP: the test says so");
	pass(10 * SEC);
	assert_int_equal(returns, 1);
	assert_int_equal(charged, 1);
	assert_int_equal(session_count(), 0);
	assert_standing(UPSTREAM_DOWN, LABEL ": DNS: takes queries and answers nothing");
	assert_int_equal(up.fruitless_next, 1);
	assert_string_equal(upstream_last_loss(&up), "takes queries and answers nothing");
}

/* It did answer once: no useless connection, but an outage all the same. */
static void test_mute_session_that_had_answered(void **state)
{
	(void)state;
	ask_and_answer(connect_up());
	ask(1);
	pass(SEC);
	lose(FAULT_RESET, STAGE_TCP);
	pass(10 * SEC);
	assert_int_equal(returns, 1);
	assert_int_equal(charged, 0);
	assert_int_equal(up.fruitless_next, 0);
	assert_standing(UPSTREAM_DOWN, LABEL ": DNS: takes queries and answers nothing");
}

/* ------------------------------------------------------------------ trouble beside good ones */

/* While another session is good it is nobody's outage, and no line in the log. */
static void end_of_mute(void)
{
	struct fake *f = become_suspect(0), *other = fake_at(&net, 1);

	fake_ready(other);
	for (unsigned i = 0; i < 11; i++) {
		ask_and_answer(other);
		pass(SEC);
	}
	assert_null(session_on(f));
}

static void end_of_unanswered(void)
{
	struct fake *good = connect_up(), *f = connect_up();

	ask_on(session_on(f), 0);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
	assert_non_null(session_on(good));
}

static void end_of_unused(void)
{
	struct fake *f;

	connect_up();
	f = connect_up();
	wanted = 1;
	lose_this(f, FAULT_RESET, STAGE_DNS);
	wanted = 0;
}

static void failure_of_a_second(void)
{
	connect_up();
	want();
	lose(FAULT_RESET, STAGE_TCP);
}

static const struct {
	const char *name;
	void (*run)(void);
} further[] = {
	{ "mute", end_of_mute },
	{ "closed unanswered", end_of_unanswered },
	{ "closed unused", end_of_unused },
	{ "not connected", failure_of_a_second },
};

static void test_trouble_beside_a_good_session(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(further); i++) {
		const char *row = further[i].name;

		restart("4.1");
		catch_log();
		further[i].run();
		read_log();
		let_log_go();
		/* The first connection, and doubts. */
		expect_int(row, count_in_log("\n"), 1 + count_in_log("its queries move"));
		expect_int(row, count_in_log("connected"), 1);
		expect_int(row, up.health.down_since_us, 0);
		assert_standing(UPSTREAM_UP, LABEL);
	}
}

/* ------------------------------------------------------------------ the log */

/* State changes, not attempts. */
static void test_log(void **state)
{
	(void)state;
	catch_log();
	want();
	for (unsigned i = 0; i < 20; i++) {
		lose(FAULT_RESET, STAGE_TCP);
		time_to_open(20 * SEC);
	}
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(count_in_log("<4>upstream " LABEL ": TCP: the test says so; trying again "
				      "in 0.1 s"),
		1);
	lose(FAULT_PROTOCOL, STAGE_TLS);
	time_to_open(20 * SEC);
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(count_in_log("<4>upstream " LABEL ": TLS: the test says so"), 1);
	fake_ready(fake_at(&net, -1));
	wanted = 0;
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(count_in_log("<6>upstream " LABEL ": connected"), 1);
	ask_and_answer(fake_at(&net, -1));
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(count_in_log("<6>upstream " LABEL ": up again after "), 1);
	assert_int_equal(count_in_log(" and 21 failures"), 1);
	ask_and_answer(fake_at(&net, -1));
	lose(FAULT_CLOSED, STAGE_DNS);
	fake_ready(fake_at(&net, -1));
	assert_logged(""); /* a server's close is nobody's news */
	let_log_go();
}

/* Reasons that change all the time don't fill the log. */
static void test_log_of_changing_reasons(void **state)
{
	unsigned lines;

	(void)state;
	catch_log();
	want();
	for (unsigned i = 0; net.clock_us < FAKE_START_US + 60 * SEC; i++) {
		lose(i % 2 ? FAULT_RESET : FAULT_PROTOCOL, i % 2 ? STAGE_TCP : STAGE_TLS);
		time_to_open(20 * SEC);
	}
	read_log();
	lines = count_in_log("\n");
	assert_in_range(lines, 3, 7);
	assert_true(count_in_log(": TCP: ") > 0 && count_in_log(": TLS: ") > 0);
	let_log_go();
}

/* Of several addresses: one line when all have failed, none before. */
static void test_log_of_a_round(void **state)
{
	(void)state;
	restart("6.1 4.1");
	catch_log();
	want();
	lose(FAULT_RESET, STAGE_TCP);
	assert_logged("");
	lose(FAULT_RESET, STAGE_TCP);
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(count_in_log("<4>upstream " LABEL ": TCP: the test says so; trying"), 1);
	let_log_go();
}

static void test_log_first_connection(void **state)
{
	(void)state;
	catch_log();
	connect_up();
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(
		count_in_log("<6>upstream " LABEL ": connected, TLS1.3 AES-128-GCM, authenticated"),
		1);
	pass(SEC);
	lose(FAULT_CLOSED, STAGE_DNS);
	connect_up();
	assert_logged("");
	let_log_go();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_suspect),
		TEST(test_suspect_is_awaited_from_the_doubt_on),
		TEST(test_suspect_by_acknowledgements),
		TEST(test_suspect_recovers),
		TEST(test_suspect_recovers_full),
		TEST(test_suspect_is_retired),
		TEST(test_idle_ones_go_with_the_suspect),
		TEST(test_suspect_is_not_retired_too_soon),
		TEST(test_doubt),
		TEST(test_mute_session),
		TEST(test_mute_session_that_had_answered),
		TEST(test_trouble_beside_a_good_session),
		TEST(test_log),
		TEST(test_log_of_changing_reasons),
		TEST(test_log_of_a_round),
		TEST(test_log_first_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
