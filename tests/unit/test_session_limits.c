/* What ends a session in its time: the connect limit, its life, idleness, a quota. */
#include "tests/unit/session_case.h"

#include <errno.h>

/* ------------------------------------------------------------------ time */

static void test_connect_limit(void **state)
{
	(void)state;
	for (unsigned established = 0; established < 2; established++) {
		if (established)
			open_session();
		fake_turn(&net);
		if (established) {
			fake_wait(&net, 4 * SEC);
			fake_establish(fake);
			fake_wait(&net, SEC - 1);
		} else {
			fake_wait(&net, 5 * SEC - 1);
		}
		assert_told("not yet", "");
		assert_int_equal(session->state, SESSION_CONNECTING);
		fake_wait(&net, 1);
		assert_told("ended", "x");
		assert_int_equal(last_end.stage, established ? STAGE_TLS : STAGE_TCP);
		assert_int_equal(last_end.fault, FAULT_TIMEOUT);
		assert_true(last_end.text[0]);
		assert_true(fake->closed && fake->freed);
	}
}

static void test_connect_limit_ends_when_ready(void **state)
{
	(void)state;
	fake_wait(&net, 4 * SEC);
	get_ready();
	fake_wait(&net, 60 * SEC);
	assert_told("nothing", "");
	assert_int_equal(session->state, SESSION_READY);
}

/* From when it was ready. */
static void test_life(void **state)
{
	(void)state;
	fake_wait(&net, 4 * SEC);
	get_ready();
	fake_wait(&net, SESSION_LIFE_US - 1);
	assert_told("alive", "");
	fake_wait(&net, 1);
	assert_told("over", "ux");
	assert_true(ended_by_itself);
}

static const struct {
	const char *name, *options;
	uint64_t after_us; /* it retires, unused */
} idle_limits[] = {
	{ "none", "", SESSION_LIFE_US },
	{ "10 s", "000b 0002 0064", 9 * SEC },
	{ "2.1 s", "000b 0002 0015", 1100 * MS },
	{ "2 s", "000b 0002 0014", SEC },
	{ "1.5 s", "000b 0002 000f", 750 * MS },
	{ "1 s", "000b 0002 000a", 500 * MS },
	{ "0.1 s", "000b 0002 0001", 50 * MS },
	{ "6553.5 s", "000b 0002 ffff", SESSION_LIFE_US },
	{ "a query's empty one", "000b 0000", SESSION_LIFE_US },
	{ "one octet", "000b 0001 01", SESSION_LIFE_US },
	{ "three octets", "000b 0003 000001", SESSION_LIFE_US },
	{ "twice: the first counts", "000b 0002 0014 000b 0002 0064", SEC },
};

static void test_idle_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(idle_limits); i++) {
		const char *row = idle_limits[i].name;

		start_again();
		hear(idle_limits[i].options);
		fake_wait(&net, idle_limits[i].after_us - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "ux");
		expect(row, ended_by_itself);
	}
}

static void test_keepalive_0_at_once(void **state)
{
	(void)state;
	send_one(0);
	answer_with(0, "000b 0002 0000");
	assert_told("answered", "u+");
	assert_false(session_has_room(session));
	fake_turn(&net);
	assert_told("ended", "x");
	assert_true(ended_by_itself);
}

/* Any answer begins the wait anew; the newest value counts. */
static void test_idle_limit_is_renewed(void **state)
{
	(void)state;
	hear("000b 0002 0064");
	fake_wait(&net, 8 * SEC);
	hear("000b 0002 0064");
	fake_wait(&net, 8 * SEC);
	hear("000b 0002 01f4"); /* 50 s */
	fake_wait(&net, 49 * SEC - 1);
	assert_told("alive", "");
	fake_wait(&net, 1);
	assert_told("over", "ux");
}

static void test_idle_limit_withdrawn(void **state)
{
	static const char *const without[] = { FAKE_NO_OPT, "", "000b 0000" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(without); i++) {
		start_again();
		hear("000b 0002 0064");
		fake_wait(&net, SEC);
		hear(without[i]);
		fake_wait(&net, 60 * SEC);
		assert_told("withdrawn", "");
		assert_int_equal(session->state, SESSION_READY);
	}
}

/* A query in flight is not idleness; its answer, or that it is given up, begins the wait. */
static void test_idle_limit_while_busy(void **state)
{
	(void)state;
	for (unsigned give_up = 0; give_up < 2; give_up++) {
		start_again();
		hear("000b 0002 000a"); /* 1 s: it goes after half of that */
		fake_wait(&net, 400 * MS);
		send_one(1);
		fake_wait(&net, 900 * MS);
		assert_told("busy", "");
		assert_int_equal(session->state, SESSION_READY);
		if (give_up)
			session_forget(flight(1));
		else
			answer_with(-1, "000b 0002 000a");
		fake_turn(&net);
		assert_told("free", give_up ? "" : "+");
		fake_wait(&net, 500 * MS - 1);
		assert_told("alive", "");
		fake_wait(&net, 1);
		assert_told("over", "ux");
	}
}

static void test_idle_limit_after_a_refused_query(void **state)
{
	(void)state;
	hear("000b 0002 0064");
	fake_wait(&net, 5 * SEC);
	fake->room = 0;
	submit(1);
	fake_wait(&net, 10 * SEC); /* busy when the first wait is over */
	fake->send_error = -ENOMEM;
	fake_room(fake, 10);
	fake_wait(&net, 9 * SEC);
	assert_told("refused, then idle for as long as the server allows", "-ux");
}

static void test_life_ends_in_spite_of_idle_limits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3600 / 8 - 1; i++) {
		fake_wait(&net, 8 * SEC);
		hear("000b 0002 0064");
	}
	fake_wait(&net, 8 * SEC - 1);
	assert_told("alive", "");
	fake_wait(&net, 1);
	assert_told("an hour old", "ux");
}

/* Datagrams have no keepalive (RFC 7828 3.2.1): the option means nothing there. */
static void test_keepalive_not_spoken(void **state)
{
	(void)state;
	setup.form.keepalive = false;
	hear("000b 0002 0000");
	assert_int_equal(session->state, SESSION_READY);
	hear("000b 0002 0001");
	fake_wait(&net, 60 * SEC);
	assert_told("nothing", "");
}

/* ------------------------------------------------------------------ what was learnt */

/* learnt: by the owner, in ready(); options: of the answer heard then, if any. */
static const struct {
	const char *name;
	uint64_t learnt_us;
	const char *options;
	uint64_t after_us;
} learnt_limits[] = {
	{ "nothing is known", 0, "", SESSION_LIFE_US },
	{ "10 s learnt", 10 * SEC, "", 9 * SEC },
	{ "2.1 s learnt", 2100 * MS, "", 1100 * MS },
	{ "2 s learnt", 2 * SEC, "", SEC },
	{ "1 s learnt", SEC, "", 500 * MS },
	{ "two hours learnt", 7200 * SEC, "", SESSION_LIFE_US },
	{ "the server names less", 10 * SEC, "000b 0002 0032", 4 * SEC },
	{ "the server names more", 10 * SEC, "000b 0002 00c8", 19 * SEC },
	{ "the server names more than a life", 10 * SEC, "000b 0002 ffff", SESSION_LIFE_US },
	{ "a bad option names nothing", 10 * SEC, "000b 0001 01", 9 * SEC },
};

static void test_idle_learnt(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(learnt_limits); i++) {
		const char *row = learnt_limits[i].name;

		start_again();
		session->idle_learnt_us = learnt_limits[i].learnt_us;
		hear(learnt_limits[i].options);
		fake_wait(&net, learnt_limits[i].after_us - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "ux");
		expect(row, ended_by_itself);
	}
}

/* What the server said no longer holds; what was learnt does again. */
static void test_idle_learnt_after_a_withdrawal(void **state)
{
	(void)state;
	session->idle_learnt_us = 10 * SEC;
	hear("000b 0002 00c8");
	fake_wait(&net, 15 * SEC);
	hear("");
	fake_wait(&net, 9 * SEC - 1);
	assert_told("alive", "");
	fake_wait(&net, 1);
	assert_told("over", "ux");
}

/* Told in ready(), it holds from there on, without any query. */
static void learn_when_ready(void *arg, struct session *s)
{
	s->idle_learnt_us = 10 * SEC;
	on_ready(arg, s);
}

static void test_idle_learnt_before_any_query(void **state)
{
	static struct session_owner learning;

	(void)state;
	learning = noting_owner;
	learning.ready = learn_when_ready;
	setup.owner = &learning;
	fake_wait(&net, 3 * SEC);
	get_ready();
	fake_wait(&net, 9 * SEC - 1);
	assert_told("alive", "");
	fake_wait(&net, 1);
	assert_told("over", "ux");
	assert_int_equal(fake->sent_count, 0);
}

/* ------------------------------------------------------------------ the quota */

static void test_quota(void **state)
{
	(void)state;
	assert_false(session_is_spent(session));
	session->quota = 3;
	send_one(0);
	submit(1); /* what waits counts, too */
	assert_false(session_is_spent(session));
	submit(2);
	assert_true(session_is_spent(session));
	assert_false(session_has_room(session));
	fake_turn(&net);
	for (unsigned i = 0; i < 3; i++)
		fake_answer_nth(fake, i);
	fake_turn(&net);
	assert_told("answered", "+++");
	assert_true(session_is_spent(session));
	assert_false(session_has_room(session));
	assert_int_equal(session->state, SESSION_READY); /* the server closes it, or does not */
	session->quota = 0;
	assert_true(session_has_room(session));
}

/* Asked counts, answered or not; what never was sent does not. */
static void test_quota_counts_what_was_sent(void **state)
{
	(void)state;
	session->quota = 2;
	session_forget(send_one(0));
	assert_false(session_is_spent(session));
	session_forget(submit(1));
	assert_false(session_is_spent(session));
	fake->send_error = -ENOMEM;
	submit(1);
	assert_true(session_is_spent(session));
	fake_turn(&net);
	assert_told("refused", "-");
	assert_true(session_has_room(session));
	send_one(1);
	assert_true(session_is_spent(session));
	session_forget(flight(1));
	assert_true(session_is_spent(session));
	assert_int_equal(session->asked, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_connect_limit),
		TEST(test_connect_limit_ends_when_ready),
		TEST(test_life),
		READY_TEST(test_idle_limits),
		READY_TEST(test_keepalive_0_at_once),
		READY_TEST(test_idle_limit_is_renewed),
		READY_TEST(test_idle_limit_withdrawn),
		READY_TEST(test_idle_limit_while_busy),
		READY_TEST(test_idle_limit_after_a_refused_query),
		READY_TEST(test_life_ends_in_spite_of_idle_limits),
		READY_TEST(test_keepalive_not_spoken),
		READY_TEST(test_idle_learnt),
		READY_TEST(test_idle_learnt_after_a_withdrawal),
		TEST(test_idle_learnt_before_any_query),
		READY_TEST(test_quota),
		READY_TEST(test_quota_counts_what_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
