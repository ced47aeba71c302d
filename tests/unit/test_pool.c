#include "proxy/upstream/pool.h"

#include "tests/unit/build.h"
#include "tests/unit/cm.h"
#include "tests/unit/fake_transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LABEL "tls://192.0.2.1:853#dns.test"
#define ASKS  48u
#define STEPS 100000u

/* What a test knows of a request, beside what the pool does. */
struct fate {
	bool inside;
	unsigned done, answered, failed;
	unsigned paid, bad; /* what its sends and answers must come to */
	enum ede_code code;
	char text[300];
};

static struct fake_net net;
static struct pool pool;
static struct ask asks[ASKS];
static struct fate fates[ASKS];
static bool turning; /* a turn is ending: the only time for done() */
static void (*then)(unsigned i); /* what the owner does inside done() */

/* ------------------------------------------------------------------ the owner of the requests */

static unsigned index_of(const struct request *r)
{
	return (unsigned)(container_of((uintptr_t)r, struct ask, request) - asks);
}

static void note_failure(struct fate *fate, const struct request *r)
{
	fate->failed++;
	fate->code = r->failure.code;
	assert_non_null(r->failure.text);
	snprintf(fate->text, sizeof fate->text, "%s", r->failure.text);
}

static void on_done(struct request *r)
{
	unsigned i = index_of(r);
	struct fate *fate = &fates[i];

	assert_true(turning);
	assert_true(fate->inside);
	assert_int_equal(r->state, REQUEST_IDLE);
	assert_false(list_linked(&r->node));
	fate->inside = false;
	fate->done++;
	if (r->answered) {
		fate->answered++;
		assert_true(ask_is_answered_right(r, &r->answer));
		assert_string_equal(r->upstream, LABEL);
		assert_string_equal(r->protocol, FAKE_PROTOCOL);
		assert_true(r->trusted);
	} else {
		note_failure(fate, r);
	}
	if (then)
		then(i);
}

static void turn(void)
{
	turning = true;
	fake_turn(&net);
	turning = false;
}

static void pass(uint64_t us)
{
	turning = true;
	fake_wait(&net, us);
	turning = false;
}

static struct request *submit(unsigned i)
{
	struct request *r = &asks[i].request;
	bool before = turning;

	assert_false(fates[i].inside);
	r->done = on_done;
	fates[i].inside = true;
	fates[i].paid = fates[i].bad = 0;
	turning = false;
	pool_submit(&pool, r);
	turning = before;
	assert_true(fates[i].inside);
	return r;
}

static void cancel(unsigned i)
{
	bool before = turning;

	turning = false;
	pool_cancel(&pool, &asks[i].request);
	turning = before;
	fates[i].inside = false;
	assert_int_equal(asks[i].request.state, REQUEST_IDLE);
}

/* ------------------------------------------------------------------ the stage */

static void init(uint64_t seed, unsigned connections, unsigned max_inflight)
{
	fake_net_init(&net, seed);
	memset(&pool, 0, sizeof pool);
	memset(fates, 0, sizeof fates);
	turning = false;
	then = NULL;
	pool.upstream.session = fake_setup(&net);
	pool.upstream.session.max_inflight = max_inflight;
	pool.upstream.connections = connections;
	pool.upstream.label = LABEL;
	pool_init(&pool);
	for (unsigned i = 0; i < ASKS; i++)
		ask_init(&asks[i], i);
}

/* Whatever is still inside is cancelled; nothing is left, nobody hears any more. */
static void deinit(void)
{
	for (unsigned i = 0; i < ASKS; i++)
		if (fates[i].inside)
			cancel(i);
	assert_int_equal(pool.waiting_count, 0);
	pool_deinit(&pool);
	assert_int_equal(net.turn.timers.count, 0);
	assert_true(list_empty(&pool.upstream.sessions));
	memset(&pool, 0xdd, sizeof pool); /* nobody looks at it any more */
	fake_net_deinit(&net);
}

static int begin(void **state)
{
	(void)state;
	init(5, 1, 3);
	return 0;
}

static int end(void **state)
{
	(void)state;
	deinit();
	return 0;
}

static struct fake *newest(void)
{
	return fake_at(&net, -1);
}

/* A ready session, with nothing to do. */
static struct fake *connect_up(void)
{
	submit(ASKS - 1);
	fake_ready(newest());
	turn();
	fake_answer_nth(newest(), -1);
	turn();
	assert_int_equal(fates[ASKS - 1].answered, 1);
	memset(&fates[ASKS - 1], 0, sizeof fates[0]);
	return newest();
}

static struct request *send_one(unsigned i)
{
	struct request *r = submit(i);

	turn();
	assert_int_equal(r->state, REQUEST_SENT);
	return r;
}

/* The next attempt is opened, whenever that is. */
static struct fake *await_attempt(void)
{
	turning = true;
	while (pool.upstream.connecting == 0)
		assert_true(fake_next_timer(&net));
	turning = false;
	return newest();
}

static void answer_malformed(struct fake *f, long i)
{
	uint8_t out[FAKE_ANSWER_MAX];
	size_t len = fake_answer(fake_sent(f, i), FAKE_NO_OPT, out);

	fake_deliver(f, out, len - 1);
}

/* The connection goes in the middle of the answer to the newest query. */
static void cut(struct fake *f, enum transport_fault fault)
{
	uint8_t partial[10] = { 0, 100 };

	memcpy(partial + 2, fake_sent(f, -1)->bytes, 8);
	fake_end_cut(f, fault, partial, sizeof partial);
}

/* ------------------------------------------------------------------ the way of a request */

static void test_from_nothing_to_an_answer(void **state)
{
	struct request *r = submit(0);

	(void)state;
	assert_int_equal(r->state, REQUEST_WAITING);
	assert_int_equal(pool.waiting_count, 1);
	assert_int_equal(net.opened, 1);
	turn();
	fake_ready(newest());
	assert_int_equal(r->state, REQUEST_WAITING); /* its turn comes in the deferred phase */
	turn();
	assert_int_equal(r->state, REQUEST_SENT);
	assert_int_equal(pool.waiting_count, 0);
	assert_true(ask_is_in(r, fake_sent(newest(), 0)));
	fake_answer_nth(newest(), 0);
	assert_int_equal(r->state, REQUEST_DONE);
	assert_int_equal(fates[0].done, 0);
	turn();
	assert_int_equal(fates[0].answered, 1);
	turn();
	assert_int_equal(fates[0].done, 1);
	assert_int_equal(r->sent_len, 128);
}

static void test_straight_to_a_ready_session(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	assert_int_equal(asks[0].request.state, REQUEST_QUEUED);
	submit(1);
	turn();
	assert_int_equal(f->sent_count, 3);
	fake_answer_nth(f, 2);
	fake_answer_nth(f, 1);
	turn();
	assert_int_equal(fates[0].answered, 1);
	assert_int_equal(fates[1].answered, 1);
	assert_int_equal(net.opened, 1);
}

static void test_queue_when_full(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		submit(i);
	turn();
	assert_int_equal(f->sent_count, 1 + 3);
	assert_int_equal(pool.waiting_count, 7);
	assert_int_equal(net.stats.bound_inflight, 7);
	assert_int_equal(net.opened, 1);
	for (unsigned i = 0; i < 10; i++) {
		/* The oldest goes first. */
		assert_true(ask_is_in(&asks[i].request, fake_sent(f, i + 1)));
		fake_answer_nth(f, i + 1);
		turn();
		assert_int_equal(fates[i].answered, 1);
		assert_int_equal(f->sent_count, 1 + (i + 4 < 10 ? i + 4 : 10));
	}
	assert_int_equal(pool.waiting_count, 0);
}

/* Who comes while others wait goes behind them, even when there is room in this very turn. */
static void test_nobody_overtakes(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	turn();
	fake_answer_nth(f, 1);
	submit(5);
	assert_int_equal(asks[5].request.state, REQUEST_WAITING);
	turn();
	assert_true(ask_is_in(&asks[3].request, fake_sent(f, -1)));
	cancel(1);
	submit(6);
	turn();
	assert_true(ask_is_in(&asks[4].request, fake_sent(f, -1)));
	cancel(2);
	turn();
	assert_true(ask_is_in(&asks[5].request, fake_sent(f, -1)));
}

static void test_second_session_when_full(void **state)
{
	struct fake *a, *b;

	(void)state;
	pool.upstream.connections = 2;
	a = connect_up();
	for (unsigned i = 0; i < 8; i++)
		submit(i);
	assert_int_equal(net.opened, 2);
	b = newest();
	fake_ready(b);
	turn();
	assert_int_equal(a->sent_count, 1 + 3);
	assert_int_equal(b->sent_count, 3);
	assert_int_equal(pool.waiting_count, 2);
	pass(2 * SEC);
	assert_int_equal(net.opened, 2);
}

static void test_retiring_session_takes_nothing(void **state)
{
	struct fake *a = connect_up(), *b;
	uint8_t out[FAKE_ANSWER_MAX];

	(void)state;
	send_one(0);
	send_one(1);
	fake_deliver(a, out, fake_answer(fake_sent(a, 1), "000b 0002 0000", out));
	submit(2);
	turn();
	assert_int_equal(fates[0].answered, 1);
	assert_int_equal(net.opened, 2);
	b = newest();
	assert_int_equal(asks[1].request.state, REQUEST_SENT);
	assert_int_equal(asks[2].request.state, REQUEST_WAITING);
	fake_ready(b);
	turn();
	assert_int_equal(b->sent_count, 1);
	fake_answer_nth(a, 2);
	fake_answer_nth(b, 0);
	turn();
	assert_int_equal(fates[1].answered, 1);
	assert_int_equal(fates[2].answered, 1);
	assert_true(a->closed && a->freed);
}

/* ------------------------------------------------------------------ loss */

static void test_three_sends_then_failure(void **state)
{
	static const enum transport_fault faults[] = { FAULT_CLOSED, FAULT_RESET, FAULT_TIMEOUT };
	size_t sent = 0;

	(void)state;
	submit(0);
	for (unsigned i = 0; i < 3; i++) {
		struct fake *f = await_attempt();

		assert_int_equal(fates[0].done, 0);
		fake_ready(f);
		turn();
		sent += f->sent_count;
		fake_end(f, faults[i], STAGE_DNS);
		assert_int_equal(asks[0].request.state, REQUEST_RETURNED);
		turn();
	}
	assert_int_equal(sent, 3);
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
	assert_string_equal(fates[0].text, LABEL ": asked 3 times, lost each time: the test says so");
	assert_int_equal(net.stats.upstream_repeats, 2);
	pass(10 * SEC);
	assert_int_equal(fates[0].done, 1);
}

/* A server that answers others and closes has a limit: that costs no send, however often. */
static void test_limits_cost_nothing(void **state)
{
	(void)state;
	connect_up();
	for (unsigned i = 0; i < 20; i++) {
		struct fake *f = newest();

		if (!f->ready)
			fake_ready(f);
		if (!fates[0].inside)
			submit(0);
		submit(1);
		turn();
		fake_answer_nth(f, -1);
		fake_end(f, i % 2 ? FAULT_CLOSED : FAULT_RESET, STAGE_DNS);
		turn();
		assert_int_equal(fates[0].done, 0);
		assert_int_equal(fates[1].answered, i + 1);
	}
	fake_ready(newest());
	turn();
	fake_answer_nth(newest(), -1);
	turn();
	assert_int_equal(fates[0].answered, 1);
}

/* But a half answer that cuts it does. */
static void test_half_answers_cost(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	for (unsigned i = 0; i < 3; i++) {
		if (!f->ready) {
			submit(1);
			fake_ready(f);
			turn();
			fake_answer_nth(f, -1);
			assert_true(ask_is_in(&asks[0].request, fake_sent(f, 0)));
		}
		turn();
		assert_int_equal(fates[0].done, 0);
		if (i == 0)
			cut(f, FAULT_CLOSED);
		else {
			uint8_t partial[4] = { 0, 100 };

			wire_put16(partial + 2, asks[0].request.id);
			fake_end_cut(f, FAULT_RESET, partial, sizeof partial);
		}
		turn();
		f = newest();
	}
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
}

/* What waited in a session without being sent has spent nothing, and gets nothing back. */
static void test_queued_in_a_lost_session(void **state)
{
	size_t sent = 0;

	(void)state;
	submit(0);
	for (unsigned i = 0; i < 8; i++) {
		struct fake *f = await_attempt();

		if (i % 2)
			f->room = 0;
		fake_ready(f);
		turn();
		sent += f->sent_count;
		if (i < 5)
			assert_int_equal(fates[0].done, 0);
		fake_end(f, FAULT_CLOSED, STAGE_DNS);
		turn();
		if (fates[0].done)
			break;
	}
	assert_int_equal(sent, 3);
	assert_int_equal(fates[0].failed, 1);
}

static void test_returned_before_it_was_sealed(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	fake_end(f, FAULT_CLOSED, STAGE_DNS);
	turn();
	assert_int_equal(asks[0].request.state, REQUEST_WAITING);
	assert_int_equal(asks[0].request.sends, 0);
	fake_ready(await_attempt());
	turn();
	assert_int_equal(asks[0].request.state, REQUEST_SENT);
}

/* A query is what makes an upstream active: its session is opened again ahead of the next. */
static void test_submit_makes_active(void **state)
{
	(void)state;
	fake_end(connect_up(), FAULT_CLOSED, STAGE_DNS);
	assert_int_equal(net.opened, 2);
	fake_ready(newest());
	turn();
	send_one(0);
	assert_int_equal(newest()->sent_count, 1);
}

/* Those that were lost are asked again in their order, in one go. */
static void test_all_move_to_the_next_session(void **state)
{
	struct fake *a = connect_up(), *b;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		submit(i);
	turn();
	fake_end(a, FAULT_RESET, STAGE_DNS);
	turn();
	assert_int_equal(pool.waiting_count, 3);
	assert_int_equal(net.opened, 2);
	b = newest();
	fake_ready(b);
	turn();
	for (unsigned i = 0; i < 3; i++)
		assert_true(ask_is_in(&asks[i].request, fake_sent(b, i)));
}

/* They waited longest: before those that were never sent, and before who comes now. */
static void test_lost_go_before_those_that_wait(void **state)
{
	struct fake *a = connect_up(), *b;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	turn();
	fake_end(a, FAULT_RESET, STAGE_DNS);
	submit(5);
	turn();
	b = newest();
	fake_ready(b);
	turn();
	for (unsigned i = 0; i < 6; i++) {
		assert_true(ask_is_in(&asks[i].request, fake_sent(b, i)));
		fake_answer_nth(b, i);
		turn();
	}
}

static void test_bad_answers_twice(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	answer_malformed(f, -1);
	assert_int_equal(fates[0].done, 0);
	turn();
	assert_int_equal(asks[0].request.state, REQUEST_SENT); /* asked once more */
	assert_int_equal(f->sent_count, 3);
	answer_malformed(f, -1);
	turn();
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_INVALID_DATA);
	assert_int_equal(fates[0].code, 24);
	assert_string_equal(fates[0].text, LABEL ": its answers are malformed");
	assert_int_equal(net.stats.upstream_malformed, 2);
}

static void test_bad_answer_then_a_good_one(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	answer_malformed(f, -1);
	turn();
	fake_answer_nth(f, -1);
	turn();
	assert_int_equal(fates[0].answered, 1);
	send_one(0); /* nothing is held against it */
	answer_malformed(f, -1);
	turn();
	assert_int_equal(asks[0].request.state, REQUEST_SENT);
}

/* The place of one that failed goes to the next who waits. */
static void test_failure_makes_room(void **state)
{
	struct fake *f;

	(void)state;
	pool.upstream.session.max_inflight = 1;
	f = connect_up();
	submit(0);
	submit(1);
	turn();
	answer_malformed(f, -1);
	turn();
	assert_int_equal(asks[0].request.state, REQUEST_SENT); /* the older one goes first */
	assert_int_equal(asks[1].request.state, REQUEST_WAITING);
	answer_malformed(f, -1);
	turn();
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(asks[1].request.state, REQUEST_SENT);
}

static void test_refused_by_the_transport(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	f->send_error = -ENOMEM;
	submit(0);
	submit(1);
	turn();
	assert_int_equal(asks[0].request.state, REQUEST_SENT); /* tried again at once */
	assert_int_equal(asks[0].request.sends, 2);
	assert_int_equal(asks[1].request.sends, 1);
	assert_int_equal(f->sent_count, 1 + 2);
}

/* A message too short to be one can never be sent: it is tried three times, and holds nobody up. */
static void test_cannot_be_built(void **state)
{
	static const uint8_t bytes[5];
	struct fake *f = connect_up();

	(void)state;
	asks[0].request.query.signed_message = bytes;
	asks[0].request.query.signed_len = sizeof bytes;
	submit(0);
	submit(1);
	turn();
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(fates[0].code, EDE_NETWORK_ERROR);
	assert_int_equal(asks[1].request.state, REQUEST_SENT);
	assert_int_equal(f->sent_count, 1 + 1);
}

/* ------------------------------------------------------------------ giving up */

static void assert_forgotten(unsigned i)
{
	const struct request *r = &asks[i].request;

	assert_int_equal(r->state, REQUEST_IDLE);
	assert_false(list_linked(&r->node));
	assert_false(list_linked(&r->work.node));
	turn();
	pass(SEC);
	assert_int_equal(fates[i].done, 0);
}

static void test_cancel_idle(void **state)
{
	(void)state;
	cancel(0);
	assert_forgotten(0);
}

static void test_cancel_waiting(void **state)
{
	(void)state;
	submit(0);
	submit(1);
	assert_int_equal(asks[0].request.state, REQUEST_WAITING);
	cancel(0);
	assert_int_equal(pool.waiting_count, 1);
	assert_forgotten(0);
	fake_ready(newest());
	turn();
	assert_int_equal(newest()->sent_count, 1);
	assert_true(ask_is_in(&asks[1].request, fake_sent(newest(), 0)));
}

static void test_cancel_queued(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	assert_int_equal(asks[0].request.state, REQUEST_QUEUED);
	cancel(0);
	assert_forgotten(0);
	assert_int_equal(f->sent_count, 1);
}

static void test_cancel_sent(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	cancel(0);
	assert_forgotten(0);
	fake_answer_nth(f, -1);
	turn();
	assert_int_equal(fates[0].done, 0);
	assert_int_equal(net.stats.upstream_late, 1);
}

static void test_cancel_returned(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	fake_end(f, FAULT_RESET, STAGE_DNS);
	assert_int_equal(asks[0].request.state, REQUEST_RETURNED);
	cancel(0);
	assert_int_equal(pool.waiting_count, 0);
	assert_forgotten(0);
	assert_int_equal(pool.waiting_count, 0);
}

/* Its answer was malformed; the place that it had goes to the next. */
static void test_cancel_returned_makes_room(void **state)
{
	struct fake *f;

	(void)state;
	pool.upstream.session.max_inflight = 1;
	f = connect_up();
	submit(0);
	submit(1);
	turn();
	answer_malformed(f, -1);
	assert_int_equal(asks[0].request.state, REQUEST_RETURNED);
	cancel(0);
	turn();
	assert_int_equal(asks[1].request.state, REQUEST_SENT);
}

static void test_cancel_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	send_one(0);
	fake_answer_nth(f, -1);
	assert_int_equal(asks[0].request.state, REQUEST_DONE);
	cancel(0);
	assert_forgotten(0);
}

static void test_cancel_makes_room(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	turn();
	cancel(1);
	turn();
	assert_int_equal(asks[3].request.state, REQUEST_SENT);
	submit(5);
	turn();
	assert_int_equal(asks[4].request.state, REQUEST_WAITING);
	cancel(4);
	cancel(0);
	turn();
	assert_int_equal(asks[5].request.state, REQUEST_SENT);
	assert_int_equal(f->sent_count, 1 + 5);
}

static void cancel_the_other(unsigned i)
{
	if (fates[1 - i].inside)
		cancel(1 - i);
}

/* Both were answered in one turn: the first one's owner gives up the second. */
static void test_cancel_inside_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	submit(1);
	turn();
	then = cancel_the_other;
	fake_answer_nth(f, 1);
	fake_answer_nth(f, 2);
	turn();
	assert_int_equal(fates[0].done, 1);
	assert_int_equal(fates[1].done, 0);
}

static unsigned again;

static void ask_again(unsigned i)
{
	if (again-- > 0)
		submit(i);
	else
		then = NULL;
}

static void test_submit_inside_done(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	then = ask_again;
	again = 3;
	submit(0);
	for (unsigned i = 0; i < 4; i++) {
		turn();
		assert_int_equal(asks[0].request.state, REQUEST_SENT);
		fake_answer_nth(f, -1);
		turn();
		assert_int_equal(fates[0].answered, i + 1);
	}
	assert_false(fates[0].inside);
}

/* A failed one asked again at once begins anew. */
static void test_submit_inside_failure(void **state)
{
	(void)state;
	then = ask_again;
	again = 1;
	submit(0);
	for (unsigned i = 0; i < 6; i++) {
		fake_ready(await_attempt());
		turn();
		fake_end(newest(), FAULT_RESET, STAGE_DNS);
		turn();
		assert_int_equal(fates[0].failed, (i + 1) / 3);
	}
	assert_int_equal(net.stats.upstream_queries, 6);
}

/* ------------------------------------------------------------------ reasons */

static void assert_reason(unsigned i, enum ede_code code, const char *text)
{
	struct ede why = pool_reason(&pool, &asks[i].request);

	assert_int_equal(why.code, code);
	assert_string_equal(why.text, text);
}

static void test_reasons(void **state)
{
	struct fake *f;

	(void)state;
	submit(0);
	assert_reason(0, EDE_NOT_READY, LABEL ": still connecting");
	fake_end(newest(), FAULT_RESET, STAGE_TCP);
	assert_reason(0, EDE_NO_REACHABLE_AUTHORITY, LABEL ": TCP: the test says so");
	f = await_attempt();
	fake_ready(f);
	turn();
	assert_reason(0, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	for (unsigned i = 1; i < 5; i++)
		submit(i);
	assert_reason(1, EDE_NETWORK_ERROR, LABEL ": no answer in time");
	assert_reason(4, EDE_NETWORK_ERROR, LABEL ": too many queries in flight");
	fake_end(f, FAULT_TIMEOUT, STAGE_DNS);
	turn();
	assert_reason(4, EDE_NO_REACHABLE_AUTHORITY, LABEL ": DNS: the test says so");
}

/* ------------------------------------------------------------------ no end of anything */

static void test_deinit_with_work_cancelled(void **state)
{
	struct fake *f = connect_up();

	(void)state;
	submit(0);
	submit(1);
	submit(2);
	submit(3);
	turn();
	fake_answer_nth(f, 1);
	answer_malformed(f, 2);
	assert_int_equal(asks[0].request.state, REQUEST_DONE);
	assert_int_equal(asks[1].request.state, REQUEST_RETURNED);
	/* end() cancels them and checks the rest. */
}

static void test_submit_never_calls_back(void **state)
{
	(void)state;
	net.refuse = true; /* whatever goes wrong inside the call */
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	assert_int_equal(pool.waiting_count, 5);
	pass(60 * SEC);
	assert_int_equal(pool.waiting_count, 5); /* deadlines are the owner's */
	net.refuse = false;
	fake_ready(await_attempt());
	turn();
	assert_int_equal(newest()->sent_count, 3);
}

/* ------------------------------------------------------------------ random steps */

static struct {
	uint64_t submitted, cancelled, done, failed_sends, failed_bad;
	unsigned serial;
} tally;

static unsigned dice(unsigned sides)
{
	return (unsigned)random() % sides;
}

/* What is linked where, as counted by walking. */
struct census {
	size_t waiting, queued, sent, returned, done, inside;
	unsigned ready, connecting, retiring;
	bool has_room; /* some ready session has */
	bool idle_retiring;
};

static void check_session(const struct session *s, struct census *c)
{
	size_t queued = 0, sent = 0;

	list_for_each(n, &s->queued) {
		const struct request *r = container_of(n, struct request, node);

		assert_int_equal(r->state, REQUEST_QUEUED);
		assert_ptr_equal(r->session, s);
		queued++;
	}
	list_for_each(n, &s->sent) {
		const struct request *r = container_of(n, struct request, node);
		const struct idmap_entry *e = idmap_find(&s->ids, r->id);

		assert_int_equal(r->state, REQUEST_SENT);
		assert_ptr_equal(r->session, s);
		assert_non_null(e);
		assert_ptr_equal(e->owner, r);
		sent++;
	}
	assert_int_equal(s->queued_count, queued);
	assert_int_equal(s->sent_count, sent);
	assert_int_equal(s->ids.live, sent);
	assert_true(queued + sent <= pool.upstream.session.max_inflight);
	assert_true(s->ids.abandoned <= SESSION_ABANDONED_MAX || s->state == SESSION_RETIRING);
	c->queued += queued;
	c->sent += sent;
	c->has_room |= session_has_room(s);
	c->idle_retiring |= s->state == SESSION_RETIRING && queued + sent == 0;
}

static void check_sessions(struct census *c)
{
	list_for_each(n, &pool.upstream.sessions) {
		const struct session *s = container_of(n, struct session, node);

		assert_int_not_equal(s->state, SESSION_ENDED);
		c->connecting += s->state == SESSION_CONNECTING;
		c->ready += s->state == SESSION_READY;
		c->retiring += s->state == SESSION_RETIRING;
		if (s->state == SESSION_CONNECTING)
			assert_int_equal(session_inflight(s), 0);
		check_session(s, c);
	}
	assert_int_equal(pool.upstream.ready, c->ready);
	assert_int_equal(pool.upstream.connecting, c->connecting);
	assert_int_equal(fake_open_count(&net), c->ready + c->connecting + c->retiring);
	assert_true(c->ready <= pool.upstream.connections);
	assert_true(c->connecting <= UPSTREAM_ATTEMPTS_MAX);
}

/* One request: linked as its state says, and it has paid for exactly what it must. */
static void check_request(unsigned i, struct census *c)
{
	const struct request *r = &asks[i].request;
	const struct fate *fate = &fates[i];
	bool in_list = r->state == REQUEST_WAITING || r->state == REQUEST_QUEUED ||
		r->state == REQUEST_SENT;
	bool in_session = r->state == REQUEST_QUEUED || r->state == REQUEST_SENT;
	bool has_work = r->state == REQUEST_RETURNED || r->state == REQUEST_DONE;

	assert_int_equal(r->state != REQUEST_IDLE, fate->inside);
	assert_int_equal(list_linked(&r->node), in_list);
	assert_int_equal(list_linked(&r->work.node), has_work);
	if (!fate->inside)
		return;
	assert_int_equal(r->session != NULL, in_session);
	c->inside++;
	c->returned += r->state == REQUEST_RETURNED;
	c->done += r->state == REQUEST_DONE;
	if (r->state == REQUEST_DONE)
		return;
	assert_int_equal(r->sends, fate->paid + (r->state == REQUEST_SENT));
	assert_int_equal(r->bad_answers, fate->bad);
	if (r->state != REQUEST_RETURNED)
		assert_true(fate->paid < REQUEST_SENDS_MAX && fate->bad < 2);
}

static struct census check(void)
{
	struct census c = { 0 };

	list_for_each(n, &pool.waiting) {
		assert_int_equal(container_of(n, struct request, node)->state, REQUEST_WAITING);
		assert_false(container_of(n, struct request, node)->sent_before);
		c.waiting++;
	}
	list_for_each(n, &pool.again) {
		assert_int_equal(container_of(n, struct request, node)->state, REQUEST_WAITING);
		assert_true(container_of(n, struct request, node)->sent_before);
		c.waiting++;
	}
	assert_int_equal(pool.waiting_count, c.waiting);
	check_sessions(&c);
	for (unsigned i = 0; i < ASKS; i++)
		check_request(i, &c);
	assert_int_equal(c.waiting + c.queued + c.sent + c.returned + c.done, c.inside);
	return c;
}

/* When a turn is over: nothing pends, and whoever waits has something to wait for. */
static void check_rest(void)
{
	struct census c = check();

	assert_int_equal(c.returned + c.done, 0);
	assert_false(c.idle_retiring);
	if (c.waiting == 0)
		return;
	assert_false(c.has_room);
	assert_true(c.ready > 0 || c.connecting > 0 || timer_running(&pool.upstream.retry));
	if (c.ready > 0 && c.ready < pool.upstream.connections)
		assert_true(c.connecting > 0 || timer_running(&pool.upstream.retry));
}

static void note_end(unsigned i)
{
	struct fate *fate = &fates[i];

	tally.done++;
	if (asks[i].request.answered)
		return;
	if (fate->bad == 2) {
		tally.failed_bad++;
		assert_int_equal(fate->code, EDE_INVALID_DATA);
	} else {
		tally.failed_sends++;
		assert_int_equal(fate->paid, REQUEST_SENDS_MAX);
		assert_int_equal(fate->code, EDE_NETWORK_ERROR);
	}
}

/* Some transport that may speak, ready or not; NULL: none. */
static struct fake *pick(bool ready)
{
	struct fake *found = NULL;
	unsigned seen = 0;

	for (size_t i = 0; i < net.count; i++) {
		struct fake *f = net.fakes[i];

		if (f->ended || f->closed || f->freed || f->ready != ready || (ready && f->broken))
			continue;
		if (dice(++seen) == 0)
			found = f;
	}
	return found;
}

/* Whose query this is, as long as its answer is awaited there; ASKS: nobody's. */
static unsigned asker_of(const struct fake *f, const struct fake_message *m)
{
	unsigned i = 0;

	while (i < ASKS && !(asks[i].request.state == REQUEST_SENT && asks[i].request.session == f->handler_arg &&
			     asks[i].request.id == wire_get16(m->bytes) && ask_is_in(&asks[i].request, m)))
		i++;
	return i;
}

/* One of the last few messages sent there, more often than not one whose answer is awaited. */
static struct fake_message *pick_message(struct fake *f)
{
	unsigned last = f && f->sent_count < 8 ? (unsigned)f->sent_count : 8;
	struct fake_message *m;

	if (!f || last == 0)
		return NULL;
	m = fake_sent(f, -1 - (long)dice(last));
	for (unsigned tries = dice(12); tries > 0 && asker_of(f, m) == ASKS; tries--)
		m = fake_sent(f, -1 - (long)dice(last));
	return m;
}

static void step_submit(void)
{
	unsigned i = dice(ASKS);

	if (fates[i].inside)
		return;
	ask_init(&asks[i], tally.serial++); /* a late answer to the last one is not for this one */
	submit(i);
	tally.submitted++;
}

static void step_cancel(void)
{
	unsigned i = dice(ASKS);

	if (!fates[i].inside)
		return;
	cancel(i);
	tally.cancelled++;
}

/* Right, or late, or a duplicate: as it comes. */
static void step_answer(void)
{
	static const char *const options[] = { FAKE_NO_OPT, FAKE_NO_OPT, FAKE_NO_OPT, "", "000b 0002 0064" };
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	uint8_t out[FAKE_ANSWER_MAX];
	unsigned i;

	if (!m)
		return;
	i = asker_of(f, m);
	if (i < ASKS)
		f->matched++;
	fake_deliver(f, out, fake_answer(m, dice(40) ? options[dice(5)] : "000b 0002 0000", out));
	if (i < ASKS)
		assert_int_equal(asks[i].request.state, REQUEST_DONE);
}

static void spoil(uint8_t *msg)
{
	switch (dice(4)) {
	case 0:
		msg[2] &= 0x7f; /* QR=0 */
		break;
	case 1:
		msg[2] |= 0x28; /* UPDATE */
		break;
	case 2:
		msg[DNS_HEADER_LEN + 1] ^= 1; /* the name */
		break;
	case 3:
		wire_put16(msg, (uint16_t)random()); /* id: hardly ever in use */
		msg[DNS_HEADER_LEN + 1] ^= 1;
		break;
	}
}

static void step_wrong(void)
{
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	uint8_t out[FAKE_ANSWER_MAX];
	size_t len;

	if (!m)
		return;
	len = fake_answer(m, FAKE_NO_OPT, out);
	spoil(out);
	fake_deliver(f, out, len);
}

static void step_malformed(void)
{
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	uint8_t out[FAKE_ANSWER_MAX];
	unsigned i;

	if (!m)
		return;
	i = asker_of(f, m);
	if (i < ASKS) {
		fates[i].paid++;
		fates[i].bad++;
	}
	fake_deliver(f, out, fake_answer(m, FAKE_NO_OPT, out) - 1 - dice(3));
}

/* All that are in flight there pay, unless it is a limit; half: this one pays anyway. */
static void charge(const struct fake *f, enum transport_fault fault, unsigned half)
{
	bool limit = f->matched > 0 && fault != FAULT_TIMEOUT;

	for (unsigned i = 0; i < ASKS; i++)
		if (asks[i].request.state == REQUEST_SENT && asks[i].request.session == f->handler_arg)
			fates[i].paid += !limit || i == half;
}

/* The session ends by itself with queries out: it was mute. */
static void charge_mute(struct fake *f)
{
	charge(f, FAULT_TIMEOUT, ASKS);
}

static enum transport_fault any_fault(void)
{
	static const enum transport_fault faults[] = { FAULT_CLOSED, FAULT_CLOSED, FAULT_RESET, FAULT_TIMEOUT,
		FAULT_PROTOCOL };

	return faults[dice(COUNT_OF(faults))];
}

static void step_close(void)
{
	struct fake *f = pick(true);
	enum transport_fault fault = any_fault();

	if (!f)
		return;
	charge(f, fault, ASKS);
	fake_end(f, fault, STAGE_DNS);
}

static void step_cut(void)
{
	struct fake *f = pick(true);
	struct fake_message *m = pick_message(f);
	enum transport_fault fault = any_fault();
	uint8_t partial[6] = { 0, 50 };

	if (!m)
		return;
	memcpy(partial + 2, m->bytes, 4);
	charge(f, fault, asker_of(f, m));
	fake_end_cut(f, fault, partial, 4 + dice(3));
}

/* The end is known to the transport, and told some time later. */
static void step_break(void)
{
	for (size_t i = 0; i < net.count; i++) {
		struct fake *f = net.fakes[i];

		if (f->broken && !f->ended && !f->closed && !f->freed) {
			charge(f, FAULT_RESET, ASKS);
			fake_end(f, FAULT_RESET, STAGE_DNS);
			return;
		}
	}
	if (dice(4) == 0 && pick(true))
		pick(true)->broken = true;
}

static void step_connect(void)
{
	struct fake *f = pick(false);

	if (!f)
		return;
	if (!f->established && dice(4) == 0)
		fake_establish(f);
	else
		fake_ready(f);
}

static void step_refuse(void)
{
	struct fake *f = pick(false);

	if (f)
		fake_end(f, dice(3) ? FAULT_RESET : FAULT_LOCAL, f->established ? STAGE_TLS : STAGE_TCP);
	net.refuse = dice(10) == 0;
}

static void step_room(void)
{
	struct fake *f = pick(true);

	if (f)
		fake_room(f, dice(3) ? SIZE_MAX : dice(3));
}

/* The next message is refused: that costs its request a send, and nobody else anything. */
static void step_send_error(void)
{
	struct fake *f = pick(true);
	const struct session *s = f ? f->handler_arg : NULL;
	unsigned i;

	step_submit();
	if (!s || f->room == 0 || list_empty(&s->queued))
		return;
	f->send_error = -ENOMEM;
	i = index_of(container_of(s->queued.next, struct request, node));
	fates[i].paid++;
	turn();
	if (f->closed && f->send_error) { /* it was mute, and nothing was sent */
		fates[i].paid--;
		return;
	}
	assert_int_equal(f->send_error, 0);
}

static void step_time(void)
{
	static const uint64_t scale[] = { 100 * US, 10 * MS, 10 * MS, 300 * MS, 300 * MS, 3 * SEC };
	uint64_t us = scale[dice(COUNT_OF(scale))];

	if (dice(500) == 0)
		us = 40 * SEC;
	if (pool.waiting_count == 0 && dice(300) == 0)
		us = 3600 * SEC;
	pass(us * (dice(1000) + 1) / 1000);
	fake_sweep(&net);
	check_rest();
}

static void step_turn(void)
{
	turn();
	check_rest();
}

static const struct {
	unsigned weight;
	void (*step)(void);
} steps[] = {
	{ 300, step_submit },
	{ 80, step_cancel },
	{ 450, step_answer },
	{ 30, step_wrong },
	{ 60, step_malformed },
	{ 30, step_close },
	{ 15, step_cut },
	{ 6, step_break },
	{ 90, step_connect },
	{ 10, step_refuse },
	{ 20, step_room },
	{ 60, step_send_error },
	{ 60, step_time },
	{ 200, step_turn },
};

static void random_step(void)
{
	unsigned total = 0, i = 0, roll;

	for (size_t k = 0; k < COUNT_OF(steps); k++)
		total += steps[k].weight;
	for (roll = dice(total); roll >= steps[i].weight; i++)
		roll -= steps[i].weight;
	steps[i].step();
}

static void answer_all(struct fake *f)
{
	fake_room(f, SIZE_MAX);
	for (size_t i = 0; i < f->sent_count && !f->closed; i++) {
		if (asker_of(f, &f->sent[i]) == ASKS)
			continue;
		f->matched++;
		fake_answer_nth(f, (long)i);
	}
}

/* What a transport that works does now. */
static void get_on(struct fake *f)
{
	if (f->ended || f->closed || f->freed)
		return;
	if (f->broken) {
		charge(f, FAULT_RESET, ASKS);
		fake_end(f, FAULT_RESET, STAGE_DNS);
	} else if (f->ready) {
		answer_all(f);
	} else {
		fake_ready(f);
	}
}

/* Everything works now: all that is inside comes to its end. */
static void drain(void)
{
	net.refuse = false;
	for (unsigned i = 0; i < 2000 && tally.done + tally.cancelled < tally.submitted; i++) {
		for (size_t k = 0; k < net.count; k++)
			get_on(net.fakes[k]);
		pass(100 * MS);
		check_rest();
	}
	assert_int_equal(tally.done + tally.cancelled, tally.submitted);
}

/* All kinds of things did happen. */
static void check_variety(void)
{
	const struct stats *s = &net.stats;

	assert_true(tally.submitted > 5000);
	assert_true(tally.cancelled > 1000);
	assert_true(tally.failed_sends > 0);
	assert_true(tally.failed_bad > 5);
	assert_true(s->upstream_late > 5);
	assert_true(s->upstream_unknown > 100);
	assert_true(s->upstream_mismatch > 100);
	assert_true(s->upstream_malformed > 100);
	assert_true(s->upstream_repeats > 200);
	assert_true(s->bound_output > 100);
	assert_true(s->bound_memory > 0);
	assert_true(s->bound_inflight > 1000);
	assert_true(s->sessions_ended > 500);
	assert_true(s->connects_failed > 500);
}

static void run(unsigned seed, unsigned connections, unsigned max_inflight)
{
	init(seed, connections, max_inflight);
	net.closing = charge_mute;
	memset(&tally, 0, sizeof tally);
	srandom(seed);
	then = note_end;
	for (unsigned step = 0; step < STEPS; step++) {
		random_step();
		check();
	}
	check_variety();
	if (seed % 2)
		drain();
	deinit();
}

static void test_random_steps_one_session(void **state)
{
	(void)state;
	run(1, 1, 4);
	run(2, 1, 1);
}

static void test_random_steps_two_sessions(void **state)
{
	(void)state;
	run(3, 2, 4);
	run(4, 2, 3);
}

static void test_random_steps_many(void **state)
{
	(void)state;
	run(5, 5, 2);
	run(6, 3, 7);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_from_nothing_to_an_answer),
		TEST(test_straight_to_a_ready_session),
		TEST(test_queue_when_full),
		TEST(test_nobody_overtakes),
		TEST(test_second_session_when_full),
		TEST(test_retiring_session_takes_nothing),
		TEST(test_three_sends_then_failure),
		TEST(test_limits_cost_nothing),
		TEST(test_half_answers_cost),
		TEST(test_queued_in_a_lost_session),
		TEST(test_returned_before_it_was_sealed),
		TEST(test_submit_makes_active),
		TEST(test_all_move_to_the_next_session),
		TEST(test_lost_go_before_those_that_wait),
		TEST(test_bad_answers_twice),
		TEST(test_bad_answer_then_a_good_one),
		TEST(test_failure_makes_room),
		TEST(test_refused_by_the_transport),
		TEST(test_cannot_be_built),
		TEST(test_cancel_idle),
		TEST(test_cancel_waiting),
		TEST(test_cancel_queued),
		TEST(test_cancel_sent),
		TEST(test_cancel_returned),
		TEST(test_cancel_returned_makes_room),
		TEST(test_cancel_done),
		TEST(test_cancel_makes_room),
		TEST(test_cancel_inside_done),
		TEST(test_submit_inside_done),
		TEST(test_submit_inside_failure),
		TEST(test_reasons),
		TEST(test_deinit_with_work_cancelled),
		TEST(test_submit_never_calls_back),
		cmocka_unit_test(test_random_steps_one_session),
		cmocka_unit_test(test_random_steps_two_sessions),
		cmocka_unit_test(test_random_steps_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
