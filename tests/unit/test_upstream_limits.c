#include "proxy/upstream/opening.h"
#include "tests/unit/upstream_stage.h"

/* ------------------------------------------------------------------ so many answers */

/* A session that the server closes after so many answers. */
static void close_after(unsigned count)
{
	struct fake *f;

	want();
	f = oldest_attempt();
	assert_non_null(f);
	fake_ready(f);
	wanted = 0;
	for (unsigned i = 0; i < count; i++)
		ask_and_answer(f);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
}

/* Two alike: from now on it is known. */
static void learn(unsigned count)
{
	close_after(count);
	close_after(count);
	assert_int_equal(up.limits.answers, count);
}

/* The session that stands ready, else one that is made so. */
static struct fake *next_session(void)
{
	struct fake *f = oldest_attempt();

	if (!f) {
		want();
		f = oldest_attempt();
	}
	wanted = 0;
	assert_non_null(f);
	fake_ready(f);
	fake_turn(&net);
	check();
	return f;
}

static void test_one_close_proves_nothing(void **state)
{
	(void)state;
	close_after(5);
	assert_int_equal(up.limits.answers, 0);
	assert_int_equal(session_on(next_session())->quota, 0);
}

static void test_learnt_limit_is_kept_to(void **state)
{
	struct fake *f;
	size_t opened;

	(void)state;
	learn(5);
	f = next_session();
	assert_int_equal(session_on(f)->quota, 5);
	for (unsigned i = 0; i < 4; i++)
		ask(i);
	opened = net.opened;
	assert_int_equal(opened, 3);
	ask(4);
	/* Another is opened ahead of the next query, within the same turn. */
	assert_null(upstream_session(&up, &asks[5].request));
	assert_int_equal(upstream_ready(&up), 0);
	assert_int_equal(net.opened, opened + 1);
	fake_ready(fake_at(&net, -1));
	ask(5);
	assert_int_equal(f->sent_count, 5);
	for (long i = 0; i < 5; i++)
		answer(f, i);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(returns, 0); /* what the limit is for */
	assert_int_equal(up.limits.answers, 5);
	assert_int_equal(up.fruitless_next, 0);
	assert_int_equal(up.health.down_since_us, 0);
}

/* RST after answers is a limit, too; a broken record, or our own trouble, is none. */
static void test_which_ends_teach(void **state)
{
	static const struct {
		enum transport_fault fault;
		unsigned learnt;
	} rows[] = { { FAULT_CLOSED, 3 }, { FAULT_RESET, 3 }, { FAULT_TIMEOUT, 0 },
		{ FAULT_PROTOCOL, 0 }, { FAULT_LOCAL, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		restart("4.1");
		for (unsigned k = 0; k < 2; k++) {
			struct fake *f = next_session();

			for (unsigned n = 0; n < 3; n++)
				ask_and_answer(f);
			lose_this(f, rows[i].fault, STAGE_DNS);
		}
		assert_int_equal(up.limits.answers, rows[i].learnt);
	}
}

/* Queries that were cut off by it come back and don't pay. */
static void test_limit_with_queries_out(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct fake *f = next_session();

		ask_and_answer(f);
		ask_and_answer(f);
		ask_on(session_on(f), 2 * k);
		ask_on(session_on(f), 2 * k + 1);
		pass(500 * MS);
		lose_this(f, FAULT_CLOSED, STAGE_DNS);
	}
	assert_int_equal(returns, 4);
	assert_int_equal(charged, 0);
	assert_int_equal(up.limits.answers, 2);
}

/* A limit is on: one that is different puts it in question, and is not learnt at once. */
static void test_limit_that_changes(void **state)
{
	(void)state;
	learn(5);
	close_after(3);
	assert_int_equal(up.limits.answers, 0);
	close_after(3);
	assert_int_equal(up.limits.answers, 3);
}

/* ------------------------------------------------------------------ side by side */

/* As many as those that wait need, beyond `connections`, sixteen at most. */
static void test_parallel_sessions(void **state)
{
	(void)state;
	learn(1);
	assert_int_equal(sessions_of(SESSION_CONNECTING), 1); /* ahead */
	for (unsigned i = 0; i < 40; i++)
		want_some(50);
	check_race();
	assert_int_equal(session_count(), UPSTREAM_SESSIONS_MAX);
	assert_true(net.stats.bound_sessions > 0);
	for (unsigned i = 0; i < UPSTREAM_SESSIONS_MAX; i++) {
		fake_ready(oldest_attempt());
		check_race();
	}
	assert_int_equal(upstream_ready(&up), UPSTREAM_SESSIONS_MAX); /* none is dropped */
	wanted = 0;
	for (unsigned i = 0; i < UPSTREAM_SESSIONS_MAX; i++)
		ask(i);
	assert_null(upstream_session(&up, &asks[40].request));
}

static void test_no_more_than_needed(void **state)
{
	size_t before;

	(void)state;
	learn(10);
	before = sessions_of(SESSION_CONNECTING);
	assert_int_equal(before, 1); /* ahead */
	for (unsigned i = 0; i < 20; i++)
		want_some(10);
	assert_int_equal(sessions_of(SESSION_CONNECTING), 1);
	for (unsigned i = 0; i < 20; i++)
		want_some(11);
	assert_int_equal(sessions_of(SESSION_CONNECTING), 2);
	for (unsigned i = 0; i < 20; i++)
		want_some(35);
	assert_int_equal(sessions_of(SESSION_CONNECTING), 4);
}

/* Without a limit known two are enough. */
static void test_parallel_only_under_a_limit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		want_some(50);
	assert_int_equal(net.opened, 1);
	fake_ready(fake_at(&net, 0));
	for (unsigned i = 0; i < 20; i++)
		want_some(50);
	assert_int_equal(net.opened, 2);
	fake_ready(fake_at(&net, 1));
	for (unsigned i = 0; i < 20; i++)
		want_some(50);
	assert_int_equal(net.opened, 2);
}

/* All of them to the address that won. */
static void test_parallel_sessions_to_the_winner(void **state)
{
	(void)state;
	restart("6.1 4.1");
	want();
	pass(250 * MS);
	fake_ready(fake_at(&net, 1));
	wanted = 0;
	ask_and_answer(fake_at(&net, 1));
	lose_this(fake_at(&net, 1), FAULT_CLOSED, STAGE_DNS);
	close_after(1);
	assert_int_equal(up.limits.answers, 1);
	for (unsigned i = 0; i < 40; i++)
		want_some(50);
	pass(100 * MS);
	for (size_t i = 2; i < net.opened; i++)
		assert_to(fake_at(&net, (long)i), "4.1");
	assert_int_equal(session_count(), UPSTREAM_SESSIONS_MAX);
	check_race();
}

/* One that fails is not replaced at once, though others are under way: there is backoff for that. */
static void test_failures_under_a_limit(void **state)
{
	(void)state;
	for (unsigned local = 0; local < 2; local++) {
		size_t opened;

		restart("4.1");
		learn(1);
		for (unsigned i = 0; i < 10; i++)
			want_some(4);
		assert_int_equal(up.connecting, 4);
		losts = 0;
		opened = net.opened;
		for (unsigned i = 4; i > 0; i--) {
			assert_int_equal(losts, 0);
			lose_this(oldest_attempt(), local ? FAULT_LOCAL : FAULT_RESET, STAGE_TCP);
			check_race();
			assert_int_equal(up.connecting, i - 1);
		}
		assert_int_equal(net.opened, opened);
		assert_int_equal(losts, 1);
		assert_int_equal(up.backoff.failures, local ? 0 : 1);
		assert_about("next round", time_to_open(SEC), local ? 200 * MS : 100 * MS);
		check_race();
	}
}

/* What succeeds shows that more may. */
static void test_failure_among_successes_under_a_limit(void **state)
{
	(void)state;
	learn(1);
	for (unsigned i = 0; i < 10; i++)
		want_some(4);
	lose_this(oldest_attempt(), FAULT_RESET, STAGE_TCP);
	assert_int_equal(up.connecting, 3);
	fake_ready(oldest_attempt());
	want_some(4);
	want_some(4);
	assert_int_equal(up.connecting, 4);
}

/* ------------------------------------------------------------------ outlived */

/* Spent, and not closed for so long since its last answer. */
static struct fake *outlive(uint64_t us)
{
	struct fake *f;

	restart("4.1");
	learn(2);
	f = next_session();
	ask(0);
	ask(1); /* spent: another one is opened ahead, and fails */
	lose(FAULT_RESET, STAGE_TCP);
	answer(f, 0);
	pass(50 * MS);
	answer(f, 1);
	pass(us);
	rooms = 0;
	return f;
}

/* Still there: the limit is gone, and the session is as good as any. */
static void test_limit_outlived(void **state)
{
	struct fake *f = outlive(100 * MS);
	size_t opened = net.opened;

	(void)state;
	want();
	assert_int_equal(rooms, 1);
	assert_int_equal(up.limits.answers, 0);
	assert_ptr_equal(upstream_session(&up, &asks[2].request), session_on(f));
	assert_int_equal(net.opened, opened);
	wanted = 0;
	for (unsigned i = 0; i < 10; i++)
		ask_and_answer(f);
	assert_int_equal(f->sent_count, 12);
	/* Its close may still be on the way: one who waits gets another session meanwhile. */
	f = outlive(100 * MS - 1);
	opened = net.opened;
	want();
	assert_int_equal(rooms, 0);
	assert_int_equal(up.limits.answers, 2);
	assert_null(upstream_session(&up, &asks[2].request));
	assert_int_equal(net.opened, opened + 1);
}

/* The way there and back counts. */
static void test_limit_outlived_on_a_long_way(void **state)
{
	struct fake *f = outlive(300 * MS);

	(void)state;
	up.handshake_us = 110 * MS;
	want();
	assert_int_equal(up.limits.answers, 2);
	pass(20 * MS);
	want();
	assert_int_equal(up.limits.answers, 0);
	assert_non_null(session_on(f));
}

/* All places are taken by spent sessions that live on: those that wait are not left to themselves. */
static void test_limit_outlived_by_all(void **state)
{
	(void)state;
	up.limits.answers = 1;
	for (unsigned i = 0; i < UPSTREAM_SESSIONS_MAX; i++) {
		struct fake *f = next_session();

		ask_on(session_on(f), i);
		answer(f, 0);
		pass(1);
	}
	assert_int_equal(session_count(), UPSTREAM_SESSIONS_MAX);
	assert_int_equal(upstream_ready(&up), 0);
	rooms = 0;
	want();
	wanted = 5;
	pass(SEC);
	assert_true(rooms > 0);
	assert_true(upstream_ready(&up) > 0);
	assert_int_equal(net.opened, UPSTREAM_SESSIONS_MAX);
}

/* Answers are out: nothing is known of it yet. */
static void test_limit_not_outlived_with_queries_out(void **state)
{
	struct fake *f;

	(void)state;
	learn(2);
	f = next_session();
	ask(0);
	ask(1);
	answer(f, 0);
	pass(900 * MS);
	want();
	assert_int_equal(up.limits.answers, 2);
	assert_null(upstream_session(&up, &asks[2].request));
	assert_non_null(oldest_attempt());
}

/* The next ones have no quota, those opened meanwhile lose theirs when they have outlived it. */
static void test_after_the_limit(void **state)
{
	struct fake *a, *b;

	(void)state;
	learn(1);
	a = next_session();
	b = (want_some(3), next_session());
	assert_int_equal(session_on(b)->quota, 1);
	ask_and_answer(a);
	ask_and_answer(b);
	pass(SEC);
	want();
	assert_int_equal(up.limits.answers, 0);
	assert_int_equal(session_on(a)->quota, 0);
	assert_int_equal(session_on(b)->quota, 0);
	assert_int_equal(upstream_ready(&up), 2);
}

/* ------------------------------------------------------------------ so long without a query */

/* A session that the server closes after an answer and so long without a query. */
static void close_idle(uint64_t idle_us)
{
	struct fake *f = connect_up();

	ask_and_answer(f);
	pass(idle_us);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
}

static void test_idle_limit_is_kept_to(void **state)
{
	struct fake *f;

	(void)state;
	close_idle(60 * SEC);
	f = connect_up();
	assert_int_equal(session_on(f)->idle_learnt_us, 0);
	ask_and_answer(f);
	pass(60 * SEC);
	assert_false(f->closed);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(up.limits.idle_us, 60 * SEC);
	f = connect_up();
	assert_int_equal(session_on(f)->idle_learnt_us, 60 * SEC);
	ask_and_answer(f);
	pass(59 * SEC - 1);
	ask_and_answer(f);
	pass(59 * SEC - 1);
	assert_false(f->closed);
	pass(1);
	assert_true(f->freed);
	assert_int_equal(session_count(), 0); /* nobody asks: none instead */
	assert_int_equal(returns, 0);
}

/* Every eighth session is let idle, to see whether it still holds. */
static void test_idle_limit_is_tested(void **state)
{
	unsigned told = 0, untold = 0;

	(void)state;
	up.limits.idle_us = 60 * SEC;
	for (unsigned i = 0; i < 32; i++) {
		struct fake *f = connect_up();
		bool knows = session_on(f)->idle_learnt_us > 0;

		told += knows;
		untold += !knows;
		ask_and_answer(f);
		pass(60 * SEC);
		assert_int_equal(f->closed, knows);
		if (!knows)
			lose_this(f, FAULT_CLOSED, STAGE_DNS);
	}
	assert_int_equal(told, 28);
	assert_int_equal(untold, 4);
	assert_int_equal(up.limits.idle_us, 60 * SEC); /* it does */
}

/* One that was let idle is there after more than the limit, and has another query. */
static void test_idle_limit_outslept(void **state)
{
	struct fake *f;

	(void)state;
	up.limits.idle_us = 60 * SEC;
	for (unsigned i = 0; i < 7; i++) {
		connect_up();
		pass(60 * SEC);
	}
	f = connect_up();
	assert_int_equal(session_on(f)->idle_learnt_us, 0);
	ask_and_answer(f);
	pass(60 * SEC);
	ask_and_answer(f);
	assert_int_equal(up.limits.idle_us, 60 * SEC); /* may be chance */
	pass(62 * SEC);
	ask_and_answer(f);
	assert_int_equal(up.limits.idle_us, 0);
	lose_this(f, FAULT_CLOSED, STAGE_DNS);
	f = connect_up();
	assert_int_equal(session_on(f)->idle_learnt_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_close_proves_nothing),
		TEST(test_learnt_limit_is_kept_to),
		TEST(test_which_ends_teach),
		TEST(test_limit_with_queries_out),
		TEST(test_limit_that_changes),
		TEST(test_parallel_sessions),
		TEST(test_no_more_than_needed),
		TEST(test_parallel_only_under_a_limit),
		TEST(test_parallel_sessions_to_the_winner),
		TEST(test_failures_under_a_limit),
		TEST(test_failure_among_successes_under_a_limit),
		TEST(test_limit_outlived),
		TEST(test_limit_outlived_on_a_long_way),
		TEST(test_limit_outlived_by_all),
		TEST(test_limit_not_outlived_with_queries_out),
		TEST(test_after_the_limit),
		TEST(test_idle_limit_is_kept_to),
		TEST(test_idle_limit_is_tested),
		TEST(test_idle_limit_outslept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
