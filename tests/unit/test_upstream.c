#include "proxy/upstream/upstream.h"

#include "common/base/log.h"
#include "tests/unit/cm.h"
#include "tests/unit/fake_transport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LABEL "tls://192.0.2.1:853#dns.test"
#define ASKS  64

static struct fake_net net;
static struct upstream up;
static struct ask asks[ASKS];
static bool wanted;
static unsigned rooms, returns, spents, answers;

/* ------------------------------------------------------------------ the owner */

static bool on_wanted(void *arg)
{
	assert_ptr_equal(arg, &wanted);
	return wanted;
}

static void on_room(void *arg)
{
	assert_ptr_equal(arg, &wanted);
	assert_non_null(upstream_session(&up));
	rooms++;
}

static void on_returned(void *arg, struct request *r)
{
	assert_ptr_equal(arg, &wanted);
	assert_int_equal(r->state, REQUEST_RETURNED);
	returns++;
	spents += r->sends > 0;
}

static void on_answered(void *arg, struct request *r)
{
	assert_ptr_equal(arg, &wanted);
	assert_string_equal(r->upstream, LABEL);
	answers++;
}

static const struct upstream_owner owner = {
	.wanted = on_wanted,
	.room = on_room,
	.returned = on_returned,
	.answered = on_answered,
};

/* ------------------------------------------------------------------ the stage */

static int begin(void **state)
{
	(void)state;
	fake_net_init(&net, 3);
	wanted = false;
	rooms = returns = spents = answers = 0;
	memset(&up, 0, sizeof up);
	up.session = fake_setup(&net);
	up.connections = 2;
	up.label = LABEL;
	up.owner = &owner;
	up.owner_arg = &wanted;
	upstream_init(&up);
	for (unsigned i = 0; i < ASKS; i++)
		ask_init(&asks[i], i);
	return 0;
}

static int end(void **state)
{
	size_t opened = net.opened;

	(void)state;
	wanted = true;
	upstream_deinit(&up);
	assert_int_equal(net.turn.timers.count, 0);
	fake_net_deinit(&net);
	assert_int_equal(net.opened, opened);
	return 0;
}

/* A client's query is there. */
static void want(void)
{
	wanted = true;
	upstream_touch(&up);
	upstream_ensure(&up);
}

static size_t sessions_of(enum session_state wanted_state)
{
	size_t count = 0;

	list_for_each(n, &up.sessions)
		count += container_of(n, struct session, node)->state == wanted_state;
	return count;
}

/* The counts are those of the list, and no transport is left over. */
static void check(void)
{
	assert_int_equal(up.ready, sessions_of(SESSION_READY));
	assert_int_equal(up.connecting, sessions_of(SESSION_CONNECTING));
	assert_int_equal(sessions_of(SESSION_ENDED), 0);
	assert_int_equal(fake_open_count(&net),
		up.ready + up.connecting + sessions_of(SESSION_RETIRING));
	assert_true(up.connecting <= UPSTREAM_ATTEMPTS_MAX);
}

static void pass(uint64_t us)
{
	fake_wait(&net, us);
	check();
}

/* Opens a session: connects, is ready. */
static struct fake *connect_up(void)
{
	struct fake *f;

	want();
	f = fake_at(&net, -1);
	fake_ready(f);
	wanted = false;
	fake_turn(&net);
	check();
	return f;
}

static void ask(unsigned i)
{
	struct session *s = upstream_session(&up);

	upstream_touch(&up);
	assert_non_null(s);
	session_submit(s, &asks[i].request);
	fake_turn(&net);
	assert_int_equal(asks[i].request.state, REQUEST_SENT);
}

static void ask_and_answer(struct fake *f)
{
	unsigned before = answers;

	ask(0);
	fake_answer_nth(f, -1);
	fake_turn(&net);
	assert_int_equal(answers, before + 1);
}

/* The newest attempt fails. */
static void lose(enum transport_fault fault, enum transport_stage stage)
{
	fake_end(fake_at(&net, -1), fault, stage);
	fake_turn(&net);
	check();
}

/* How long until another transport is opened, the others doing nothing. */
static uint64_t time_to_open(uint64_t limit_us)
{
	size_t opened = net.opened + net.refused;
	uint64_t from = net.clock_us;

	while (net.opened + net.refused == opened) {
		if (timerq_next_us(&net.turn.timers) > from + limit_us || !fake_next_timer(&net))
			return UINT64_MAX;
	}
	return net.clock_us - from;
}

static void assert_about(const char *row, uint64_t got, uint64_t want_us)
{
	if (got < want_us * 4 / 5 || got > want_us * 6 / 5)
		fail_msg("%s: %llu us, not %llu +-20 %%", row, (unsigned long long)got,
			(unsigned long long)want_us);
}

/* ------------------------------------------------------------------ without queries: nothing */

static void test_nothing_by_itself(void **state)
{
	(void)state;
	upstream_ensure(&up);
	pass(3600 * SEC);
	assert_int_equal(net.opened, 0);
	assert_int_equal(net.turn.timers.count, 0);
	assert_null(upstream_session(&up));
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
	assert_null(upstream_session(&up));
	fake_ready(fake_at(&net, 0));
	assert_int_equal(rooms, 1);
	assert_int_equal(up.ready, 1);
	assert_int_equal(up.connecting, 0);
	assert_non_null(upstream_session(&up));
	pass(60 * SEC);
	assert_int_equal(net.opened, 1);
}

/* A session that nobody uses is not replaced, and has nothing sent on it. */
static void test_unused_session_is_let_go(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	pass(20 * SEC);
	fake_end(f, FAULT_CLOSED, STAGE_DNS);
	pass(3600 * SEC);
	assert_int_equal(net.opened, 1);
	assert_int_equal(f->sent_count, 0);
}

/* A session that asked no more than an hour: its end opens no other. */
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
		const char *row = ahead_rows[i].name;
		struct fake *f;

		if (i > 0) {
			end(state);
			begin(state);
		}
		f = connect_up();
		if (ahead_rows[i].answered)
			ask_and_answer(f);
		else
			ask(0);
		pass(ahead_rows[i].silence_us);
		fake_end(f, FAULT_CLOSED, STAGE_DNS);
		fake_turn(&net);
		check();
		expect_int(row, net.opened, ahead_rows[i].opened);
		pass(60 * SEC);
	}
}

static void test_ahead_is_given_up_when_nobody_asks(void **state)
{
	struct fake *f = connect_up();
	size_t opened;

	(void)state;
	ask_and_answer(f);
	fake_end(f, FAULT_RESET, STAGE_DNS);
	for (unsigned i = 0; i < 1000 && net.clock_us < FAKE_START_US + 29 * SEC; i++) {
		if (up.connecting > 0)
			lose(FAULT_RESET, STAGE_TCP);
		else if (!fake_next_timer(&net))
			break;
	}
	assert_true(net.opened > 15); /* 30 s with a second between, and the cap */
	pass(5 * SEC);
	opened = net.opened;
	if (up.connecting > 0)
		lose(FAULT_RESET, STAGE_TCP);
	pass(3600 * SEC);
	assert_int_equal(net.opened, opened);
}

/* Each ahead-opened session must be of use, or it is the last. */
static void test_ahead_only_once_without_use(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask_and_answer(f);
	fake_end(f, FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(net.opened, 2);
	fake_ready(fake_at(&net, -1));
	pass(SEC);
	lose(FAULT_CLOSED, STAGE_DNS);
	pass(60 * SEC);
	assert_int_equal(net.opened, 2);
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
	session_retire(upstream_session(&up));
	assert_null(upstream_session(&up));
	fake_turn(&net);
	check();
	assert_int_equal(net.opened, 2);
	fake_ready(fake_at(&net, 1));
	check();
	ask(2);
	assert_int_equal(fake_at(&net, 1)->sent_count, 1);
	fake_answer_nth(f, 1);
	fake_turn(&net);
	check();
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
	session_retire(upstream_session(&up));
	fake_turn(&net);
	assert_int_equal(net.opened, 1);
	want();
	assert_int_equal(net.opened, 2);
	check();
}

/* ------------------------------------------------------------------ backoff */

/* With queries waiting, each attempt refused at once: the waits between. */
static void test_backoff_schedule(void **state)
{
	static const uint64_t waits[] = { 100 * MS, 200 * MS, 400 * MS, 800 * MS, SEC, SEC, SEC, SEC };
	uint64_t shortest = UINT64_MAX, longest = 0;

	(void)state;
	want();
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		lose(FAULT_RESET, STAGE_TCP);
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
		assert_about("two minutes", time_to_open(10 * SEC), 5 * SEC);
	}
}

/* After a good handshake the next failure is the first again. */
static void test_backoff_reset(void **state)
{
	(void)state;
	want();
	for (unsigned i = 0; i < 6; i++) {
		lose(FAULT_RESET, STAGE_TCP);
		time_to_open(10 * SEC);
	}
	fake_ready(fake_at(&net, -1));
	assert_int_equal(up.backoff.failures, 0);
	ask_and_answer(fake_at(&net, -1));
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
	wanted = false;
	pass(60 * SEC);
	assert_int_equal(net.opened, 1);
	want();
	assert_int_equal(net.opened, 2);
}

/* open() itself fails, or it ends with a fault of ours. */
static void test_local_faults_do_not_grow_backoff(void **state)
{
	(void)state;
	net.refuse = true;
	want();
	for (unsigned i = 1; i < 100; i++) {
		uint64_t got = time_to_open(10 * SEC);

		assert_true(got <= SEC);
		assert_int_equal(net.refused, i + 1);
	}
	assert_int_equal(net.opened, 0);
	assert_int_equal(net.stats.connects_failed, 100);
	assert_int_equal(up.backoff.failures, 0);
	assert_int_equal(net.stats.bound_connects, 0);
	net.refuse = false;
	time_to_open(10 * SEC);
	for (unsigned i = 0; i < 100; i++) {
		lose(FAULT_LOCAL, STAGE_ROUTE);
		assert_true(time_to_open(10 * SEC) <= SEC);
	}
	assert_int_equal(up.backoff.failures, 0);
	assert_int_equal(net.stats.bound_connects, 0);
	lose(FAULT_RESET, STAGE_TCP);
	assert_about("the first that counts", time_to_open(10 * SEC), 100 * MS);
}

/* ------------------------------------------------------------------ joining */

/* Nothing comes back: attempts at 0, 1 and 2 s, no more than three, each for 5 s. */
static void test_joins(void **state)
{
	(void)state;
	want();
	for (unsigned i = 1; i < UPSTREAM_ATTEMPTS_MAX; i++) {
		pass(SEC - 1);
		assert_int_equal(net.opened, i);
		pass(1);
		assert_int_equal(net.opened, i + 1);
		assert_int_equal(up.connecting, i + 1);
	}
	pass(3 * SEC - 1);
	assert_int_equal(net.opened, 3);
	pass(1);
	assert_true(fake_at(&net, 0)->freed);
}

/* As long as somebody waits, one that returns is met within a second, all the time. */
static void test_black_hole_is_always_tried(void **state)
{
	uint64_t last = net.clock_us;
	size_t opened;

	(void)state;
	want();
	opened = net.opened;
	for (unsigned i = 0; i < 600; i++) {
		pass(100 * MS);
		upstream_touch(&up);
		if (net.opened > opened)
			last = net.clock_us;
		opened = net.opened;
		assert_true(up.connecting <= UPSTREAM_ATTEMPTS_MAX);
		/* Three open, the oldest for up to 5 s: the next replaces it then, or after the backoff. */
		if (net.clock_us - last > 4500 * MS)
			fail_msg("no fresh attempt for %llu ms at %llu ms",
				(unsigned long long)((net.clock_us - last) / 1000),
				(unsigned long long)((net.clock_us - FAKE_START_US) / 1000));
	}
}

static void test_join_when_nothing_follows_the_syn_ack(void **state)
{
	(void)state;
	want();
	pass(500 * MS);
	fake_establish(fake_at(&net, 0));
	pass(900 * MS);
	assert_int_equal(net.opened, 1);
	pass(SEC); /* and nothing came after it */
	assert_int_equal(net.opened, 2);
}

static void test_join_when_the_established_one_fails(void **state)
{
	(void)state;
	want();
	pass(SEC);
	fake_establish(fake_at(&net, 1));
	pass(900 * MS);
	assert_int_equal(net.opened, 2);
	fake_end(fake_at(&net, 1), FAULT_PROTOCOL, STAGE_TLS);
	pass(1200 * MS); /* the oldest stands without SYN-ACK for 3.1 s */
	assert_true(net.opened >= 3);
}

static void test_no_join_when_not_wanted(void **state)
{
	(void)state;
	want();
	wanted = false;
	pass(4 * SEC);
	assert_int_equal(net.opened, 1);
}

/* An attempt made ahead hangs; a query comes: it is joined as if it were new. */
static void test_query_joins_an_old_attempt(void **state)
{
	(void)state;
	want();
	wanted = false;
	pass(1500 * MS);
	want();
	pass(SEC);
	assert_true(net.opened >= 2);
}

static void test_local_fault_does_not_end_joining(void **state)
{
	(void)state;
	want();
	net.refuse = true;
	pass(1100 * MS);
	net.refuse = false;
	pass(1900 * MS); /* the first stands for 3 s */
	assert_true(net.opened >= 2);
}

static void test_others_are_dropped(void **state)
{
	(void)state;
	for (long winner = 0; winner < 3; winner++) {
		if (winner > 0) {
			end(state);
			begin(state);
		}
		want();
		pass(2 * SEC);
		assert_int_equal(up.connecting, 3);
		fake_establish(fake_at(&net, (winner + 1) % 3));
		fake_ready(fake_at(&net, winner));
		for (long i = 0; i < 3; i++)
			assert_int_equal(fake_at(&net, i)->closed, i != winner);
		check();
		assert_int_equal(up.ready, 1);
		assert_int_equal(up.connecting, 0);
		assert_int_equal(rooms, 1);
		assert_int_equal(net.stats.connects_failed, 0);
		fake_turn(&net);
		for (long i = 0; i < 3; i++)
			assert_int_equal(fake_at(&net, i)->freed, i != winner);
		pass(60 * SEC);
		assert_int_equal(net.opened, 3);
	}
}

/* One of several fails: the others go on, no retry beside them. */
static void test_one_of_several_fails(void **state)
{
	(void)state;
	want();
	pass(SEC);
	fake_end(fake_at(&net, 0), FAULT_RESET, STAGE_TCP);
	fake_turn(&net);
	check();
	assert_int_equal(up.connecting, 1);
	fake_ready(fake_at(&net, 1));
	check();
	assert_int_equal(up.ready, 1);
	pass(30 * SEC);
	assert_int_equal(net.opened, 2);
}

/* ------------------------------------------------------------------ fruitless connections */

/* Connects, runs `bad` on each, until `limit_us` have passed.  Returns how many were opened. */
static size_t storm(void (*bad)(struct fake *f), uint64_t limit_us)
{
	uint64_t until = net.clock_us + limit_us;
	size_t before = net.opened;

	want();
	for (unsigned i = 0; i < 5000; i++) {
		if (up.connecting > 0)
			bad(fake_at(&net, -1));
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
	fake_end(f, FAULT_CLOSED, STAGE_DNS);
	fake_turn(&net);
	want();
}

static void take_and_reset(struct fake *f)
{
	fake_ready(f);
	ask(0);
	fake_end(f, FAULT_RESET, STAGE_DNS);
	fake_turn(&net);
	want();
}

static void refuse_handshake(struct fake *f)
{
	fake_establish(f);
	fake_end(f, FAULT_PROTOCOL, STAGE_AUTH);
	fake_turn(&net);
	up.backoff = (struct backoff){ 0 }; /* as if it had been up between */
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

static void test_at_most_20_fruitless_in_10_s(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(storms); i++) {
		const char *row = storms[i].name;
		size_t opened;

		if (i > 0) {
			end(state);
			begin(state);
		}
		opened = storm(storms[i].bad, 10 * SEC - 1);
		if (opened != UPSTREAM_FRUITLESS_MAX)
			fail_msg("%s: %zu connections in 10 s", row, opened);
		expect(row, net.stats.bound_connects > 0);
		opened = storm(storms[i].bad, 20 * SEC);
		expect(row, opened >= UPSTREAM_FRUITLESS_MAX && opened <= 3 * UPSTREAM_FRUITLESS_MAX);
	}
}

/* A server that closes after every answer is not a storm. */
static void take_answer_close(struct fake *f)
{
	fake_ready(f);
	ask_and_answer(f);
	fake_end(f, FAULT_CLOSED, STAGE_DNS);
	fake_turn(&net);
	if (net.opened >= 100)
		wanted = false;
	upstream_touch(&up);
}

static void test_answering_sessions_are_not_limited(void **state)
{
	(void)state;
	want();
	for (unsigned i = 0; i < 100; i++)
		take_answer_close(fake_at(&net, -1));
	assert_true(net.opened >= 100);
	assert_int_equal(net.clock_us, FAKE_START_US);
	assert_int_equal(net.stats.bound_connects, 0);
}

/* ------------------------------------------------------------------ side by side */

static void test_connections_limit(void **state)
{
	(void)state;
	up.connections = 3;
	up.session.max_inflight = 1;
	for (unsigned i = 0; i < 3; i++) {
		connect_up();
		assert_int_equal(up.ready, i + 1);
		ask(i);
		assert_null(upstream_session(&up));
	}
	want();
	assert_int_equal(net.opened, 3);
	pass(2 * SEC);
	assert_int_equal(net.opened, 3);
	fake_answer_nth(fake_at(&net, 1), 0);
	assert_non_null(upstream_session(&up));
	fake_turn(&net);
	ask(5);
	assert_int_equal(fake_at(&net, 1)->sent_count, 2);
	check();
}

static void test_second_only_when_wanted(void **state)
{
	(void)state;
	connect_up();
	upstream_ensure(&up);
	assert_int_equal(net.opened, 1);
	want();
	assert_int_equal(net.opened, 2);
	assert_int_equal(up.connecting, 1);
	fake_ready(fake_at(&net, 1));
	check();
	assert_int_equal(up.ready, 2); /* a ready one is no attempt to be dropped */
}

static void test_loss_of_one_of_two(void **state)
{
	struct fake *a = connect_up(), *b;

	(void)state;
	ask_and_answer(a);
	b = connect_up();
	fake_end(a, FAULT_CLOSED, STAGE_DNS);
	pass(60 * SEC);
	assert_int_equal(net.opened, 2); /* one is enough */
	assert_int_equal(up.ready, 1);
	assert_false(b->ended);
}

static void test_queries_come_back(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask(0);
	ask(1);
	fake_end(f, FAULT_TIMEOUT, STAGE_DNS);
	assert_int_equal(returns, 2);
	assert_int_equal(spents, 2);
	assert_int_equal(net.stats.sessions_ended, 1);
}

static void test_deinit_gives_back(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	ask_and_answer(f);
	ask(1);
	wanted = true;
	upstream_deinit(&up);
	assert_int_equal(returns, 1);
	assert_true(f->closed);
	assert_int_equal(net.opened, 1);
	fake_turn(&net);
	assert_true(f->freed);
	upstream_ensure(&up);
	assert_int_equal(net.opened, 1);
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
		wanted = false;
		session_retire(container_of(up.sessions.prev, struct session, node));
		fake_turn(&net);
		check();
	}
	assert_int_equal(net.stats.bound_sessions, 0);
	want();
	want();
	assert_int_equal(net.opened, UPSTREAM_SESSIONS_MAX);
	assert_int_equal(net.stats.bound_sessions, 2);
	fake_answer_nth(fake_at(&net, 3), 0);
	fake_turn(&net);
	check();
	assert_int_equal(net.opened, UPSTREAM_SESSIONS_MAX + 1); /* one has gone */
}

/* It takes queries and answers nothing: a failure, and a connection that was of no use. */
static void test_mute_session(void **state)
{
	const char *reason;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		connect_up();
		ask(i);
		pass(4 * SEC);
		assert_int_equal(returns, i + 1);
		assert_int_equal(up.ready, 0);
		assert_int_equal(upstream_standing(&up, &reason), UPSTREAM_DOWN);
		assert_string_equal(reason, LABEL ": DNS: takes queries and answers nothing");
	}
	assert_int_equal(up.failures, 3);
	assert_int_equal(up.fruitless_next, 3);
	assert_string_equal(upstream_last_loss(&up), "takes queries and answers nothing");
}

/* It did answer once: no useless connection, but an outage all the same. */
static void test_mute_session_that_had_answered(void **state)
{
	const char *reason;

	(void)state;
	ask_and_answer(connect_up());
	ask(1);
	pass(2500 * MS);
	assert_int_equal(returns, 1);
	assert_int_equal(up.failures, 1);
	assert_int_equal(up.fruitless_next, 0);
	assert_int_equal(upstream_standing(&up, &reason), UPSTREAM_DOWN);
	assert_string_equal(reason, LABEL ": DNS: takes queries and answers nothing");
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
}

/* ------------------------------------------------------------------ standing, log */

static void test_last_loss(void **state)
{
	(void)state;
	assert_string_equal(upstream_last_loss(&up), "no connection");
	want();
	lose(FAULT_RESET, STAGE_TCP);
	assert_string_equal(upstream_last_loss(&up), "the test says so");
}

static void assert_standing(enum upstream_standing standing, const char *reason)
{
	const char *got = NULL;

	assert_int_equal(upstream_standing(&up, &got), standing);
	assert_string_equal(got, reason);
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
	wanted = false;
	pass(60 * SEC);
	lose(FAULT_CLOSED, STAGE_DNS); /* a limit is no failure */
	assert_standing(UPSTREAM_STARTING, LABEL);
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
	wanted = false;
	pass(5 * SEC);
	assert_standing(UPSTREAM_DOWN, LABEL ": TCP: no answer within 5 s");
}

static int log_fd;
static off_t log_read;
static char log_text[8192];

static void catch_log(void)
{
	log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(log_fd >= 0);
	log_read = 0;
	log_open(log_fd, LOG_LEVEL_INFO, true);
}

/* How often it stands there since the last call of read_log. */
static unsigned count_in_log(const char *text)
{
	unsigned count = 0;

	for (const char *p = log_text; (p = strstr(p, text)); p++)
		count++;
	return count;
}

static void read_log(void)
{
	ssize_t n = pread(log_fd, log_text, sizeof log_text - 1, log_read);

	assert_true(n >= 0);
	log_text[n] = '\0';
	log_read += n;
}

static void let_log_go(void)
{
	log_open(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_LEVEL_DEBUG, false);
	close(log_fd);
}

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
	assert_int_equal(count_in_log("<4>upstream " LABEL ": TCP: the test says so; trying again in 0.1 s"), 1);
	lose(FAULT_PROTOCOL, STAGE_TLS);
	time_to_open(20 * SEC);
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(count_in_log("<4>upstream " LABEL ": TLS: the test says so"), 1);
	fake_ready(fake_at(&net, -1));
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
	read_log();
	assert_string_equal(log_text, ""); /* a server's close is nobody's news */
	let_log_go();
}

/* Reasons that change all the time don't fill the log. */
static void test_log_of_changing_reasons(void **state)
{
	unsigned lines = 0;

	(void)state;
	catch_log();
	want();
	for (unsigned i = 0; net.clock_us < FAKE_START_US + 60 * SEC; i++) {
		lose(i % 2 ? FAULT_RESET : FAULT_PROTOCOL, i % 2 ? STAGE_TCP : STAGE_TLS);
		time_to_open(20 * SEC);
	}
	read_log();
	lines = count_in_log("\n");
	assert_true(lines >= 3 && lines <= 7);
	assert_true(count_in_log(": TCP: ") > 0 && count_in_log(": TLS: ") > 0);
	let_log_go();
}

/* Trouble with a second session is no outage. */
static void test_log_of_a_further_session(void **state)
{
	(void)state;
	connect_up();
	catch_log();
	want();
	assert_int_equal(net.opened, 2);
	lose(FAULT_RESET, STAGE_TCP);
	read_log();
	assert_string_equal(log_text, "");
	assert_int_equal(up.down_since_us, 0);
	let_log_go();
}

static void test_log_first_connection(void **state)
{
	(void)state;
	catch_log();
	connect_up();
	read_log();
	assert_int_equal(count_in_log("\n"), 1);
	assert_int_equal(count_in_log("<6>upstream " LABEL ": connected, TLS1.3 AES-128-GCM, authenticated"), 1);
	lose(FAULT_CLOSED, STAGE_DNS);
	connect_up();
	read_log();
	assert_string_equal(log_text, "");
	let_log_go();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_by_itself),
		TEST(test_opens_when_wanted),
		TEST(test_unused_session_is_let_go),
		TEST(test_end_of_life_opens_nothing),
		TEST(test_reopens_ahead_while_active),
		TEST(test_ahead_is_given_up_when_nobody_asks),
		TEST(test_ahead_only_once_without_use),
		TEST(test_retiring_session_is_replaced),
		TEST(test_retiring_session_blocks_nobody),
		TEST(test_backoff_schedule),
		TEST(test_backoff_reset),
		TEST(test_retry_only_when_wanted),
		TEST(test_local_faults_do_not_grow_backoff),
		TEST(test_joins),
		TEST(test_black_hole_is_always_tried),
		TEST(test_join_when_nothing_follows_the_syn_ack),
		TEST(test_join_when_the_established_one_fails),
		TEST(test_no_join_when_not_wanted),
		TEST(test_query_joins_an_old_attempt),
		TEST(test_local_fault_does_not_end_joining),
		TEST(test_others_are_dropped),
		TEST(test_one_of_several_fails),
		TEST(test_at_most_20_fruitless_in_10_s),
		TEST(test_answering_sessions_are_not_limited),
		TEST(test_connections_limit),
		TEST(test_second_only_when_wanted),
		TEST(test_loss_of_one_of_two),
		TEST(test_queries_come_back),
		TEST(test_deinit_gives_back),
		TEST(test_sessions_limit),
		TEST(test_mute_session),
		TEST(test_mute_session_that_had_answered),
		TEST(test_local_fault_of_a_session),
		TEST(test_last_loss),
		TEST(test_standing),
		TEST(test_standing_local),
		TEST(test_standing_timeout),
		TEST(test_log),
		TEST(test_log_of_changing_reasons),
		TEST(test_log_of_a_further_session),
		TEST(test_log_first_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
