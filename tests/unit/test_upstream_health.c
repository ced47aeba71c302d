#include "tests/unit/log_catch.h"
#include "tests/unit/upstream_stage.h"

/* ------------------------------------------------------------------ backoff */

/* With queries waiting, each attempt refused at once: the waits between. */
static void test_backoff_schedule(void **state)
{
	static const uint64_t waits[] = { 100 * MS, 200 * MS, 400 * MS, 800 * MS, SEC, SEC, SEC,
		SEC };
	uint64_t shortest = UINT64_MAX, longest = 0;

	(void)state;
	want();
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		lose(FAULT_RESET, STAGE_TCP);
		assert_int_equal(losts, i + 1);
		assert_about("first", time_to_open(10 * SEC), waits[i]);
	}
	while (net.clock_us < FAKE_START_US + 120 * SEC) {
		uint64_t got;

		lose(FAULT_RESET, STAGE_TCP);
		got = time_to_open(10 * SEC);
		assert_about("then", got, SEC);
		shortest = got < shortest ? got : shortest;
		longest = got > longest ? got : longest;
	}
	/* The twenty per cent are used, or many would come back together. */
	assert_true(shortest < 900 * MS && longest > 1100 * MS);
	lose(FAULT_RESET, STAGE_TCP);
	assert_about("two minutes", time_to_open(10 * SEC), 2 * SEC);
	lose(FAULT_PROTOCOL, STAGE_TLS);
	assert_about("two minutes", time_to_open(10 * SEC), 4 * SEC);
	for (unsigned i = 0; i < 10; i++) {
		lose(FAULT_CLOSED, STAGE_TLS);
		assert_about("two minutes", time_to_open(10 * SEC), 4 * SEC);
	}
}

/* The first answer makes the next failure the first again; a handshake does not. */
static void test_backoff_reset(void **state)
{
	(void)state;
	want();
	for (unsigned i = 0; i < 6; i++) {
		lose(FAULT_RESET, STAGE_TCP);
		time_to_open(10 * SEC);
	}
	fake_ready(fake_at(&net, -1));
	assert_int_equal(up.backoff.failures, 6);
	lose(FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(up.backoff.failures, 7);
	assert_about("no answer", time_to_open(10 * SEC), SEC);
	fake_ready(fake_at(&net, -1));
	ask_and_answer(fake_at(&net, -1));
	assert_int_equal(up.backoff.failures, 0);
	lose(FAULT_RESET, STAGE_DNS);
	lose(FAULT_RESET, STAGE_TCP);
	assert_about("after it", time_to_open(10 * SEC), 100 * MS);
}

/* Backoff holds nobody up who comes later; and nobody is tried for when nobody waits. */
static void test_retry_only_when_wanted(void **state)
{
	(void)state;
	want();
	lose(FAULT_RESET, STAGE_TCP);
	want(); /* a second query does not shorten the wait */
	assert_int_equal(net.opened, 1);
	wanted = 0;
	pass(60 * SEC);
	assert_int_equal(net.opened, 1);
	assert_int_equal(net.turn.timers.count, 0);
	want();
	assert_int_equal(net.opened, 2);
}

/* A query that comes within the wait, where it began when nobody waited. */
static void test_query_within_the_wait(void **state)
{
	(void)state;
	want();
	wanted = 0;
	lose(FAULT_RESET, STAGE_TCP);
	assert_false(timer_running(&up.retry));
	pass(10 * MS);
	want();
	assert_int_equal(net.opened, 1);
	assert_true(time_to_open(SEC) <= 120 * MS);
}

/* Others answer, nobody waits for it: ten times more rarely. */
static void test_leisure(void **state)
{
	static const uint64_t waits[] = { SEC, 2 * SEC, 4 * SEC, 8 * SEC, 10 * SEC, 10 * SEC };

	(void)state;
	upstream_ensure(&up, false);
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		uint64_t failed = net.clock_us;
		size_t opened = net.opened;

		lose(FAULT_RESET, STAGE_TCP);
		while (net.opened == opened) {
			pass(10 * MS);
			assert_int_equal(net.opened, opened); /* not by itself */
			upstream_ensure(&up, false);
		}
		assert_about("leisure", net.clock_us - failed, waits[i]);
	}
	/* One who waits does not wait for that. */
	lose(FAULT_RESET, STAGE_TCP);
	pass(2 * SEC);
	want();
	assert_int_equal(net.opened, COUNT_OF(waits) + 2);
}

/* ------------------------------------------------------------------ trouble of our own */

/* open() itself fails, or it ends with a fault of ours. */
static void test_local_faults_do_not_grow_backoff(void **state)
{
	(void)state;
	net.refuse = true;
	want();
	for (unsigned i = 1; i < 100; i++) {
		uint64_t got = time_to_open(10 * SEC);

		assert_true(got > 0 && got <= SEC);
		assert_int_equal(net.refused, i + 1);
	}
	assert_int_equal(net.opened, 0);
	assert_int_equal(net.stats.connects_failed, 100);
	assert_int_equal(up.backoff.failures, 0);
	assert_int_equal(net.stats.bound_connects, 0);
	check_race();
	net.refuse = false;
	time_to_open(10 * SEC);
	for (unsigned i = 0; i < 100; i++) {
		lose(FAULT_LOCAL, i % 2 ? STAGE_ROUTE : STAGE_TLS);
		assert_true(time_to_open(10 * SEC) <= SEC);
	}
	assert_int_equal(up.backoff.failures, 0);
	assert_int_equal(up.fruitless_next, 0);
	assert_int_equal(net.stats.bound_connects, 0);
	lose(FAULT_RESET, STAGE_TCP);
	assert_about("the first that counts", time_to_open(10 * SEC), 100 * MS);
}

/* The network went: the connection was not the upstream's waste. */
static void test_local_fault_of_a_session(void **state)
{
	(void)state;
	connect_up();
	ask(0);
	lose(FAULT_LOCAL, STAGE_DNS);
	assert_int_equal(returns, 1);
	assert_int_equal(up.fruitless_next, 0);
	assert_int_equal(up.backoff.failures, 0);
	assert_int_equal(up.health.down_since_us, 0);
}

/* A local one among others: those count. */
static void test_round_of_both_kinds(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 2; first++) {
		restart("6.1 4.1");
		want();
		lose(first == 0 ? FAULT_LOCAL : FAULT_RESET, STAGE_TCP);
		lose(first == 0 ? FAULT_RESET : FAULT_LOCAL, STAGE_TCP);
		assert_int_equal(up.backoff.failures, 1);
		time_to_open(SEC);
		lose(FAULT_LOCAL, STAGE_TCP);
		lose(FAULT_LOCAL, STAGE_TCP);
		assert_int_equal(up.backoff.failures, 1);
	}
}

/* ------------------------------------------------------------------ fruitless connections */

/* Connects, runs `bad` on each, until `limit_us` have passed.  Returns how many were opened. */
static size_t storm(void (*bad)(struct fake *f), uint64_t limit_us)
{
	uint64_t until = net.clock_us + limit_us;
	size_t before = net.opened;

	want();
	for (unsigned i = 0; i < 5000; i++) {
		struct fake *f = oldest_attempt();

		if (f)
			bad(f);
		else if (timerq_next_us(&net.turn.timers) > until)
			break;
		else
			fake_next_timer(&net);
		check();
	}
	return net.opened - before;
}

static void accept_and_close(struct fake *f)
{
	fake_ready(f);
	fake_end(f, FAULT_CLOSED, STAGE_DNS); /* in the same turn */
	fake_turn(&net);
	want();
}

static void take_and_close(struct fake *f)
{
	fake_ready(f);
	ask(0);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
	want();
}

static void take_and_reset(struct fake *f)
{
	fake_ready(f);
	ask(0);
	lose_this(f, FAULT_RESET, STAGE_DNS);
	want();
}

static void refuse_handshake(struct fake *f)
{
	fake_establish(f);
	lose_this(f, FAULT_PROTOCOL, STAGE_AUTH);
}

static const struct {
	const char *name;
	void (*bad)(struct fake *f);
} storms[] = {
	{ "handshake, then close", accept_and_close },
	{ "takes a query, then closes", take_and_close },
	{ "takes a query, then resets", take_and_reset },
	{ "refuses the handshake", refuse_handshake },
};

/* What counts as a connection: all that was accepted, whatever it then came to. */
static void test_what_is_fruitless(void **state)
{
	static const struct {
		enum transport_stage stage;
		enum transport_fault fault;
		unsigned counted;
	} rows[] = {
		{ STAGE_ROUTE, FAULT_RESET, 0 },
		{ STAGE_TCP, FAULT_RESET, 0 },
		{ STAGE_TCP, FAULT_TIMEOUT, 0 },
		{ STAGE_TLS, FAULT_CLOSED, 1 },
		{ STAGE_TLS, FAULT_TIMEOUT, 1 },
		{ STAGE_AUTH, FAULT_PROTOCOL, 1 },
		{ STAGE_TLS, FAULT_LOCAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		restart("4.1");
		want();
		lose(rows[i].fault, rows[i].stage);
		assert_int_equal(up.fruitless_next, rows[i].counted);
		assert_int_equal(up.backoff.failures, rows[i].fault != FAULT_LOCAL);
	}
}

/* Not more than 20 in 10 s, yet whoever is well again is met soon. */
static void test_servers_that_only_shake_hands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(storms); i++) {
		const char *row = storms[i].name;
		size_t opened;

		restart("4.1");
		opened = storm(storms[i].bad, 10 * SEC - 1);
		if (opened < 10 || opened > UPSTREAM_FRUITLESS_MAX)
			fail_msg("%s: %zu connections in 10 s", row, opened);
		opened = storm(storms[i].bad, 60 * SEC);
		expect(row, opened >= 50 && opened <= 75);
		expect(row, time_to_open(10 * SEC) <= 1200 * MS);
		fake_ready(fake_at(&net, -1));
		wanted = 0;
		ask_and_answer(fake_at(&net, -1));
		expect_int(row, up.backoff.failures, 0);
		expect_int(row, up.health.down_since_us, 0);
	}
}

/* The cap holds for all addresses together. */
static void test_cap_of_several_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(storms); i++) {
		size_t opened;

		restart("6.1 6.2 6.3 6.4 6.5 6.6 6.7 6.8 4.1 4.2 4.3 4.4 4.5 4.6 4.7 4.8");
		opened = storm(storms[i].bad, 10 * SEC - 1);
		if (opened > UPSTREAM_FRUITLESS_MAX)
			fail_msg("%s: %zu connections in 10 s", storms[i].name, opened);
		opened = storm(storms[i].bad, 60 * SEC);
		if (opened > 7 * UPSTREAM_FRUITLESS_MAX || opened < 10)
			fail_msg("%s: %zu connections in 60 s", storms[i].name, opened);
	}
}

/* A server that takes one connection and closes each other: the good one does not lift the cap. */
static void test_cap_beside_a_good_session(void **state)
{
	struct fake *good = connect_up();
	size_t before = net.opened;

	(void)state;
	for (unsigned i = 0; i < 999; i++) {
		struct fake *f;

		want();
		f = oldest_attempt();
		if (f) {
			fake_ready(f);
			lose_this(f, FAULT_CLOSED, STAGE_DNS);
		}
		wanted = 0;
		ask_and_answer(good);
		pass(10 * MS);
	}
	assert_in_range(net.opened - before, 1, UPSTREAM_FRUITLESS_MAX);
	assert_true(net.stats.bound_connects > 0);
	assert_int_equal(losts, 0);
}

/* Beside one that answers: what is held against the server, and what only against the cap. */
static void test_lost_beside_a_good_session(void **state)
{
	static const uint8_t half[] = { 0, 20, 1, 2, 3 };
	static const struct {
		const char *name;
		uint64_t since_us; /* the other's last answer */
		uint64_t limit;	   /* of answers, known */
		size_t half_len;
		unsigned counted, failures;
	} rows[] = {
		{ "nothing", 0, 0, 0, 1, 0 },
		{ "nothing, long since", SEC, 0, 0, 1, 1 },
		{ "half an answer", 0, 0, sizeof half, 0, 0 },
		{ "half an answer, long since", SEC, 0, sizeof half, 1, 1 },
		{ "under a limit", 0, 100, 0, 0, 0 },
		{ "under a limit, long since", SEC, 100, 0, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fake *good, *f;

		restart("4.1");
		good = connect_up();
		f = connect_up();
		ask_and_answer(good);
		pass(rows[i].since_us);
		up.limits.answers = rows[i].limit;
		ask_on(session_on(f), 0);
		fake_end_cut(f, FAULT_RESET, half, rows[i].half_len);
		fake_turn(&net);
		check();
		expect_int(rows[i].name, up.fruitless_next, rows[i].counted);
		expect_int(rows[i].name, up.backoff.failures, rows[i].failures);
		expect_int(rows[i].name, up.health.down_since_us, 0);
	}
}

/* A server that closes after every answer is not a storm. */
static void test_answering_sessions_are_not_limited(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct fake *f;

		want();
		f = oldest_attempt();
		assert_non_null(f);
		fake_ready(f);
		wanted = 0;
		ask_and_answer(f);
		lose_this(f, FAULT_CLOSED, STAGE_DNS);
	}
	assert_true(net.opened >= 100);
	assert_int_equal(net.clock_us, FAKE_START_US);
	assert_int_equal(net.stats.bound_connects, 0);
	assert_int_equal(up.fruitless_next, 0);
	assert_int_equal(up.health.down_since_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_backoff_schedule),
		TEST(test_backoff_reset),
		TEST(test_retry_only_when_wanted),
		TEST(test_query_within_the_wait),
		TEST(test_leisure),
		TEST(test_local_faults_do_not_grow_backoff),
		TEST(test_local_fault_of_a_session),
		TEST(test_round_of_both_kinds),
		TEST(test_what_is_fruitless),
		TEST(test_servers_that_only_shake_hands),
		TEST(test_cap_of_several_addresses),
		TEST(test_cap_beside_a_good_session),
		TEST(test_lost_beside_a_good_session),
		TEST(test_answering_sessions_are_not_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
