/* Upstreams over datagrams with a stream beside: which way a query takes, and when it changes it. */
#include "tests/unit/pool_case.h"

#define MINUTE (60 * SEC)

static int begin_with(size_t count, bool races)
{
	two_ways = true;
	racing = races;
	init(1, count, POLICY_FAILOVER, 2, 100);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	return begin_with(1, false);
}

static int begin_two(void **state)
{
	(void)state;
	return begin_with(2, false);
}

static int begin_racing(void **state)
{
	(void)state;
	return begin_with(1, true);
}

/* ------------------------------------------------------------------ transports */

/* The newest of that kind to the upstream that has not ended; NULL: none. */
static struct fake *over(size_t upstream, bool stream)
{
	for (size_t i = net.count; i-- > 0;) {
		struct fake *f = net.fakes[i];

		if (!f->ended && !f->closed && !f->freed && f->stream == stream &&
			upstream_of(f) == &ups[upstream])
			return f;
	}
	return NULL;
}

static struct fake *datagrams(void)
{
	return over(0, false);
}

static struct fake *stream(void)
{
	return over(0, true);
}

static size_t opened(bool stream)
{
	size_t n = 0;

	for (size_t i = 0; i < net.count; i++)
		n += net.fakes[i]->stream == stream;
	return n;
}

/* Query i is out there. */
static bool is_on(unsigned i, const struct fake *f)
{
	const struct flight *flight = f ? flight_on(i, f) : NULL;

	return flight && flight->sent;
}

static void assert_from(unsigned i, const char *label)
{
	assert_int_equal(fates[i].done, 1);
	assert_int_equal(fates[i].answered, 1);
	assert_string_equal(fates[i].from, label);
}

/* A session over datagrams that has answered within 10 ms. */
static struct fake *connect_datagrams(void)
{
	struct fake *f;

	submit(ASKS - 1);
	turn();
	f = datagrams();
	assert_non_null(f);
	fake_ready(f);
	turn();
	assert_true(is_on(ASKS - 1, f));
	pass(10 * MS);
	answer(ASKS - 1, f);
	turn();
	assert_from(ASKS - 1, datagram_labels[0]);
	memset(&fates[ASKS - 1], 0, sizeof fates[0]);
	return f;
}

/* An answer with TC=1 and nothing in it. */
static void answer_cut(unsigned i, struct fake *f)
{
	struct fake_message *m = fake_sent(f, message_of(i, f));
	uint8_t out[FAKE_ANSWER_MAX];
	size_t len = build_answer(m, RCODE_NOERROR, FAKE_NO_OPT, out);

	out[2] |= DNS_TC >> 8;
	fake_deliver(f, out, len);
}

/* ------------------------------------------------------------------ the preferred way */

static void test_datagrams_are_preferred(void **state)
{
	(void)state;
	connect_datagrams();
	for (unsigned i = 0; i < 20; i++) {
		send_one(i);
		answer(i, datagrams());
		turn();
		assert_from(i, datagram_labels[0]);
	}
	assert_int_equal(opened(true), 0);
	assert_int_equal(opened(false), 1);
	assert_int_equal(pool_sessions(&pool), 1);
}

/* Nothing is heard for 250 ms: the stream is opened, and serves. */
static void test_slow_handshake(void **state)
{
	struct fake *d;

	(void)state;
	submit(0);
	turn();
	d = datagrams();
	pass(249 * MS);
	assert_null(stream());
	pass(2 * MS);
	assert_non_null(stream());
	fake_ready(stream());
	turn();
	assert_true(is_on(0, stream()));
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	/* It comes after all, and takes over. */
	assert_ptr_equal(datagrams(), d);
	fake_ready(d);
	turn();
	send_one(1);
	assert_true(is_on(1, d));
	assert_int_equal(opened(false), 1);
}

static void test_handshake_in_time(void **state)
{
	(void)state;
	submit(0);
	turn();
	pass(200 * MS);
	fake_ready(datagrams());
	turn();
	assert_true(is_on(0, datagrams()));
	pass(100 * MS);
	assert_null(stream());
}

/* The stream is there while it is needed, and not opened again. */
static void test_stream_is_not_kept_warm(void **state)
{
	(void)state;
	submit(0);
	turn();
	pass(300 * MS);
	fake_ready(stream());
	turn();
	answer(0, stream());
	turn();
	fake_ready(datagrams());
	turn();
	pass(6 * SEC);
	fake_end(stream(), FAULT_CLOSED, STAGE_DNS);
	turn();
	send_one(1);
	answer(1, datagrams());
	pass(20 * SEC);
	assert_null(stream());
	assert_int_equal(opened(true), 1);
}

/* ------------------------------------------------------------------ silence */

/* UDP 853 is silent: no query waits for it, and it is remembered. */
static void fall_silent_at_start(void)
{
	submit(0);
	turn();
	pass(300 * MS);
	fake_ready(stream());
	turn();
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	for (unsigned i = 1; i < 30; i++) {
		send_one(i);
		assert_true(is_on(i, stream()));
		answer(i, stream());
		pass(500 * MS);
		assert_int_equal(opened(false), 1); /* it repeats by itself: no other is opened */
	}
	pass(SEC);
	assert_null(datagrams());
	assert_int_equal(net.stats.datagram_silences, 1);
}

/* Another word that nobody listens there is as good as silence. */
static void test_refused_datagrams(void **state)
{
	(void)state;
	submit(0);
	turn();
	fake_end(datagrams(), FAULT_PROTOCOL, STAGE_UDP);
	turn();
	assert_non_null(stream()); /* at once */
	fake_ready(stream());
	turn();
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	assert_int_equal(net.stats.datagram_silences, 1);
	assert_true(silence_is_on(&ups[0].silence, net.clock_us + 14 * MINUTE));
}

/* A handshake that is spoilt, perhaps by a forger: the stream serves, and it is tried again before long. */
static void test_spoilt_handshake(void **state)
{
	(void)state;
	submit(0);
	turn();
	fake_end(datagrams(), FAULT_PROTOCOL, STAGE_TLS);
	turn();
	fake_ready(stream());
	turn();
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	assert_int_equal(net.stats.datagram_silences, 0);
	for (unsigned i = 1; opened(false) < 2; i++) {
		assert_true(i < 60);
		pass(SEC);
		send_one(i);
		answer(i, stream());
		turn();
	}
}

/* Trouble of our own says nothing of the server. */
static void test_no_socket_for_datagrams(void **state)
{
	(void)state;
	submit(0);
	turn();
	fake_end(datagrams(), FAULT_LOCAL, STAGE_ROUTE);
	turn();
	assert_non_null(stream());
	assert_int_equal(net.stats.datagram_silences, 0);
	pass(SEC);
	assert_int_equal(opened(false), 2);
}

/* Somebody asks every so often, for so long: attempts over datagrams meanwhile. */
static size_t attempts_within(uint64_t us, uint64_t every_us)
{
	size_t before = opened(false);

	for (uint64_t t = 0; t < us; t += every_us) {
		unsigned i = ASKS - 3;

		memset(&fates[i], 0, sizeof fates[i]);
		submit(i);
		turn();
		if (!stream()->ready)
			fake_ready(stream());
		turn();
		assert_true(is_on(i, stream()));
		answer(i, stream());
		pass(every_us);
	}
	return opened(false) - before;
}

/* A07: forged, an alert opens another session and ICMP ends its handshake.  The first one goes on. */
static void test_forged_refusal(void **state)
{
	struct fake *d;

	(void)state;
	d = connect_datagrams();
	send_one(0);
	fake_doubt(d);
	turn();
	assert_ptr_not_equal(datagrams(), d);
	fake_end(datagrams(), FAULT_PROTOCOL, STAGE_TLS);
	turn();
	assert_int_equal(net.stats.datagram_silences, 0);
	answer(0, d);
	turn();
	assert_from(0, datagram_labels[0]);
	send_one(1);
	assert_true(is_on(1, d));
}

/* A server that has answered, and is not there for a moment. */
static void test_refused_by_one_that_was_heard(void **state)
{
	(void)state;
	connect_datagrams();
	fake_end(datagrams(), FAULT_CLOSED, STAGE_DNS);
	turn();
	submit(0);
	turn();
	if (datagrams())
		fake_end(datagrams(), FAULT_PROTOCOL, STAGE_TLS);
	turn();
	fake_ready(stream());
	turn();
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	assert_int_equal(net.stats.datagram_silences, 0);
	assert_int_equal(attempts_within(14 * SEC, SEC), 1);
	assert_non_null(datagrams());
	fake_ready(datagrams());
	turn();
	send_one(1);
	assert_true(is_on(1, datagrams()));
}

static void test_silence_is_remembered(void **state)
{
	(void)state;
	fall_silent_at_start();
	assert_int_equal(attempts_within(24 * 60 * MINUTE - MINUTE, 50 * SEC), 0);
	assert_int_equal(attempts_within(2 * MINUTE, 10 * SEC), 1);
}

static void test_another_network(void **state)
{
	(void)state;
	fall_silent_at_start();
	ways_renew(&ups[0], NULL, NULL);
	pool_renewed(&pool);
	assert_int_equal(attempts_within(10 * SEC, SEC), 1);
	fake_ready(datagrams());
	turn();
	send_one(40);
	assert_true(is_on(40, datagrams()));
}

/* Where the stream has not worked either, nothing is known of the server. */
static void test_silence_of_all(void **state)
{
	size_t before;

	(void)state;
	submit(0);
	pass(14 * SEC);
	cancel(0);
	pass(2 * SEC);
	assert_null(datagrams());
	before = opened(false);
	submit(1);
	turn();
	assert_non_null(stream());
	fake_ready(stream());
	turn();
	answer(1, stream());
	turn();
	assert_int_equal(opened(false), before);
	assert_int_equal(attempts_within(14 * MINUTE, 20 * SEC), 0);
	assert_int_equal(attempts_within(2 * MINUTE, 20 * SEC), 1);
}

/* A session falls silent: its query goes to the stream within the second, and is answered there. */
static void test_session_falls_silent(void **state)
{
	struct fake *d = NULL;

	(void)state;
	d = connect_datagrams();
	send_one(0);
	pass(1100 * MS);
	assert_true(is_on(0, d));
	assert_non_null(stream()); /* at once, beside another session over datagrams */
	assert_non_null(datagrams());
	assert_ptr_not_equal(datagrams(), d);
	fake_ready(stream());
	turn();
	assert_true(is_on(0, stream()));
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	assert_int_equal(asks[0].request.sends, 1);
	assert_int_equal(asks[0].request.avoid, 0);
}

static void let_all_connect(void)
{
	for (size_t i = 0; i < net.count; i++) {
		struct fake *f = net.fakes[i];

		if (!f->ready && !f->ended && !f->closed && !f->freed)
			fake_ready(f);
	}
	turn();
}

/* Handshakes succeed, datagrams with queries are swallowed, and the stream answers. */
static void answer_by_stream(unsigned i)
{
	submit(i);
	turn();
	while (fates[i].inside) {
		let_all_connect();
		if (fates[i].inside && is_on(i, stream()))
			answer(i, stream());
		pass(100 * MS);
	}
	assert_int_equal(fates[i].answered, 1);
}

/* Given up after two sessions that never answered. */
static void test_swallows_queries(void **state)
{
	(void)state;
	for (unsigned i = 0; net.stats.datagram_silences == 0; i++) {
		assert_true(i < 4);
		answer_by_stream(i);
		assert_true(opened(false) >= 1 + i);
	}
	assert_true(opened(false) >= 2);
	pass(30 * SEC);
	assert_int_equal(attempts_within(14 * MINUTE, 20 * SEC), 0);
}

/* One that had answered and is then forgotten does not count: its successor may be forgotten, too. */
static void test_forgotten_is_no_silence(void **state)
{
	(void)state;
	connect_datagrams();
	answer_by_stream(0);
	answer_by_stream(1);
	assert_int_equal(net.stats.datagram_silences, 0);
	submit(2);
	turn();
	let_all_connect();
	assert_true(is_on(2, datagrams()));
	answer(2, datagrams());
	turn();
	assert_from(2, datagram_labels[0]);
}

/* ------------------------------------------------------------------ single queries */

static void test_cut_answer(void **state)
{
	struct fake *d;

	(void)state;
	d = connect_datagrams();
	send_one(0);
	answer_cut(0, d);
	turn();
	assert_int_equal(fates[0].done, 0);
	assert_non_null(stream());
	fake_ready(stream());
	turn();
	assert_true(is_on(0, stream()));
	/* The others stay with datagrams. */
	send_one(1);
	assert_true(is_on(1, d));
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	assert_int_equal(net.stats.fallback_truncated, 1);
	assert_int_equal(net.stats.fallback_silence + net.stats.fallback_size, 0);
}

/* A stream may say TC=1: that is an answer like any. */
static void test_cut_answer_of_a_stream(void **state)
{
	(void)state;
	connect_datagrams();
	send_one(0);
	answer_cut(0, datagrams());
	turn();
	fake_ready(stream());
	turn();
	answer_cut(0, stream());
	turn();
	assert_int_equal(fates[0].answered, 1);
	assert_true(asks[0].request.answer.flags & DNS_TC);
}

static void test_too_large(void **state)
{
	static struct edns_option copied[EDNS_COPIED];
	static uint8_t octets[EDNS_COPIED_MAX];

	(void)state;
	for (unsigned i = 0; i < EDNS_COPIED; i++)
		copied[i] = (struct edns_option){ .code = 5, .data = octets, .len = EDNS_COPIED_MAX };
	connect_datagrams();
	asks[0].request.query.copied = copied;
	submit(0);
	turn();
	assert_false(is_on(0, datagrams()));
	fake_ready(stream());
	turn();
	assert_true(is_on(0, stream()));
	assert_true(fake_sent(stream(), -1)->len > FAKE_DATAGRAM_MAX);
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	assert_int_equal(net.stats.fallback_size, 1);
	assert_int_equal(net.stats.bound_memory, 0);
}

/* While it waits for the stream, the others go on over datagrams. */
static void test_too_large_holds_up_nobody(void **state)
{
	static struct edns_option copied[EDNS_COPIED];
	static uint8_t octets[EDNS_COPIED_MAX];

	(void)state;
	for (unsigned i = 0; i < EDNS_COPIED; i++)
		copied[i] = (struct edns_option){ .code = 5, .data = octets, .len = EDNS_COPIED_MAX };
	connect_datagrams();
	asks[0].request.query.copied = copied;
	submit(0);
	turn();
	assert_int_equal(stands(0), WAITING);
	for (unsigned i = 1; i < 10; i++) {
		send_one(i);
		assert_true(is_on(i, datagrams()));
	}
}

/* Others are answered, this one is lost three times: over to the stream, and no send is spent. */
static void test_three_lost(void **state)
{
	struct fake *d;

	(void)state;
	d = connect_datagrams();
	send_one(0);
	for (unsigned i = 1; i < 20 && !stream(); i++) {
		send_one(i);
		answer(i, d);
		pass(100 * MS);
	}
	assert_non_null(stream());
	assert_int_equal(asks[0].request.datagrams, 3);
	assert_int_equal(asks[0].request.sends, 0);
	fake_ready(stream());
	turn();
	assert_true(is_on(0, stream()));
	assert_true(is_on(0, d)); /* whichever comes first */
	answer(0, d);
	turn();
	assert_from(0, datagram_labels[0]);
	assert_int_equal(net.stats.fallback_silence, 1);
	assert_int_equal(net.stats.datagram_repeats, 2);
}

/* Three sends over streams are left to it, whatever datagrams have cost. */
static void test_streams_have_their_own_sends(void **state)
{
	(void)state;
	connect_datagrams();
	send_one(0);
	answer_cut(0, datagrams());
	turn();
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(fates[0].done, 0);
		turning = true;
		while (!stream())
			assert_true(fake_next_timer(&net));
		turning = false;
		fake_ready(stream());
		turn();
		assert_true(is_on(0, stream()));
		fake_end(stream(), FAULT_RESET, STAGE_DNS);
		turn();
	}
	assert_int_equal(fates[0].failed, 1);
	assert_int_equal(asks[0].request.sends, 3);
}

/* ------------------------------------------------------------------ with another upstream */

/* A is there, its stream takes a while: B is not asked for what A could not say in a datagram. */
static void test_cut_answer_stays_with_its_upstream(void **state)
{
	(void)state;
	connect_datagrams();
	send_one(0);
	answer_cut(0, datagrams());
	turn();
	pass(900 * MS);
	assert_null(over(1, false));
	assert_null(over(1, true));
	fake_ready(stream());
	turn();
	assert_true(is_on(0, stream()));
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
}

/* A's stream can't be had: then B is better than nothing. */
static void test_no_stream_at_all(void **state)
{
	(void)state;
	connect_datagrams();
	send_one(0);
	answer_cut(0, datagrams());
	turn();
	fake_end(stream(), FAULT_RESET, STAGE_TCP);
	turn();
	assert_true(over(1, false) || over(1, true));
}

/* An error over datagrams counts for both ways of A, and B is asked. */
static void test_error_moves_on(void **state)
{
	(void)state;
	connect_datagrams();
	send_one(0);
	answer_with(0, datagrams(), RCODE_SERVFAIL);
	turn();
	fake_ready(over(1, false));
	turn();
	assert_true(is_on(0, over(1, false)));
	answer(0, over(1, false));
	turn();
	assert_from(0, datagram_labels[1]);
	assert_null(stream());
}

/* Neither way of A gets through: B has it, and A is not asked first while it is down. */
static void test_both_ways_down(void **state)
{
	(void)state;
	submit(0);
	turn();
	pass(260 * MS);
	assert_non_null(stream());
	fake_end(stream(), FAULT_RESET, STAGE_TCP);
	turn();
	assert_non_null(over(1, false));
	fake_ready(over(1, false));
	turn();
	assert_true(is_on(0, over(1, false)));
	answer(0, over(1, false));
	turn();
	assert_from(0, datagram_labels[1]);
}

/* A takes it on both ways and answers on neither: that is twice, and B is asked before A's stream is tried again. */
static void test_late_on_both_ways(void **state)
{
	uint64_t begun;

	(void)state;
	connect_datagrams();
	begun = net.clock_us;
	submit(0);
	while (!is_on(0, over(1, true)) && net.clock_us - begun < 4 * SEC) {
		turn();
		if (stream() && !stream()->ready)
			fake_ready(stream());
		if (over(1, true) && !over(1, true)->ready)
			fake_ready(over(1, true));
		pass(10 * MS);
	}
	assert_in_range(net.clock_us - begun, 2 * SEC, 27 * SEC / 10);
	answer(0, over(1, true));
	turn();
	assert_from(0, labels[1]);
}

/* ------------------------------------------------------------------ sessions that are forgotten */

/* The resumption answers first: the old session goes. */
static void test_forgotten_session(void **state)
{
	struct fake *old, *new;

	(void)state;
	old = connect_datagrams();
	pass(10 * SEC);
	send_one(0);
	pass(200 * MS);
	new = datagrams();
	assert_ptr_not_equal(new, old);
	assert_int_equal(net.stats.datagram_silences, 0);
	pass(20 * MS);
	fake_ready(new);
	turn();
	assert_true(is_on(0, new));
	assert_true(is_on(0, old));
	answer(0, new);
	turn();
	assert_from(0, datagram_labels[0]);
	pass(SEC);
	assert_true(old->closed);
	assert_int_equal(pool_sessions(&pool), 1);
	assert_int_equal(ups[0].silence.sessions, 0);
	/* That is learnt. */
	assert_int_equal(ups[0].limits.idle_us, 10 * SEC);
}

/* The old one answers first: the other is not needed. */
static void test_not_forgotten(void **state)
{
	struct fake *old, *new;

	(void)state;
	old = connect_datagrams();
	pass(10 * SEC);
	send_one(0);
	pass(200 * MS);
	new = datagrams();
	assert_ptr_not_equal(new, old);
	answer(0, old);
	turn();
	assert_from(0, datagram_labels[0]);
	assert_true(new->closed);
	assert_ptr_equal(datagrams(), old);
	send_one(1);
	assert_true(is_on(1, old));
}

/* A07: any number of forged alerts costs one handshake, and no query. */
static void test_forged_alerts(void **state)
{
	struct fake *d;

	(void)state;
	d = connect_datagrams();
	for (unsigned i = 0; i < 100; i++) {
		send_one(i);
		for (unsigned k = 0; k < 100; k++)
			fake_doubt(d);
		turn();
		pass(10 * MS);
		if (datagrams() != d && !datagrams()->ready)
			pass(MS); /* its resumption takes longer than the answer */
		answer(i, d);
		turn();
		assert_from(i, datagram_labels[0]);
	}
	assert_int_equal(opened(false), 2);
	assert_int_equal(fake_open_count(&net), 1 + (stream() != NULL));
}

/* ------------------------------------------------------------------ the race */

static void test_race_won_by_datagrams(void **state)
{
	struct fake *s;

	(void)state;
	submit(0);
	turn();
	s = stream();
	assert_non_null(s); /* at once */
	fake_ready(datagrams());
	turn();
	answer(0, datagrams());
	turn();
	assert_from(0, datagram_labels[0]);
	assert_true(s->closed);
	for (unsigned i = 1; i < 10; i++) {
		send_one(i);
		answer(i, datagrams());
		pass(5 * SEC);
	}
	assert_int_equal(opened(true), 1);
}

static void test_race_won_by_the_stream(void **state)
{
	struct fake *d;

	(void)state;
	submit(0);
	turn();
	d = datagrams();
	fake_ready(stream());
	turn();
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	assert_true(d->closed);
	assert_int_equal(attempts_within(30 * MINUTE, 20 * SEC), 0);
	/* The other is the fallback. */
	fake_end(stream(), FAULT_RESET, STAGE_DNS);
	turn();
	submit(1);
	turn();
	fake_end(stream(), FAULT_RESET, STAGE_TCP);
	pass(300 * MS);
	assert_non_null(datagrams());
	fake_ready(datagrams());
	turn();
	answer(1, datagrams());
	turn();
	assert_from(1, datagram_labels[0]);
}

/* Ready is not enough: it must answer. */
static void test_race_is_won_by_an_answer(void **state)
{
	struct fake *d;

	(void)state;
	submit(0);
	turn();
	d = datagrams();
	fake_ready(d);
	fake_ready(stream());
	turn();
	assert_true(is_on(0, d));
	pass(1600 * MS);
	assert_true(is_on(0, stream()));
	answer(0, stream());
	turn();
	assert_from(0, labels[0]);
	send_one(1);
	assert_true(is_on(1, stream()));
	ways_renew(&ups[0], NULL, NULL);
	pool_renewed(&pool);
	submit(2);
	turn();
	assert_non_null(datagrams()); /* on another network they race again */
	fake_ready(datagrams());
	send_one(3);
	answer(3, datagrams());
	turn();
	assert_from(3, datagram_labels[0]);
}

/* ------------------------------------------------------------------ what is told */

static void test_reasons(void **state)
{
	(void)state;
	submit(0);
	turn();
	assert_reason(0, EDE_NOT_READY, "dtls://192.0.2.1:853#dns.test: still connecting");
	pass(300 * MS);
	assert_reason(0, EDE_NOT_READY, A_LABEL ": still connecting");
	fake_end(stream(), FAULT_RESET, STAGE_TCP);
	turn();
	assert_reason(0, EDE_NO_REACHABLE_AUTHORITY, A_LABEL ": TCP: the test says so");
}

static void test_warming(void **state)
{
	(void)state;
	pool_warm(&pool);
	turn();
	assert_int_equal(opened(false), 1);
	assert_int_equal(opened(true), racing ? 1 : 0);
}

#define TEST(f)	       cmocka_unit_test_setup_teardown(f, begin, end)
#define TWO_TEST(f)    cmocka_unit_test_setup_teardown(f, begin_two, end)
#define RACING_TEST(f) cmocka_unit_test_setup_teardown(f, begin_racing, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_datagrams_are_preferred),
		TEST(test_slow_handshake),
		TEST(test_handshake_in_time),
		TEST(test_stream_is_not_kept_warm),
		TEST(test_refused_datagrams),
		TEST(test_spoilt_handshake),
		TEST(test_forged_refusal),
		TEST(test_refused_by_one_that_was_heard),
		TEST(test_no_socket_for_datagrams),
		TEST(test_silence_is_remembered),
		TEST(test_another_network),
		TEST(test_silence_of_all),
		TEST(test_session_falls_silent),
		TEST(test_swallows_queries),
		TEST(test_forgotten_is_no_silence),
		TEST(test_cut_answer),
		TEST(test_cut_answer_of_a_stream),
		TEST(test_too_large),
		TEST(test_too_large_holds_up_nobody),
		TEST(test_three_lost),
		TEST(test_streams_have_their_own_sends),
		TWO_TEST(test_cut_answer_stays_with_its_upstream),
		TWO_TEST(test_no_stream_at_all),
		TWO_TEST(test_error_moves_on),
		TWO_TEST(test_both_ways_down),
		TWO_TEST(test_late_on_both_ways),
		TEST(test_forgotten_session),
		TEST(test_not_forgotten),
		TEST(test_forged_alerts),
		RACING_TEST(test_race_won_by_datagrams),
		RACING_TEST(test_race_won_by_the_stream),
		RACING_TEST(test_race_is_won_by_an_answer),
		TEST(test_reasons),
		TEST(test_warming),
		RACING_TEST(test_warming),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
