/* Answers that are errors: who else is asked, which one the client gets, whom it puts in doubt. */
#include "tests/unit/pool_case.h"

static int begin(void **state)
{
	(void)state;
	init(5, 2, POLICY_FAILOVER, 1, 3);
	return 0;
}

static void start_over(void)
{
	deinit();
	begin(NULL);
	connect_both();
}

static void ask_and_answer(unsigned i, struct fake *f)
{
	send_one(i);
	answer(i, f);
	turn();
	memset(&fates[i], 0, sizeof fates[i]);
}

/* All three have sessions: two were down while the third answered. */
static void connect_three(void)
{
	deinit();
	init(5, 3, POLICY_FAILOVER, 1, 3);
	submit(0);
	for (size_t u = 0; u < 2; u++, turn())
		fake_end(to(u), FAULT_RESET, STAGE_TCP);
	fake_ready(to(2));
	turn();
	answer(0, to(2));
	turn();
	memset(&fates[0], 0, sizeof fates[0]);
	for (; !to(0) || !to(1); pass(100 * MS))
		ask_and_answer(0, to(2));
	fake_ready(to(0));
	fake_ready(to(1));
	turn();
	ask_and_answer(0, to(0));
}

/* ------------------------------------------------------------------ what moves */

static const struct {
	const char *name;
	unsigned rcode;
	const char *options;
	bool moves;
} kinds[] = {
	{ "NODATA", RCODE_NOERROR, FAKE_NO_OPT, false },
	{ "FORMERR", RCODE_FORMERR, FAKE_NO_OPT, false },
	{ "NXDOMAIN", RCODE_NXDOMAIN, FAKE_NO_OPT, false },
	{ "NOTIMP", RCODE_NOTIMP, FAKE_NO_OPT, false },
	{ "SERVFAIL", RCODE_SERVFAIL, FAKE_NO_OPT, true },
	{ "REFUSED", RCODE_REFUSED, FAKE_NO_OPT, true },
	{ "SERVFAIL, EDE 5: indeterminate", RCODE_SERVFAIL, "000f 0002 0005", true },
	{ "SERVFAIL, EDE 6: bogus", RCODE_SERVFAIL, "000f 0002 0006", false },
	{ "SERVFAIL, EDE 12: NSEC missing", RCODE_SERVFAIL, "000f 0002 000c", false },
	{ "SERVFAIL, EDE 13: cached error", RCODE_SERVFAIL, "000f 0002 000d", true },
	{ "REFUSED, EDE 15: blocked", RCODE_REFUSED, "000f 0002 000f", false },
	{ "REFUSED, EDE 17: filtered", RCODE_REFUSED, "000f 0002 0011", false },
	{ "REFUSED, EDE 18: prohibited", RCODE_REFUSED, "000f 0002 0012", true },
	{ "SERVFAIL, EDE 22: no reachable authority", RCODE_SERVFAIL, "000f 0002 0016", true },
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		start_over();
		send_one(0);
		answer_nth_with(to(0), message_of(0, to(0)), kinds[i].rcode, kinds[i].options);
		turn();
		expect_int(kinds[i].name, fates[0].done, !kinds[i].moves);
		if (kinds[i].moves) {
			expect_int(kinds[i].name, stands(0), SENT);
			answer(0, to(1));
			turn();
		}
		assert_got(0, kinds[i].moves ? RCODE_NOERROR : kinds[i].rcode, kinds[i].moves);
	}
}

/* The only one is heard, whatever it says. */
static void test_only_upstream(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		deinit();
		init(5, 1, POLICY_FAILOVER, 1, 3);
		connect_to(0);
		send_one(0);
		answer_nth_with(to(0), message_of(0, to(0)), kinds[i].rcode, kinds[i].options);
		assert_null(asks[0].request.kept);
		turn();
		assert_got(0, kinds[i].rcode, 0);
	}
}

/* ------------------------------------------------------------------ which one is given */

#define S RCODE_SERVFAIL
#define R RCODE_REFUSED

static const struct {
	const char *name;
	unsigned said[3];
	unsigned given;
	size_t from;
} errors[] = {
	{ "all SERVFAIL", { S, S, S }, S, 0 },
	{ "REFUSED gives way", { R, S, S }, S, 1 },
	{ "to the last one, too", { R, R, S }, S, 2 },
	{ "SERVFAIL stays", { S, R, R }, S, 0 },
	{ "in the middle", { R, S, R }, S, 1 },
	{ "all REFUSED", { R, R, R }, R, 0 },
};

static void test_all_answer_with_errors(void **state)
{
	(void)state;
	for (size_t row = 0; row < COUNT_OF(errors); row++) {
		uint64_t before;

		connect_three();
		before = net.stats.upstream_queries;
		send_one(0);
		for (size_t u = 0; u < 3; u++) {
			expect_int(errors[row].name, fates[0].done, 0);
			expect(errors[row].name, flight_on(0, to(u)) != NULL);
			answer_with(0, to(u), errors[row].said[u]);
			turn();
		}
		expect_int(errors[row].name, fates[0].answered, 1);
		expect_int(errors[row].name, fates[0].rcode, errors[row].given);
		assert_got(0, errors[row].given, errors[row].from);
		assert_int_equal(net.stats.upstream_queries, before + 3);
	}
}

static void test_two_upstreams(void **state)
{
	static const unsigned said[][3] = { { S, S, 0 }, { R, S, 1 }, { S, R, 0 }, { R, R, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		start_over();
		send_one(0);
		answer_with(0, to(0), said[i][0]);
		turn();
		answer_with(0, to(1), said[i][1]);
		turn();
		assert_got(0, said[i][said[i][2]], said[i][2]);
	}
}

/* The place of one that moves on goes to the next who waits. */
static void test_error_makes_room(void **state)
{
	(void)state;
	connect_both();
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	turn();
	assert_int_equal(stands(3), WAITING);
	answer_with(0, to(0), S);
	turn();
	assert_non_null(flight_on(0, to(1)));
	assert_non_null(flight_on(3, to(0)));
	assert_int_equal(stands(4), WAITING);
}

/* The kept answer is whole, options and all. */
static void test_kept_answer_is_the_answer(void **state)
{
	(void)state;
	connect_both();
	send_one(0);
	answer_nth_with(to(0), message_of(0, to(0)), S, "000f 0002 0016");
	turn();
	answer_with(0, to(1), R);
	turn();
	assert_got(0, S, 0);
	assert_int_equal(fates[0].additional, 1);
}

/* Nobody else can be asked: at once where that is known, after 250 ms where it is not. */
static void test_error_and_the_other_is_refused(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	send_one(0);
	answer_with(0, a, S);
	turn();
	assert_int_equal(fates[0].done, 0);
	fake_end(to(1), FAULT_RESET, STAGE_TCP);
	turn();
	assert_got(0, S, 0);
	send_one(1); /* known to be down now */
	answer_with(1, a, R);
	turn();
	assert_got(1, R, 0);
}

static void test_error_and_the_other_is_a_black_hole(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	send_one(0);
	answer_with(0, a, S);
	pass(249 * MS);
	assert_int_equal(fates[0].done, 0);
	pass(1 * MS);
	assert_got(0, S, 0);
}

/* The other one is asked, and lost until nothing is left to pay with. */
static void test_error_and_the_other_is_lost(void **state)
{
	(void)state;
	connect_both();
	send_one(0);
	answer_with(0, to(0), S);
	turn();
	for (unsigned i = 0; i < 10 && !fates[0].done; i++) {
		fake_end(to(1), FAULT_PROTOCOL, STAGE_DNS);
		turn();
		if (to(1) && !to(1)->ready)
			fake_ready(to(1));
		turn();
		pass(500 * MS);
	}
	assert_got(0, S, 0);
}

/* A later good answer of the one that had failed is better than its error. */
static void test_late_answer_beats_kept_error(void **state)
{
	struct fake *a, *b;

	(void)state;
	connect_both();
	a = to(0);
	b = to(1);
	send_one(0);
	fall_silent(a);
	pass(250 * MS);
	answer_with(0, b, S);
	turn();
	assert_int_equal(fates[0].done, 0);
	answer(0, a);
	turn();
	assert_got(0, RCODE_NOERROR, 0);
}

/* ------------------------------------------------------------------ what was kept is freed */

/* A's error is kept while B is asked. */
static void keep_one(unsigned i)
{
	connect_both();
	send_one(i);
	answer_with(i, to(0), S);
	turn();
	assert_non_null(asks[i].request.kept);
	assert_non_null(flight_on(i, to(1)));
}

static void test_kept_and_cancelled(void **state)
{
	(void)state;
	keep_one(0);
	cancel(0);
	assert_null(asks[0].request.kept);
	fake_answer_nth(to(1), -1);
	turn();
	assert_int_equal(fates[0].done, 0);
	assert_int_equal(net.stats.upstream_late, 1);
}

static void test_kept_at_the_deadline(void **state)
{
	(void)state;
	keep_one(0);
	assert_reason(0, EDE_NETWORK_ERROR,
		A_LABEL ": no answer in time; " B_LABEL ": no answer in time");
	cancel(0);
	assert_null(asks[0].request.kept);
}

static void test_kept_and_answered(void **state)
{
	(void)state;
	keep_one(0);
	answer(0, to(1));
	turn();
	assert_got(0, RCODE_NOERROR, 1);
	assert_null(asks[0].request.kept);
}

static void test_kept_and_cancelled_when_done(void **state)
{
	(void)state;
	keep_one(0);
	answer_with(0, to(1), S);
	assert_int_equal(stands(0), DONE);
	cancel(0);
	assert_null(asks[0].request.kept);
	turn();
	assert_int_equal(fates[0].done, 0);
}

static void test_kept_while_waiting(void **state)
{
	struct fake *a = connect_to(0);

	(void)state;
	send_one(0);
	answer_with(0, a, S);
	turn();
	assert_int_equal(stands(0), WAITING);
	cancel(0);
	assert_null(asks[0].request.kept);
	assert_int_equal(pool.waiting_count, 0);
}

static void test_kept_at_the_end_of_all(void **state)
{
	(void)state;
	keep_one(0); /* end() cancels it: a leak is the sanitizer's to find */
}

static void ask_again(unsigned i)
{
	then = NULL;
	submit(i);
}

/* The same request asked again inside done(): the old one's answer is freed, and not its own. */
static void test_kept_and_asked_again(void **state)
{
	(void)state;
	keep_one(0);
	then = ask_again;
	answer_with(0, to(1), S);
	turn();
	assert_got(0, S, 0);
	assert_null(asks[0].request.kept);
	assert_non_null(flight_on(0, to(0))); /* everybody may have another say */
	answer_with(0, to(0), S);
	turn();
	answer(0, to(1));
	turn();
	assert_int_equal(fates[0].answered, 2);
	assert_int_equal(fates[0].rcode, RCODE_NOERROR);
}

/* ------------------------------------------------------------------ errors that others contradict */

/* A says this, B knows better or not. */
static void contradict(unsigned i, unsigned a_says, unsigned b_says)
{
	send_one(i);
	answer_with(i, to(0), a_says);
	turn();
	answer_with(i, to(1), b_says);
	turn();
	assert_int_equal(fates[i].answered, 1);
	memset(&fates[i], 0, sizeof fates[i]);
}

static bool is_doubted(size_t u)
{
	return health_doubtful(&ups[u].health);
}

static void put_a_in_doubt(void)
{
	connect_both();
	for (unsigned i = 0; i < HEALTH_ERRORS_MAX; i++) {
		assert_false(is_doubted(0));
		contradict(0, i % 2 ? S : R, i % 2 ? RCODE_NXDOMAIN : RCODE_NOERROR);
	}
	assert_true(is_doubted(0));
}

/* From then on B is asked first. */
static void test_five_in_a_row(void **state)
{
	(void)state;
	put_a_in_doubt();
	pass(1 * MS);
	send_one(0);
	assert_non_null(flight_on(0, to(1)));
	answer(0, to(1));
	turn();
	assert_got(0, RCODE_NOERROR, 1);
}

static void test_four_and_a_good_one(void **state)
{
	(void)state;
	connect_both();
	for (unsigned times = 0; times < 3; times++) {
		for (unsigned i = 1; i < HEALTH_ERRORS_MAX; i++)
			contradict(0, S, RCODE_NOERROR);
		assert_false(is_doubted(0));
		send_one(0);
		answer(0, to(0));
		turn();
		memset(&fates[0], 0, sizeof fates[0]);
	}
}

/* The name is broken, not the server. */
static void test_errors_that_agree(void **state)
{
	(void)state;
	connect_both();
	for (unsigned i = 0; i < 3 * HEALTH_ERRORS_MAX; i++)
		contradict(0, i % 2 ? S : R, i % 3 ? S : R);
	assert_false(is_doubted(0));
	assert_false(is_doubted(1));
}

/* B says of the name why it fails: that does not contradict A. */
static void test_errors_that_are_explained(void **state)
{
	(void)state;
	connect_both();
	for (unsigned i = 0; i < 2 * HEALTH_ERRORS_MAX; i++) {
		send_one(0);
		answer_with(0, to(0), S);
		turn();
		answer_nth_with(to(1), message_of(0, to(1)), S, "000f 0002 0006");
		turn();
		assert_got(0, S, 1);
		memset(&fates[0], 0, sizeof fates[0]);
	}
	assert_false(is_doubted(0));
}

/* In doubt, but the only one that is there. */
static void test_doubted_but_alone(void **state)
{
	(void)state;
	put_a_in_doubt();
	fake_end(to(1), FAULT_CLOSED, STAGE_DNS);
	turn();
	if (to(1))
		fake_end(to(1), FAULT_RESET, STAGE_TCP);
	turn();
	submit(0);
	turn();
	if (to(1))
		fake_end(to(1), FAULT_RESET, STAGE_TCP);
	turn();
	assert_non_null(flight_on(0, to(0)));
	answer(0, to(0));
	turn();
	assert_got(0, RCODE_NOERROR, 0);
	assert_false(is_doubted(0));
}

/* ------------------------------------------------------------------ copies of real queries */

/* Queries every 50 ms that B answers; how many went to A, too. A says `a_says`. */
static unsigned ask_b(unsigned queries, unsigned a_says)
{
	unsigned copies = 0;

	for (unsigned n = 0; n < queries; n++) {
		send_one(0);
		assert_non_null(flight_on(0, to(1)));
		if (to(0) && copy_on(to(0))) {
			copies++;
			answer_nth_with(to(0), copy_of(to(0)), a_says, FAKE_NO_OPT);
		}
		answer(0, to(1));
		turn();
		assert_int_equal(fates[0].answered, 1);
		memset(&fates[0], 0, sizeof fates[0]);
		if (!is_doubted(0))
			break;
		pass(50 * MS);
	}
	return copies;
}

/* 0.25 s, 0.5, 1, 2, 4, 8, then every 10 s; errors of copies count as errors. */
static void test_copies_grow_rare(void **state)
{
	unsigned copies;

	(void)state;
	put_a_in_doubt();
	copies = ask_b(20 * 20, S); /* 20 s */
	assert_int_equal(copies, 7);
	copies = ask_b(20 * 60, S);
	assert_int_equal(copies, 6);
	assert_true(is_doubted(0));
}

static void test_good_copy_brings_it_back(void **state)
{
	(void)state;
	put_a_in_doubt();
	assert_int_equal(ask_b(100, RCODE_NOERROR), 1);
	assert_false(is_doubted(0));
	send_one(0);
	assert_non_null(flight_on(0, to(0)));
	assert_null(flight_on(0, to(1)));
}

/* Also where B is the faster one: its answer counts, A's says what it is worth. */
static void test_slower_copy_brings_it_back(void **state)
{
	(void)state;
	put_a_in_doubt();
	for (unsigned n = 0; n < 100 && is_doubted(0); n++) {
		long copy;

		send_one(0);
		copy = copy_on(to(0)) ? copy_of(to(0)) : -1;
		answer(0, to(1));
		turn();
		memset(&fates[0], 0, sizeof fates[0]);
		pass(20 * MS);
		if (copy >= 0)
			fake_answer_nth(to(0), copy);
		pass(30 * MS);
	}
	assert_false(is_doubted(0));
}

/* Without queries no copy is sent. */
static void test_no_copy_without_query(void **state)
{
	uint64_t before;

	(void)state;
	put_a_in_doubt();
	before = net.stats.upstream_queries;
	pass(600 * SEC);
	assert_int_equal(net.stats.upstream_queries, before);
}

/* A query of its own: it costs the client's no send, is not its answer, and outlives it. */
static void test_copy_is_a_query_of_its_own(void **state)
{
	struct fake *a;
	long copy;

	(void)state;
	put_a_in_doubt();
	pass(1 * SEC);
	a = to(0);
	send_one(0);
	assert_null(flight_on(0, a));
	assert_int_equal(asks[0].request.sends, 1);
	copy = copy_of(a);
	fake_answer_nth(a, copy);
	turn();
	assert_int_equal(fates[0].done, 0);
	assert_false(is_doubted(0));
	answer(0, to(1));
	turn();
	assert_got(0, RCODE_NOERROR, 1);
	assert_int_equal(net.stats.upstream_late, 0);
	assert_int_equal(net.stats.upstream_probes, 1);
}

/* The client's request may be gone and used for another question before the copy is answered. */
static void test_copy_outlives_its_query(void **state)
{
	struct fake *a;

	(void)state;
	put_a_in_doubt();
	pass(1 * SEC);
	a = to(0);
	send_one(0);
	cancel(0);
	memset(asks[0].name, 0xdd, sizeof asks[0].name);
	turn();
	fake_answer_nth(a, copy_of(a));
	turn();
	assert_false(is_doubted(0));
	assert_int_equal(fates[0].done, 0);
}

/* One at a time, and for 4 s at most. */
static void test_copy_without_answer(void **state)
{
	struct fake *a;

	(void)state;
	put_a_in_doubt();
	pass(1 * SEC);
	a = to(0);
	for (unsigned n = 0; n < 39; n++) {
		send_one(0);
		assert_true(copy_on(a));
		answer(0, to(1));
		pass(100 * MS);
		memset(&fates[0], 0, sizeof fates[0]);
	}
	assert_int_equal(net.stats.upstream_probes, 1);
	pass(200 * MS);
	assert_false(copy_on(a));
	assert_true(is_doubted(0));
}

static void test_copy_is_lost(void **state)
{
	(void)state;
	put_a_in_doubt();
	pass(1 * SEC);
	send_one(0);
	assert_true(copy_on(to(0)));
	fake_end(to(0), FAULT_CLOSED, STAGE_DNS);
	turn();
	assert_int_equal(pool.probe.request.state, REQUEST_IDLE);
	assert_int_equal(stands(0), SENT);
}

static void test_copy_out_at_the_end(void **state)
{
	(void)state;
	put_a_in_doubt();
	pass(1 * SEC);
	send_one(0);
	assert_true(copy_on(to(0))); /* end() finds nothing left */
}

/* A copy holds nothing up: what B loses is asked again at once. */
static void test_copy_holds_nothing_up(void **state)
{
	struct fake *b;

	(void)state;
	connect_three();
	for (unsigned i = 0; i < HEALTH_ERRORS_MAX; i++)
		contradict(0, S, RCODE_NOERROR);
	pass(1 * SEC);
	b = to(1);
	send_one(0);
	assert_true(copy_on(to(0)));
	assert_non_null(flight_on(0, b));
	fake_end(b, FAULT_CLOSED, STAGE_DNS);
	turn();
	assert_int_equal(stands(0), WAITING);
	if (to(1))
		fake_end(to(1), FAULT_RESET, STAGE_TCP);
	turn();
	assert_non_null(flight_on(0, to(2)));
}

/* It has no session, and closes each that it gets before the next copy is due. */
static void test_copy_to_one_that_closes_unused(void **state)
{
	unsigned copies = 0;

	(void)state;
	put_a_in_doubt();
	ask_b(20 * 20, S); /* the wait is at 10 s now */
	fake_end(to(0), FAULT_CLOSED, STAGE_DNS);
	turn();
	for (unsigned n = 0; n < 600 && copies == 0; n++) {
		struct fake *a;

		send_one(0);
		a = to(0);
		copies += a && copy_on(a);
		answer(0, to(1));
		turn();
		memset(&fates[0], 0, sizeof fates[0]);
		if (a && !a->ready)
			fake_ready(a);
		else if (a && net.clock_us - a->opened_us > 3 * SEC)
			fake_end(a, FAULT_CLOSED, STAGE_DNS);
		pass(100 * MS);
	}
	assert_int_equal(copies, 1);
}

/* What A answers well costs B nothing: no copy ever goes down. */
static void test_no_copy_downwards(void **state)
{
	uint64_t before;

	(void)state;
	connect_both();
	ups[1].health.errors = ups[1].health.contradicted = HEALTH_ERRORS_MAX;
	before = to(1)->sent_count;
	for (unsigned n = 0; n < 200; n++) {
		send_one(0);
		answer(0, to(0));
		pass(100 * MS);
		memset(&fates[0], 0, sizeof fates[0]);
	}
	assert_int_equal(to(1)->sent_count, before);
}

/* ------------------------------------------------------------------ silence */

/* Two sessions in a row took queries and answered none in time. */
static void put_a_in_doubt_by_silence(void)
{
	connect_both();
	for (unsigned i = 0; i < HEALTH_SILENT_MAX; i++) {
		struct fake *a = to(0);

		assert_false(is_doubted(0));
		send_one(0);
		assert_non_null(flight_on(0, a));
		fall_silent(a);
		assert_ptr_not_equal(to(0), a);
		fake_ready(to(0));
		turn();
		cancel(0);
	}
	assert_true(is_doubted(0));
}

static void test_silence_of_two_sessions(void **state)
{
	(void)state;
	put_a_in_doubt_by_silence();
	send_one(0);
	assert_non_null(flight_on(0, to(1)));
}

static void test_silence_and_an_answer(void **state)
{
	(void)state;
	connect_both();
	for (unsigned i = 0; i < 4; i++) {
		struct fake *a = to(0);

		send_one(0);
		fall_silent(a);
		fake_ready(to(0));
		turn();
		answer(0, to(0));
		turn();
		memset(&fates[0], 0, sizeof fates[0]);
		assert_false(is_doubted(0));
	}
}

static void test_copy_ends_silence(void **state)
{
	(void)state;
	put_a_in_doubt_by_silence();
	assert_int_equal(ask_b(100, RCODE_NXDOMAIN), 1);
	assert_false(is_doubted(0));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

/* ------------------------------------------------------------------ a pool that nobody can use now */

static const char *broken;

static const char *is_unusable(void *arg)
{
	assert_ptr_equal(arg, &broken);
	return broken;
}

/* Told at once, and nobody is connected to; afterwards all is as ever. */
static void test_unusable(void **state)
{
	(void)state;
	pool.unusable = is_unusable;
	pool.unusable_arg = &broken;
	broken = "there is no interface wg0";
	for (unsigned i = 0; i < 3; i++) {
		submit(i);
		assert_int_equal(fates[i].done, 0);
		turn();
		assert_int_equal(fates[i].failed, 1);
		assert_int_equal(fates[i].code, EDE_NETWORK_ERROR);
		assert_string_equal(fates[i].text, broken);
	}
	assert_int_equal(net.opened, 0);
	submit(3);
	cancel(3);
	turn();
	assert_int_equal(fates[3].done, 0);
	broken = NULL;
	connect_up();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unusable),
		TEST(test_kinds),
		TEST(test_only_upstream),
		TEST(test_all_answer_with_errors),
		TEST(test_two_upstreams),
		TEST(test_error_makes_room),
		TEST(test_kept_answer_is_the_answer),
		TEST(test_error_and_the_other_is_refused),
		TEST(test_error_and_the_other_is_a_black_hole),
		TEST(test_error_and_the_other_is_lost),
		TEST(test_late_answer_beats_kept_error),
		TEST(test_kept_and_cancelled),
		TEST(test_kept_at_the_deadline),
		TEST(test_kept_and_answered),
		TEST(test_kept_and_cancelled_when_done),
		TEST(test_kept_while_waiting),
		TEST(test_kept_at_the_end_of_all),
		TEST(test_kept_and_asked_again),
		TEST(test_five_in_a_row),
		TEST(test_four_and_a_good_one),
		TEST(test_errors_that_agree),
		TEST(test_errors_that_are_explained),
		TEST(test_doubted_but_alone),
		TEST(test_copies_grow_rare),
		TEST(test_good_copy_brings_it_back),
		TEST(test_slower_copy_brings_it_back),
		TEST(test_no_copy_without_query),
		TEST(test_copy_is_a_query_of_its_own),
		TEST(test_copy_outlives_its_query),
		TEST(test_copy_without_answer),
		TEST(test_copy_is_lost),
		TEST(test_copy_out_at_the_end),
		TEST(test_copy_holds_nothing_up),
		TEST(test_copy_to_one_that_closes_unused),
		TEST(test_no_copy_downwards),
		TEST(test_silence_of_two_sessions),
		TEST(test_silence_and_an_answer),
		TEST(test_copy_ends_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
