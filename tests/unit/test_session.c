#include "tests/unit/session_case.h"

#include <errno.h>
#include <stdlib.h>

/* The session has ended and is freed in this turn, not before; the owner heard it once. */
static void assert_gone(const char *row, bool by_itself)
{
	expect_int(row, session->state, SESSION_ENDED);
	expect(row, !fake->freed);
	expect_int(row, ended_by_itself, by_itself);
	expect_int(row, fake->closed, by_itself);
	fake_turn(&net);
	expect(row, fake->freed);
	assert_int_equal(net.turn.timers.count, 0);
}

/* ------------------------------------------------------------------ the state table */

static void test_connecting_to_ready(void **state)
{
	(void)state;
	assert_int_equal(session->state, SESSION_CONNECTING);
	assert_false(session_has_room(session));
	assert_told("opened", "");
	fake_establish(fake);
	assert_int_equal(session->state, SESSION_CONNECTING);
	assert_true(session->established_us > 0);
	fake_ready(fake);
	assert_told("ready", "r");
	assert_int_equal(session->state, SESSION_READY);
	assert_true(session_has_room(session));
	fake_turn(&net);
	assert_told("nothing more", "");
	assert_int_equal(fake->sent_count, 0);
}

static void test_connecting_ends(void **state)
{
	(void)state;
	fake_end(fake, FAULT_RESET, STAGE_TCP);
	assert_told("ended", "x");
	assert_int_equal(last_end.fault, FAULT_RESET);
	assert_int_equal(last_end.stage, STAGE_TCP);
	assert_string_equal(last_end.text, "the test says so");
	assert_gone("connecting", false);
	assert_told("once", "");
}

static void test_open_fails(void **state)
{
	struct transport_end why = { 0 };

	(void)state;
	net.refuse = true;
	assert_null(session_open(&setup, &(struct addr){ 0 }, &why));
	assert_int_equal(why.fault, FAULT_LOCAL);
	assert_int_equal(why.stage, STAGE_ROUTE);
	assert_string_equal(why.text, "no route");
	assert_told("nothing", "");
}

/* Each way to retire, with one query sent and unanswered before. */
static void retire_by_call(void)
{
	session_retire(session);
	session_retire(session);
}

static void retire_by_age(void)
{
	fake_wait(&net, 500 * MS - 1);
	assert_int_equal(session->state, SESSION_READY);
	fake_wait(&net, 1);
}

static void retire_by_keepalive_0(void)
{
	send_one(1);
	answer_with(-1, "000b 0002 0000");
	fake_turn(&net);
	assert_told("keepalive 0", "u+");
	tell(session, 'u'); /* as the other ways leave it */
}

static void retire_by_abandoned(void)
{
	for (unsigned i = 10; i < 10 + SESSION_ABANDONED_MAX; i++)
		submit(i);
	fake_turn(&net);
	for (unsigned i = 10; i < 10 + SESSION_ABANDONED_MAX; i++) {
		assert_int_equal(session->state, SESSION_READY);
		session_forget(flight(i));
	}
}

static const struct {
	const char *name;
	void (*retire)(void);
	uint64_t age_us; /* when the query was sent */
} ways_to_retire[] = {
	{ "session_retire", retire_by_call, 0 },
	{ "an hour old", retire_by_age, SESSION_LIFE_US - 500 * MS },
	{ "keepalive 0", retire_by_keepalive_0, 0 },
	{ "abandoned ids", retire_by_abandoned, 0 },
};

/* Begins with another session that retires in the i-th way, query 0 unanswered. */
static struct flight *retire_in_way(size_t i)
{
	struct flight *f;

	start_again();
	fake_wait(&net, ways_to_retire[i].age_us);
	f = send_one(0);
	ways_to_retire[i].retire();
	return f;
}

static void test_retiring_then_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways_to_retire); i++) {
		const char *row = ways_to_retire[i].name;

		retire_in_way(i);
		expect_int(row, session->state, SESSION_RETIRING);
		expect(row, !session_has_room(session));
		fake_turn(&net);
		expect_int(row, session->state, SESSION_RETIRING);
		assert_told(row, "u");
		fake_answer_nth(fake, 0);
		assert_told(row, "+"); /* its end comes later, from the deferred phase */
		expect_int(row, session->state, SESSION_RETIRING);
		turn_end(&net.turn);
		assert_told(row, "x");
		expect_int(row, ended_by_itself, true);
		expect(row, fake->closed && fake->freed);
	}
}

static void test_retiring_then_given_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways_to_retire); i++) {
		const char *row = ways_to_retire[i].name;
		struct flight *f = retire_in_way(i);

		session_forget(f);
		expect(row, !f->session);
		assert_told(row, "u");
		turn_end(&net.turn);
		assert_told(row, "x");
		expect(row, fake->closed && fake->freed);
	}
}

static void test_retiring_then_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways_to_retire); i++) {
		const char *row = ways_to_retire[i].name;

		retire_in_way(i);
		fake_end(fake, FAULT_RESET, STAGE_DNS);
		assert_told(row, "u-x");
		assert_gone(row, false);
		assert_told(row, "");
	}
}

static void test_retire_when_idle(void **state)
{
	(void)state;
	session_retire(session);
	assert_int_equal(session->state, SESSION_RETIRING);
	assert_told("the end not before the call returned", "u");
	turn_end(&net.turn);
	assert_told("then", "x");
	assert_true(ended_by_itself);
	assert_true(fake->closed && fake->freed);
}

static void test_retire_while_connecting_does_nothing(void **state)
{
	(void)state;
	session_retire(session);
	assert_int_equal(session->state, SESSION_CONNECTING);
	fake_turn(&net);
	get_ready();
}

static void test_retiring_gives_back_what_it_has_not_sent(void **state)
{
	struct flight *f = submit(0);

	(void)state;
	session_retire(session);
	assert_null(f->session);
	assert_int_equal(f->request->sends, 0);
	fake_turn(&net);
	assert_told("given back and ended", "u-x");
	assert_int_equal(fake->sent_count, 0);
}

static void test_lost_gives_all_back(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	fake->room = 0;
	submit(2);
	submit(3);
	fake_turn(&net);
	assert_int_equal(session->sent_count, 2);
	assert_int_equal(session->queued_count, 2);
	fake_end(fake, FAULT_TIMEOUT, STAGE_DNS);
	assert_told("lost", "u----x");
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(returned[i], 1);
		assert_int_equal(paid[i], i < 2);
	}
	assert_int_equal(last_end.fault, FAULT_TIMEOUT);
	assert_gone("lost", false);
	assert_told("once", "");
}

static void test_lost_with_work_to_seal(void **state)
{
	(void)state;
	submit(0);
	fake_end(fake, FAULT_CLOSED, STAGE_DNS);
	assert_told("lost", "u-x");
	assert_int_equal(paid[0], 0);
	assert_gone("lost", false);
	assert_int_equal(fake->sent_count, 0);
}

/* ------------------------------------------------------------------ what goes out */

static void test_message_sent(void **state)
{
	struct request *r = &asks[0].request;
	uint8_t want[UPSTREAM_QUERY_MAX];
	size_t len;

	(void)state;
	r->query.dnssec_ok = true;
	submit(0);
	assert_int_equal(fake->sent_count, 0); /* sealed at the end of the turn */
	assert_int_equal(r->sends, 0);
	fake_turn(&net);
	assert_true(is_out(flight(0)));
	assert_true(flight(0)->charged);
	assert_false(flight(0)->late || flight(0)->spent);
	assert_int_equal(flight(0)->sent_us, FAKE_START_US);
	len = rewrite_query(&r->query, &setup.form, flight(0)->id, want, sizeof want);
	assert_int_equal(fake->sent_count, 1);
	assert_int_equal(fake_sent(fake, 0)->len, len);
	assert_memory_equal(fake_sent(fake, 0)->bytes, want, len);
	assert_int_equal(len, 128);
	assert_int_equal(r->sent_len, len);
	assert_int_equal(r->sends, 1);
	assert_int_equal(net.stats.upstream_queries, 1);
	assert_int_equal(net.stats.upstream_octets, len);
	assert_int_equal(net.stats.upstream_repeats, 0);
}

/* Handshake, answer, and the padding of both directions, are in the figures. */
static void test_times_and_padding(void **state)
{
	struct histogram want = { .sum_us = 300000 };
	size_t unpadded, padding = 0;
	uint8_t out[UPSTREAM_QUERY_MAX];

	(void)state;
	assert_int_equal(histogram_count(&net.stats.handshake), 1);
	send_one(0);
	setup.form.ret_padding = &padding;
	unpadded = rewrite_query(&asks[0].request.query, &setup.form, 1, out, sizeof out) - padding;
	assert_true(padding >= 4 && unpadded > 12);
	assert_int_equal(net.stats.upstream_padding, 128 - unpadded);
	fake_wait(&net, 100000);
	answer_with(-1, "000c 0003 000000");
	want.bucket[histogram_index(100000)] = 1;
	send_one(1);
	fake_wait(&net, 200000);
	answer_with(-1, "");
	want.bucket[histogram_index(200000)]++;
	assert_memory_equal(&net.stats.rtt, &want, sizeof want);
	assert_int_equal(net.stats.upstream_padded, 1);
}

/* The address is passed on and kept; client subnet names its family (RFC 7871 7.1.2). */
static void test_address(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		struct upstream_form form = setup.form;
		struct addr to = { .sa.sa_family = (sa_family_t)families[i] };
		uint8_t want[UPSTREAM_QUERY_MAX];
		struct transport_end why;
		size_t len;

		session_abort(session);
		fake_turn(&net);
		session = session_open(&setup, &to, &why);
		fake = fake_at(&net, -1);
		assert_memory_equal(&session->addr, &to, sizeof to);
		assert_memory_equal(&fake->to, &to, sizeof to);
		fake_ready(fake);
		ask_init(&asks[0], 0);
		send_one(0);
		form.subnet_family = (uint8_t)(i + 1);
		len = rewrite_query(
			&asks[0].request.query, &form, flight(0)->id, want, sizeof want);
		assert_int_equal(fake_sent(fake, 0)->len, len);
		assert_memory_equal(fake_sent(fake, 0)->bytes, want, len);
	}
}

/* Sent again after a loss, whether it pays for that or not. */
static void test_repeats_are_counted(void **state)
{
	static const enum transport_fault faults[] = { FAULT_TIMEOUT, FAULT_CLOSED };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		send_one(1);
		fake_answer_nth(fake, -1);
		send_one(0);
		fake_end(fake, faults[i], STAGE_DNS);
		fake_turn(&net);
		open_session();
		fake_ready(fake);
		assert_int_equal(net.stats.upstream_repeats, i);
		send_one(0);
		assert_int_equal(net.stats.upstream_repeats, i + 1);
		session_forget(flight(0));
		ask_init(&asks[0], 0);
		ask_init(&asks[1], 1);
	}
	assert_int_equal(net.stats.upstream_queries, 6);
}

static void test_result(void **state)
{
	struct request *r = send_one(0)->request;

	(void)state;
	fake_answer_nth(fake, 0);
	assert_told("answered", "+");
	assert_true(ask_is_answered_right(r, &r->answer));
	assert_true(r->trusted);
	assert_string_equal(r->protocol, FAKE_PROTOCOL);
	assert_int_equal(net.stats.upstream_answers, 1);
	assert_int_equal(session_inflight(session), 0);

	send_one(1);
	fake->base.info.authenticated = false;
	fake_answer_nth(fake, 1);
	assert_false(asks[1].request.trusted);
}

static void test_one_flush_a_turn_in_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++)
		submit(i);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 50);
	for (unsigned i = 0; i < 50; i++)
		assert_true(ask_is_in(&asks[i].request, fake_sent(fake, i)));
}

static void test_room_is_max_inflight(void **state)
{
	(void)state;
	setup.max_inflight = 3;
	submit(0);
	send_one(1);
	submit(2);
	assert_false(session_has_room(session));
	fake_turn(&net);
	assert_false(session_has_room(session));
	fake_answer_nth(fake, 0);
	assert_true(session_has_room(session));
	submit(3);
	assert_false(session_has_room(session));
	session_forget(flight(2)); /* an abandoned id doesn't count */
	assert_true(session_has_room(session));
}

static void test_without_room_it_waits(void **state)
{
	(void)state;
	fake->room = 2;
	for (unsigned i = 0; i < 5; i++)
		submit(i);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 2);
	assert_int_equal(session->sent_count, 2);
	assert_int_equal(session->queued_count, 3);
	assert_true(is_queued(flight(2)));
	assert_int_equal(asks[2].request.sends, 0);
	assert_int_equal(net.stats.bound_output, 1);

	session_forget(flight(3));
	assert_null(flight(3)->session);
	assert_int_equal(session->queued_count, 2);
	assert_int_equal(session->ids.abandoned, 0); /* it had none */

	fake_room(fake, 1);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 3);
	assert_true(ask_is_in(&asks[2].request, fake_sent(fake, 2)));
	fake_room(fake, 10);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 4);
	assert_true(ask_is_in(&asks[4].request, fake_sent(fake, 3)));
	assert_told("all along", "");
}

/* What was sent may be answered, what was not is better off elsewhere. */
static void test_retiring_parts_them(void **state)
{
	(void)state;
	send_one(0);
	fake->room = 0;
	submit(1);
	fake_turn(&net);
	submit(2);
	session_retire(session);
	assert_told("retired", "u--");
	assert_int_equal(returned[0], 0);
	fake_turn(&net);
	assert_int_equal(session->state, SESSION_RETIRING);
	fake_answer_nth(fake, 0);
	fake_turn(&net);
	assert_told("answered and ended", "+x");
	assert_int_equal(fake->sent_count, 1);
}

/* Room that comes while it retires has nobody to serve. */
static void test_room_while_retiring(void **state)
{
	struct flight *sent = send_one(1);

	(void)state;
	fake->room = 0;
	submit(0);
	fake_turn(&net);
	session_retire(session);
	assert_int_equal(returned[0], 1);
	fake_room(fake, 1);
	fake_turn(&net);
	assert_null(flight(0)->session);
	assert_true(is_out(sent));
	assert_int_equal(fake->sent_count, 1);
}

static void test_send_errors(void **state)
{
	(void)state;
	fake->send_error = -ENOBUFS; /* full in spite of has_room: it stays */
	submit(0);
	submit(1);
	turn_end(&net.turn);
	assert_int_equal(session->queued_count, 2);
	assert_int_equal(net.stats.bound_output, 1);
	assert_int_equal(session->ids.live, 0);

	fake->send_error = -ENOMEM; /* this one only */
	submit(2);
	turn_end(&net.turn);
	assert_told("the first is refused", "-");
	assert_int_equal(returned[0], 1);
	assert_int_equal(paid[0], 1);
	assert_int_equal(asks[0].request.sends, 1);
	assert_int_equal(net.stats.bound_memory, 1);
	assert_int_equal(fake->sent_count, 2);
	assert_int_equal(session->ids.live, 2);
	assert_int_equal(session->sent_count, 2);

	fake->broken = true;
	submit(3);
	turn_end(&net.turn);
	assert_true(is_queued(flight(3)));
	assert_int_equal(session->ids.live, 2);
	fake_end(fake, FAULT_RESET, STAGE_DNS);
	assert_int_equal(paid[3], 0);
	assert_told("then it ends", "u---x");
}

/* A query that is too long for a message can't be built, now or later. */
static void test_query_that_cannot_be_built(void **state)
{
	struct request *r = &asks[0].request;
	static uint8_t signed_message[5];

	(void)state;
	r->query.signed_message = signed_message;
	r->query.signed_len = sizeof signed_message;
	submit(0);
	submit(1);
	fake_turn(&net);
	assert_told("refused", "-");
	assert_int_equal(paid[0], 1);
	assert_true(is_out(flight(1)));
	assert_int_equal(fake->sent_count, 1);
	assert_int_equal(session->ids.live, 1);
}

static void test_retiring_ends_when_the_last_is_refused(void **state)
{
	(void)state;
	submit(0);
	session_retire(session);
	fake->send_error = -ENOMEM;
	fake_turn(&net);
	assert_told("refused, then nothing is left", "u-x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_connecting_to_ready),
		TEST(test_connecting_ends),
		TEST(test_open_fails),
		READY_TEST(test_retiring_then_answered),
		READY_TEST(test_retiring_then_given_up),
		READY_TEST(test_retiring_then_lost),
		READY_TEST(test_retire_when_idle),
		TEST(test_retire_while_connecting_does_nothing),
		READY_TEST(test_retiring_gives_back_what_it_has_not_sent),
		READY_TEST(test_lost_gives_all_back),
		READY_TEST(test_lost_with_work_to_seal),
		READY_TEST(test_message_sent),
		READY_TEST(test_times_and_padding),
		READY_TEST(test_address),
		READY_TEST(test_repeats_are_counted),
		READY_TEST(test_result),
		READY_TEST(test_one_flush_a_turn_in_order),
		READY_TEST(test_room_is_max_inflight),
		READY_TEST(test_without_room_it_waits),
		READY_TEST(test_retiring_parts_them),
		READY_TEST(test_room_while_retiring),
		READY_TEST(test_send_errors),
		READY_TEST(test_query_that_cannot_be_built),
		READY_TEST(test_retiring_ends_when_the_last_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
