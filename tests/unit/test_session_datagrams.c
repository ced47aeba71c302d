/* A session over datagrams: what is repeated, when, and what comes of it. */
#include "proxy/upstream/session_repeat.h"
#include "tests/unit/session_case.h"

static int begin_datagrams(void **state)
{
	begin(state);
	session_abort(session);
	fake_turn(&net);
	told[0] = '\0';
	setup.opener = fake_datagram_opener(&net);
	setup.form.keepalive = false;
	open_session();
	get_ready();
	return 0;
}

/* A query that is answered after so long: the round trip is known. */
static void measure(uint64_t rtt_us)
{
	asks[15].request.datagrams = 0;
	send_one(15);
	fake_wait(&net, rtt_us);
	fake_answer_nth(fake, -1);
	fake_turn(&net);
	assert_told("measured", "+");
}

/* ------------------------------------------------------------------ the timer */

/* How long until another message is sent. */
static uint64_t time_to_repeat(void)
{
	size_t before = fake->sent_count;
	uint64_t from = net.clock_us;

	while (fake->sent_count == before && net.clock_us - from < 20 * SEC)
		assert_true(fake_next_timer(&net));
	return net.clock_us - from;
}

static void test_first_wait(void **state)
{
	(void)state;
	send_one(0);
	assert_int_equal(time_to_repeat(), 1 * SEC);
	assert_int_equal(net.stats.datagram_repeats, 1);
}

/* What the transport knows of the path, from its handshake. */
static void test_wait_from_the_handshake(void **state)
{
	(void)state;
	fake->rtt_us = 200 * MS;
	send_one(0);
	assert_int_equal(time_to_repeat(), 300 * MS);
}

static const struct {
	const char *name;
	uint64_t rtt, first, second;
} waits[] = {
	{ "nearby", 1 * MS, 200 * MS, 400 * MS },
	{ "at the least wait", 133 * MS, 200 * MS, 400 * MS },
	{ "above it", 200 * MS, 300 * MS, 600 * MS },
	{ "far", 600 * MS, 900 * MS, 1800 * MS },
};

static void test_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		start_again();
		measure(waits[i].rtt);
		send_one(0);
		expect_int(waits[i].name, time_to_repeat(), waits[i].first);
		told[0] = '\0';
		expect_int(waits[i].name, time_to_repeat(), waits[i].second);
		expect_int(waits[i].name, fake->sent_count, 4);
		fake_wait(&net, 8 * SEC);
		expect_int(waits[i].name, fake->sent_count, 4); /* three sends of it, and no more */
		assert_int_equal(asks[0].request.datagrams, 3);
		assert_int_equal(asks[0].request.sends, 0);
		session_forget(flight(0));
	}
}

/* The round trip is smoothed, and a name that takes long says little. */
static void test_rtt_is_smoothed(void **state)
{
	(void)state;
	measure(200 * MS);
	for (unsigned i = 0; i < 40; i++)
		measure(250 * MS);
	assert_in_range(session->rtt_us, 245 * MS, 250 * MS);
	start_again();
	measure(10 * MS);
	measure(190 * MS);
	assert_int_equal(session->rtt_us, (7 * 10 * MS + 40 * MS) / 8);
}

/* Karn's rule. */
static void test_repeated_ones_measure_nothing(void **state)
{
	uint64_t rtt;

	(void)state;
	measure(10 * MS);
	rtt = session->rtt_us;
	send_one(0);
	time_to_repeat();
	fake_wait(&net, 150 * MS);
	fake_answer_nth(fake, -1);
	assert_told("answered", "+");
	assert_int_equal(session->rtt_us, rtt);
}

/* ------------------------------------------------------------------ what is repeated */

static void test_same_octets(void **state)
{
	const struct fake_message *first, *second;

	(void)state;
	measure(10 * MS);
	send_one(0);
	time_to_repeat();
	first = fake_sent(fake, -2);
	second = fake_sent(fake, -1);
	assert_int_equal(first->len, second->len);
	assert_memory_equal(first->bytes, second->bytes, first->len);
	fake_answer_nth(fake, -1);
	assert_told("answered", "+");
	fake_answer_nth(fake, -1); /* the answer to the other sending */
	assert_told("once", "");
	assert_int_equal(net.stats.upstream_unknown, 1);
	assert_int_equal(answered[0], 1);
	assert_int_equal(net.stats.upstream_queries, 3);
	assert_int_equal(net.stats.upstream_repeats, 0);
}

/* Only that which is missing. */
static void test_answered_ones_are_not_repeated(void **state)
{
	(void)state;
	measure(10 * MS);
	for (unsigned i = 0; i < 10; i++)
		send_one(i);
	for (long i = 1; i <= 10; i++)
		if (i != 4)
			fake_answer_nth(fake, i);
	told[0] = '\0';
	assert_int_equal(time_to_repeat(), 200 * MS);
	assert_int_equal(fake->sent_count, 12);
	assert_true(ask_is_in(&asks[3].request, fake_sent(fake, -1)));
	fake_answer_nth(fake, -1);
	fake_wait(&net, 10 * SEC);
	assert_int_equal(fake->sent_count, 12);
}

/* Each by its own time. */
static void test_many_at_their_times(void **state)
{
	uint64_t sent[20];

	(void)state;
	measure(10 * MS);
	for (unsigned i = 0; i < 20; i++) {
		sent[i] = net.clock_us;
		send_one(i);
		fake_wait(&net, 7 * MS);
	}
	for (unsigned i = 0; i < 20; i++) {
		time_to_repeat();
		for (unsigned k = 0; k < 20; k++)
			if (flight(k)->sendings == 2 && flight(k)->repeat_us == net.clock_us + 400 * MS)
				assert_in_range(net.clock_us - sent[k], 200 * MS, 400 * MS);
	}
	for (unsigned i = 0; i < 20; i++)
		assert_true(flight(i)->sendings >= 2);
}

static void test_full_transport(void **state)
{
	(void)state;
	measure(10 * MS);
	send_one(0);
	fake_room(fake, 0);
	fake_wait(&net, 300 * MS);
	assert_int_equal(fake->sent_count, 2);
	assert_int_equal(flight(0)->sendings, 1);
	fake_room(fake, SIZE_MAX);
	fake_wait(&net, 300 * MS);
	assert_int_equal(flight(0)->sendings, 2);
	fake_answer_nth(fake, -1);
	assert_int_equal(answered[0], 1);
}

static void test_too_large(void **state)
{
	struct edns_option copied[EDNS_COPIED] = { { 0 } };
	uint8_t octets[FAKE_DATAGRAM_MAX];
	struct flight *f = flight(0);

	(void)state;
	memset(octets, 0x5a, sizeof octets);
	copied[0] = (struct edns_option){ .code = 5, .data = octets, .len = EDNS_COPIED_MAX };
	for (unsigned i = 0; i < EDNS_COPIED; i++)
		copied[i] = copied[0];
	asks[0].request.query.copied = copied;
	submit(0);
	submit(1);
	fake_turn(&net);
	assert_told("it comes back", "-");
	assert_true(f->oversized);
	assert_false(f->charged);
	assert_int_equal(asks[0].request.sends + asks[0].request.datagrams, 0);
	assert_int_equal(net.stats.bound_memory, 0);
	assert_true(is_out(flight(1)));
	assert_int_equal(fake->sent_count, 1);
}

/* ------------------------------------------------------------------ when others are to be asked */

static void test_three_in_vain(void **state)
{
	uint64_t from;

	(void)state;
	measure(10 * MS);
	from = net.clock_us;
	send_one(0);
	/* Another is answered now and then: the path is good. */
	while (late[0] == 0) {
		fake_wait(&net, 100 * MS);
		send_one(1);
		fake_answer_nth(fake, -1);
		fake_turn(&net);
		assert_true(net.clock_us - from < 3 * SEC);
	}
	assert_in_range(net.clock_us - from, 1400 * MS, 1500 * MS);
	assert_int_equal(flight(0)->sendings, 3);
	assert_true(flight(0)->late);
	assert_false(session->suspect);
	fake_wait(&net, 500 * MS);
	assert_int_equal(late[0], 1);
	fake_answer_nth(fake, 1); /* and still it may come */
	assert_int_equal(answered[0], 1);
}

static void test_not_taken_up(void **state)
{
	(void)state;
	measure(10 * MS);
	late_refused = true;
	send_one(0);
	for (unsigned i = 0; i < 30; i++) {
		fake_wait(&net, 100 * MS);
		send_one(1);
		fake_answer_nth(fake, -1);
	}
	assert_in_range(late[0], 2, 20);
	late_refused = false;
	for (unsigned i = 0; i < 10; i++) {
		fake_wait(&net, 100 * MS);
		send_one(1);
		fake_answer_nth(fake, -1);
	}
	assert_true(flight(0)->late);
	told[0] = '\0';
}

/* ------------------------------------------------------------------ the path */

/* One lost datagram is no silence, even where nothing is known of the path. */
static void test_one_loss_is_no_doubt(void **state)
{
	(void)state;
	send_one(0);
	assert_int_equal(time_to_repeat(), 1 * SEC);
	fake_wait(&net, 400 * MS);
	assert_told("no doubt", "");
	fake_answer_nth(fake, -1);
	assert_told("answered", "+");
}

static void test_silence_is(void **state)
{
	(void)state;
	measure(10 * MS);
	send_one(0);
	send_one(1);
	fake_wait(&net, 990 * MS);
	assert_told("not yet", "");
	fake_wait(&net, 110 * MS);
	assert_told("a second", "?pp");
	assert_true(session->suspect);
	assert_false(session->doubted);
	fake_answer_nth(fake, -1);
	assert_told("recovered", "!+");
}

/* Suspect or not, what is out is repeated (RFC 8094 6). */
static void test_suspects_repeat(void **state)
{
	(void)state;
	fake->rtt_us = 400 * MS;
	send_one(0); /* at 0.6 s, and at 1.8 s */
	fake_wait(&net, 1300 * MS);
	assert_told("suspect", "?p");
	assert_int_equal(fake->sent_count, 2);
	fake_wait(&net, 600 * MS);
	assert_int_equal(fake->sent_count, 3);
}

/* ------------------------------------------------------------------ after a pause */

static void test_forgotten_in_a_pause(void **state)
{
	(void)state;
	measure(10 * MS);
	fake_wait(&net, 10 * SEC);
	assert_told("idle", "");
	send_one(0);
	assert_int_equal(time_to_repeat(), 200 * MS);
	assert_told("in doubt at once", "?p");
	assert_true(session->doubted);
	fake_answer_nth(fake, -1);
	assert_told("it was a loss", "!+");
	assert_false(session->doubted);
	send_one(1);
	time_to_repeat();
	assert_told("no pause before", "");
}

/* Plain UDP knows no session. */
static void test_pause_in_clear(void **state)
{
	(void)state;
	fake->base.info.clear = true;
	measure(10 * MS);
	fake_wait(&net, 10 * SEC);
	send_one(0);
	time_to_repeat();
	assert_told("a loss", "");
}

static void test_short_pause(void **state)
{
	(void)state;
	measure(10 * MS);
	fake_wait(&net, REPEAT_PAUSE_US - 1 * MS);
	send_one(0);
	time_to_repeat();
	assert_told("no pause", "");
}

/* ------------------------------------------------------------------ forged and stray datagrams */

static void test_alert_while_queries_are_out(void **state)
{
	(void)state;
	measure(10 * MS);
	send_one(0);
	fake_doubt(fake);
	assert_told("in doubt", "?p");
	assert_true(session->doubted);
	fake_answer_nth(fake, -1);
	assert_told("it was forged", "!+");
	for (unsigned i = 0; i < 10000; i++) {
		send_one(1);
		fake_doubt(fake);
		fake_answer_nth(fake, -1);
		fake_turn(&net);
		assert_told("heard once, believed no more", "+");
	}
}

static void test_alert_while_idle(void **state)
{
	(void)state;
	measure(10 * MS);
	for (unsigned i = 0; i < 10000; i++)
		fake_doubt(fake);
	fake_turn(&net);
	assert_told("nothing is sent", "");
	send_one(0);
	assert_told("with the first query", "?p");
	fake_answer_nth(fake, -1);
	assert_told("it was forged", "!+");
	fake_doubt(fake);
	send_one(1);
	assert_told("believed no more", "");
}

/* A07: whatever comes, the wait goes on, and each is counted. */
static void test_stray_datagrams(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	measure(10 * MS);
	send_one(0);
	for (unsigned i = 0; i < 10000; i++) {
		len = i % 300;
		for (size_t k = 0; k < len; k++)
			msg[k] = (uint8_t)(i * 31 + k * 7);
		fake_deliver(fake, msg, len);
	}
	answer_malformed(-1);
	answer_malformed(-1);
	assert_told("no effect", "");
	assert_true(is_out(flight(0)));
	assert_int_equal(net.stats.upstream_malformed, 2);
	assert_int_equal(net.stats.upstream_mismatch + net.stats.upstream_unknown, 10000);
	fake_answer_nth(fake, -1);
	assert_told("answered", "+");
}

/* ------------------------------------------------------------------ life */

static void test_handshake_limit(void **state)
{
	(void)state;
	session_abort(session);
	fake_turn(&net);
	told[0] = '\0';
	open_session();
	fake_wait(&net, 15 * SEC - 1 * MS);
	assert_told("it may take long", "");
	fake_wait(&net, 1 * MS);
	assert_told("ended", "x");
	assert_int_equal(last_end.fault, FAULT_TIMEOUT);
	assert_string_equal(last_end.text, "no answer within 15 s");
}

static void test_timers_end_with_it(void **state)
{
	(void)state;
	measure(10 * MS);
	send_one(0);
	session_abort(session);
	assert_told("aborted", "u-");
	fake_turn(&net);
	assert_int_equal(net.turn.timers.count, 0);
}

#define DATAGRAM_TEST(f) cmocka_unit_test_setup_teardown(f, begin_datagrams, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DATAGRAM_TEST(test_first_wait),
		DATAGRAM_TEST(test_wait_from_the_handshake),
		DATAGRAM_TEST(test_waits),
		DATAGRAM_TEST(test_rtt_is_smoothed),
		DATAGRAM_TEST(test_repeated_ones_measure_nothing),
		DATAGRAM_TEST(test_same_octets),
		DATAGRAM_TEST(test_answered_ones_are_not_repeated),
		DATAGRAM_TEST(test_many_at_their_times),
		DATAGRAM_TEST(test_full_transport),
		DATAGRAM_TEST(test_too_large),
		DATAGRAM_TEST(test_three_in_vain),
		DATAGRAM_TEST(test_not_taken_up),
		DATAGRAM_TEST(test_one_loss_is_no_doubt),
		DATAGRAM_TEST(test_silence_is),
		DATAGRAM_TEST(test_suspects_repeat),
		DATAGRAM_TEST(test_forgotten_in_a_pause),
		DATAGRAM_TEST(test_pause_in_clear),
		DATAGRAM_TEST(test_short_pause),
		DATAGRAM_TEST(test_alert_while_queries_are_out),
		DATAGRAM_TEST(test_alert_while_idle),
		DATAGRAM_TEST(test_stray_datagrams),
		DATAGRAM_TEST(test_handshake_limit),
		DATAGRAM_TEST(test_timers_end_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
