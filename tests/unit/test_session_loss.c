/* A session that ends or is not wanted any more: who pays for its queries. */
#include "tests/unit/session_case.h"

#include <errno.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ limit or failure */

/* Frames begin with their length: the id is behind it. */
enum cut { WHOLE, CUT_ID_0, CUT_ID_1, CUT_UNKNOWN_ID, CUT_LATE_ID, CUT_1, CUT_3 };

static const struct {
	const char *name;
	bool answered_before;
	enum transport_fault fault;
	enum cut cut;
	unsigned in_flight;
	const char *pays; /* for each one in flight, 1: it does */
} losses[] = {
	{ "FIN after an answer", true, FAULT_CLOSED, WHOLE, 2, "00" },
	{ "RST after an answer", true, FAULT_RESET, WHOLE, 2, "00" },
	{ "timeout after an answer", true, FAULT_TIMEOUT, WHOLE, 2, "00" },
	{ "broken record after an answer", true, FAULT_PROTOCOL, WHOLE, 2, "00" },
	{ "broken record without an answer", false, FAULT_PROTOCOL, WHOLE, 2, "11" },
	{ "fault of ours after an answer", true, FAULT_LOCAL, WHOLE, 2, "00" },
	{ "timeout in the first one's answer", true, FAULT_TIMEOUT, CUT_ID_0, 2, "10" },
	{ "FIN without an answer", false, FAULT_CLOSED, WHOLE, 2, "11" },
	{ "RST without an answer", false, FAULT_RESET, WHOLE, 2, "11" },
	{ "timeout without an answer", false, FAULT_TIMEOUT, WHOLE, 2, "11" },
	{ "FIN in the first one's answer", true, FAULT_CLOSED, CUT_ID_0, 2, "10" },
	{ "RST in the first one's answer", true, FAULT_RESET, CUT_ID_0, 2, "10" },
	{ "FIN in the second one's answer", true, FAULT_CLOSED, CUT_ID_1, 2, "01" },
	{ "FIN in an answer that nobody asked for", true, FAULT_CLOSED, CUT_UNKNOWN_ID, 2, "00" },
	{ "FIN in a late answer", true, FAULT_CLOSED, CUT_LATE_ID, 2, "00" },
	{ "one octet, one in flight", true, FAULT_CLOSED, CUT_1, 1, "1" },
	{ "three octets, one in flight", true, FAULT_RESET, CUT_3, 1, "1" },
	{ "three octets, two in flight", true, FAULT_CLOSED, CUT_3, 2, "00" },
	{ "FIN in the first one's answer, no whole one before", false, FAULT_CLOSED, CUT_ID_0, 2,
		"10" },
};

static size_t cut_of(enum cut cut, uint16_t late_id, uint8_t ret[6])
{
	uint16_t id = late_id;

	if (cut == WHOLE)
		return 0;
	if (cut == CUT_ID_0 || cut == CUT_ID_1)
		id = flight(cut == CUT_ID_1)->id;
	while (cut == CUT_UNKNOWN_ID && idmap_find(&session->ids, id))
		id++;
	wire_put16(ret, 100);
	wire_put16(ret + 2, id);
	wire_put16(ret + 4, 0x8180);
	return cut == CUT_1 ? 1 : cut == CUT_3 ? 3 : cut == CUT_ID_0 ? 4 : 6;
}

/* Queries out as the row says, and one in the queue that other sessions have sent twice. */
static uint16_t set_out(size_t i)
{
	uint16_t late_id;

	start_again();
	late_id = send_one(9)->id;
	session_forget(flight(9));
	if (losses[i].answered_before) {
		send_one(8);
		fake_answer_nth(fake, -1);
	}
	for (unsigned k = 0; k < losses[i].in_flight; k++)
		send_one(k);
	fake->room = 0;
	asks[7].request.sends = 2;
	submit(7);
	fake_turn(&net);
	return late_id;
}

static void lose(size_t i, uint16_t late_id)
{
	uint8_t partial[6];
	size_t len = cut_of(losses[i].cut, late_id, partial);

	if (len > 0)
		fake_end_cut(fake, losses[i].fault, partial, len);
	else
		fake_end(fake, losses[i].fault, STAGE_DNS);
}

/* Half its answer was the last to come. */
static bool is_cut_off(size_t i, unsigned k)
{
	enum cut cut = losses[i].cut;

	if (cut == CUT_1 || cut == CUT_3)
		return losses[i].in_flight == 1;
	return cut == (k == 0 ? CUT_ID_0 : CUT_ID_1);
}

static void test_losses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(losses); i++) {
		const char *row = losses[i].name;

		lose(i, set_out(i));
		for (unsigned k = 0; k < losses[i].in_flight; k++) {
			unsigned pays = losses[i].pays[k] == '1';

			expect_int(row, returned[k], 1);
			expect_int(row, paid[k], pays);
			expect_int(row, asks[k].request.sends, pays);
			expect_int(row, flight(k)->charged, pays);
			expect_int(row, flight(k)->spent, is_cut_off(i, k));
			expect_int(row, asks[k].request.returns, !pays);
		}
		expect_int(row, unanswered, losses[i].in_flight + 1);
		expect_int(row, returned[7], 1);
		expect_int(row, asks[7].request.sends, 2); /* those of other sessions */
		expect_int(row, asks[7].request.returns, 0);
		expect_int(row, returned[8], 0);
		expect_int(row, returned[9], 0);
	}
}

/* Servers that close what had answered take no sends, but not without end. */
static void test_returns_are_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= REQUEST_RETURNS_MAX; i++) {
		bool last = i == REQUEST_RETURNS_MAX;

		send_one(1);
		fake_answer_nth(fake, -1);
		send_one(0);
		fake_end(fake, FAULT_CLOSED, STAGE_DNS);
		fake_turn(&net);
		assert_int_equal(asks[0].request.returns, i + !last);
		assert_int_equal(asks[0].request.sends, last);
		open_session();
		fake_ready(fake);
	}
	told[0] = '\0';
}

/* Once for each flight, whoever asks how often. */
static void test_uncharge_is_done_once(void **state)
{
	struct flight *f = send_one(0);

	(void)state;
	f->request->sends = 3; /* two on other sessions */
	flight_uncharge(f);
	flight_uncharge(f);
	assert_int_equal(f->request->sends, 2);
	assert_int_equal(f->request->returns, 1);
	fake_answer_nth(fake, 0);
	assert_int_equal(f->request->sends, 2);
	flight_uncharge(submit(1)); /* not sent, so not charged */
	assert_int_equal(asks[1].request.returns, 0);
}

/* ------------------------------------------------------------------ two sessions */

/* Answered once; where it was late, its id is abandoned until that answer comes. */
static void test_two_flights_one_answer(void **state)
{
	struct request *r = &asks[0].request;

	(void)state;
	open_other();
	send_one(0);
	send_other(0);
	assert_int_equal(r->sends, 2);
	assert_int_equal(net.stats.upstream_repeats, 1);
	fake_answer_nth(other_fake, 0);
	assert_told("from the other", "2+");
	assert_true(ask_is_answered_right(r, &r->answer));
	assert_true(is_out(flight(0))); /* until its owner forgets it */
	session_forget(flight(0));
	fake_answer_nth(fake, 0);
	fake_turn(&net);
	assert_told("once", "");
	assert_int_equal(answered[0], 1);
	assert_int_equal(net.stats.upstream_answers, 1);
	assert_int_equal(net.stats.upstream_late, 1);
	assert_int_equal(session->ids.abandoned, 0);
	assert_int_equal(session->answers, 0);
	assert_int_equal(other->answers, 1);
}

/* The answer that was given is not touched by what comes later, in the same turn. */
static void test_late_answer_leaves_the_result(void **state)
{
	struct request *r = &asks[0].request;
	uint8_t out[FAKE_ANSWER_MAX];
	const uint8_t *data;
	size_t len;

	(void)state;
	open_other();
	send_one(0);
	send_other(0);
	fake_answer_nth(fake, 0);
	data = r->answer.data;
	session_forget(other_flight(0));
	len = fake_answer(fake_sent(other_fake, 0), "000b 0002 0064", out);
	fake_deliver(other_fake, out, len);
	assert_ptr_equal(r->answer.data, data);
	assert_true(ask_is_answered_right(r, &r->answer));
	assert_told("once", "+");
	assert_int_equal(other->idle_limit_us, 0); /* nobody asked for it any more */
}

/* The end of one session gives back its own flight alone, and takes only that one's charge. */
static void test_two_flights_one_lost(void **state)
{
	struct request *r = &asks[0].request;

	(void)state;
	open_other();
	send_one(1);
	fake_answer_nth(fake, 0);
	send_one(0);
	send_other(0);
	assert_told("one answered", "+");
	fake_end(fake, FAULT_CLOSED, STAGE_DNS);
	assert_told("one lost", "u-x");
	assert_int_equal(r->sends, 1);
	assert_true(other_flight(0)->charged);
	assert_true(is_out(other_flight(0)));
	fake_end(other_fake, FAULT_CLOSED, STAGE_DNS); /* this one had answered nothing */
	assert_told("both lost", "2u2-2x");
	assert_int_equal(r->sends, 1);
	assert_int_equal(r->returns, 1);
}

static void test_two_flights_one_malformed(void **state)
{
	struct request *r = &asks[0].request;

	(void)state;
	open_other();
	send_one(0);
	send_other(0);
	answer_malformed(0);
	assert_told("no answer", "-");
	assert_int_equal(r->bad_answers, 1);
	fake_answer_nth(other_fake, 0);
	assert_told("the answer", "2+");
	assert_true(ask_is_answered_right(r, &r->answer));
	assert_int_equal(r->sends, 2);
}

/* ------------------------------------------------------------------ giving up */

static void test_forget(void **state)
{
	struct flight *queued, *sent;

	(void)state;
	sent = send_one(0);
	queued = submit(1);
	session_forget(queued);
	session_forget(sent);
	assert_false(list_linked(&queued->node) || list_linked(&sent->node));
	assert_null(queued->session);
	assert_null(sent->session);
	assert_int_equal(session_inflight(session), 0);
	assert_int_equal(session->ids.abandoned, 1);
	assert_int_equal(session->ids.live, 0);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 1);
	assert_int_equal(session->state, SESSION_READY);
	fake_end(fake, FAULT_RESET, STAGE_DNS);
	assert_told("nobody returns", "ux");
}

static void test_abort_while_connecting(void **state)
{
	(void)state;
	session_abort(session);
	session_abort(session);
	assert_int_equal(session->state, SESSION_ENDED);
	assert_true(fake->closed);
	assert_false(fake->freed);
	fake_turn(&net);
	assert_true(fake->freed);
	assert_told("not a word", "");
	assert_int_equal(net.turn.timers.count, 0);
}

static void test_abort_with_queries(void **state)
{
	(void)state;
	send_one(0);
	submit(1);
	session_abort(session);
	assert_told("only their return", "u--");
	assert_int_equal(paid[0], 0); /* it was not lost, we let go of it */
	assert_int_equal(paid[1], 0);
	assert_true(fake->closed);
	session_abort(session);
	fake_turn(&net);
	assert_true(fake->freed);
	assert_told("nothing more", "");
	assert_int_equal(fake->sent_count, 1);
	assert_int_equal(net.turn.timers.count, 0);
}

static void test_abort_while_saying_goodbye(void **state)
{
	(void)state;
	session_retire(session);
	assert_told("retired", "u");
	session_abort(session);
	fake_turn(&net);
	assert_told("not a word", "");
	assert_true(fake->freed);
}

/* As upstream does where another attempt has won. */
static void test_abort_inside_ready(void **state)
{
	(void)state;
	abort_when_ready = true;
	fake_ready(fake);
	assert_told("ready and gone", "ru");
	assert_int_equal(session->state, SESSION_ENDED);
	assert_true(fake->closed);
	assert_int_equal(net.turn.timers.count, 0);
	fake_turn(&net);
	assert_true(fake->freed);
	assert_told("nothing more", "");
	assert_int_equal(net.turn.timers.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		READY_TEST(test_losses),
		READY_TEST(test_returns_are_bounded),
		READY_TEST(test_uncharge_is_done_once),
		READY_TEST(test_two_flights_one_answer),
		READY_TEST(test_late_answer_leaves_the_result),
		READY_TEST(test_two_flights_one_lost),
		READY_TEST(test_two_flights_one_malformed),
		READY_TEST(test_forget),
		TEST(test_abort_while_connecting),
		READY_TEST(test_abort_with_queries),
		READY_TEST(test_abort_while_saying_goodbye),
		TEST(test_abort_inside_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
