/* A session with queries out: is its path good, and is a name slow? */
#include "tests/unit/session_case.h"

/* Sessions are looked at every so often. */
#define LOOK (100 * MS)

/* A query is sent now, and nothing is acknowledged from then on. */
static void get_stuck(uint64_t rtt_us)
{
	send_one(0);
	fake->rtt_us = rtt_us;
	fake->stuck_since_us = net.clock_us;
}

/* Ends in the silence after one query. */
static void make_suspect(void)
{
	send_one(0);
	fake_wait(&net, SEC);
	assert_told("silent", "?p");
}

/* ------------------------------------------------------------------ unacknowledged */

static const struct {
	const char *name;
	uint64_t rtt_us, limit_us;
} round_trips[] = {
	{ "not known", 0, 250 * MS },
	{ "1 ms", MS, 250 * MS },
	{ "83 ms", 83 * MS, 250 * MS },
	{ "84 ms", 84 * MS, 252 * MS },
	{ "100 ms", 100 * MS, 300 * MS },
	{ "200 ms", 200 * MS, 600 * MS },
	{ "250 ms", 250 * MS, 750 * MS },
};

static void test_unacked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(round_trips); i++) {
		const char *row = round_trips[i].name;

		start_again();
		get_stuck(round_trips[i].rtt_us);
		fake_wait(&net, round_trips[i].limit_us);
		assert_told(row, "");
		fake_wait(&net, LOOK);
		assert_told(row, "?p");
	}
}

/* The limit itself is not too long; a microsecond more is. */
static void test_unacked_to_the_microsecond(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(round_trips); i++) {
		const char *row = round_trips[i / 2].name;

		start_again();
		send_one(0);
		fake->rtt_us = round_trips[i / 2].rtt_us;
		fake_wait(&net, 900 * MS - round_trips[i / 2].limit_us - i % 2);
		fake->stuck_since_us = net.clock_us;
		fake_wait(&net, round_trips[i / 2].limit_us + i % 2 - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, i % 2 ? "?p" : "");
	}
}

static void test_acknowledged_in_time(void **state)
{
	(void)state;
	get_stuck(0);
	for (unsigned i = 0; i < 3; i++) { /* some are, and others stand */
		fake_wait(&net, 249 * MS);
		fake->stuck_since_us = net.clock_us;
	}
	fake->stuck_since_us = 0;
	fake_wait(&net, 252 * MS);
	assert_told("until the answer is late", "");
	fake_wait(&net, MS);
	assert_told("a second of silence", "?p");
}

/* Answers to others do not make octets acknowledged. */
static void test_unacked_though_answered(void **state)
{
	(void)state;
	get_stuck(0);
	fake_wait(&net, 200 * MS);
	send_one(1);
	fake_answer_nth(fake, 1);
	assert_told("answered", "+");
	fake_wait(&net, 100 * MS);
	assert_told("unacknowledged", "?p");
}

/* Of a session without queries out nothing is asked. */
static void test_unacked_without_queries(void **state)
{
	(void)state;
	fake->stuck_since_us = net.clock_us;
	fake_wait(&net, 60 * SEC);
	assert_told("nothing is out", "");
	session_forget(send_one(0));
	fake_wait(&net, 60 * SEC);
	assert_told("it was given up", "");
	send_one(1);
	fake_wait(&net, LOOK - 1);
	assert_told("not looked at", "");
	fake_wait(&net, 1);
	assert_told("unacknowledged for long", "?p");
}

/* The kernel is asked of a path only where a query has waited for a while. */
static void test_looks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		send_one(0);
		fake_wait(&net, 33 * MS);
		fake_answer_nth(fake, -1);
	}
	assert_int_equal(fake->looks, 0);
	send_one(0);
	fake_wait(&net, LOOK - 1);
	assert_int_equal(fake->looks, 0);
	fake_wait(&net, 801 * MS);
	assert_int_equal(fake->looks, 9);
}

/* And then at once, whatever was looked at before. */
static void test_looked_at_in_time(void **state)
{
	(void)state;
	fake->stuck_since_us = net.clock_us;
	fake_wait(&net, SEC);
	session_forget(send_one(0));
	fake_wait(&net, 90 * MS);
	send_one(1);
	fake_wait(&net, LOOK - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("unacknowledged for long", "?p");
}

static void test_acknowledgement_does_not_recover(void **state)
{
	(void)state;
	get_stuck(0);
	fake_wait(&net, 300 * MS);
	assert_told("unacknowledged", "?p");
	fake->stuck_since_us = 0;
	fake_wait(&net, 5 * SEC);
	assert_told("an answer would", "");
	assert_true(session->suspect);
}

/* ------------------------------------------------------------------ silence */

static const struct {
	const char *name;
	uint64_t handshake_us, idle_us;
	bool answered_before, partial;
} silences[] = {
	{ "new", 0, 0, false, false },
	{ "long way", 400 * MS, 0, false, false },
	{ "idle for long", 0, 3 * SEC, false, false },
	{ "answered before", 0, 0, true, false },
	{ "answered before, idle for long", 0, 3 * SEC, true, false },
	{ "octets come, but no whole message", 0, 0, false, true },
	{ "the same, answered before", 400 * MS, 3 * SEC, true, true },
};

/* Ready after that time, with nothing told. */
static void start_slowly(uint64_t handshake_us)
{
	start_again();
	session_abort(session);
	fake_turn(&net);
	open_session();
	fake_wait(&net, handshake_us);
	fake_ready(fake);
	told[0] = '\0';
}

static void test_silent(void **state)
{
	static const uint8_t partial[] = { 0xff, 0xff };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(silences); i++) {
		const char *row = silences[i].name;

		start_slowly(silences[i].handshake_us);
		if (silences[i].answered_before)
			hear("");
		fake_wait(&net, silences[i].idle_us);
		ask_init(&asks[0], 0);
		send_one(0);
		fake->partial = partial;
		fake->partial_len = silences[i].partial ? sizeof partial : 0;
		fake_wait(&net, SEC - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "?p");
	}
}

/* However often a query was sent. */
static void test_silent_on_the_last_send(void **state)
{
	(void)state;
	asks[0].request.sends = REQUEST_SENDS_MAX - 1;
	make_suspect();
	assert_int_equal(asks[0].request.sends, REQUEST_SENDS_MAX);
}

/* Queries that come steadily do not hide that none is answered. */
static void test_silent_under_load(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		send_one(i);
		fake_wait(&net, 50 * MS - (i == 19));
	}
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("silent", "?pppppppppppppppppppp");
}

/* An answer, an answer that came too late, an answer that does not parse: somebody is there. */
enum life { ANSWER, LATE_ANSWER, MALFORMED_ANSWER };

static const struct {
	const char *name, *told;
	enum life life;
} lives[] = {
	{ "an answer", "+", ANSWER },
	{ "a late answer", "", LATE_ANSWER },
	{ "a malformed answer", "-", MALFORMED_ANSWER },
};

static void show_life(enum life life, long i)
{
	if (life == MALFORMED_ANSWER)
		answer_malformed(i);
	else
		fake_answer_nth(fake, i);
}

static void test_life_ends_the_silence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lives); i++) {
		const char *row = lives[i].name;

		start_again();
		send_one(0);
		send_one(1);
		if (lives[i].life == LATE_ANSWER)
			session_forget(flight(1));
		fake_wait(&net, 900 * MS);
		show_life(lives[i].life, 1);
		assert_told(row, lives[i].told);
		fake_wait(&net, 600 * MS - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "s");
		fake_wait(&net, 400 * MS - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "?p");
	}
}

/* What is no answer to a query of ours is no progress. */
static void test_noise_is_silence(void **state)
{
	uint8_t wrong[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	hear("");
	send_one(1);
	len = fake_answer(fake_sent(fake, 1), FAKE_NO_OPT, wrong);
	wrong[DNS_HEADER_LEN + 1] ^= 1;
	for (unsigned i = 0; i < 10; i++) {
		assert_told("not yet", "");
		fake_deliver(fake, wrong, len); /* another question */
		fake_deliver(
			fake, fake_sent(fake, 1)->bytes, fake_sent(fake, 1)->len); /* no answer */
		fake_answer_nth(fake, 0);					   /* once more */
		fake_wait(&net, 100 * MS);
	}
	assert_told("noise", "?p");
	fake_deliver(fake, wrong, len);
	fake_answer_nth(fake, 0);
	assert_told("still noise", "");
	assert_true(session->suspect);
}

/* Nothing out: nothing to watch, and no timer but that of its life. */
static void test_idle_is_not_silence(void **state)
{
	(void)state;
	hear("");
	fake_wait(&net, 5 * SEC);
	assert_int_equal(net.turn.timers.count, 1);
	fake->room = 0;
	submit(0);
	fake_wait(&net, 60 * SEC);
	assert_told("what was not sent can't be answered", "");
	assert_int_equal(net.turn.timers.count, 1);
}

/* ------------------------------------------------------------------ given up meanwhile */

/* Sent, waited for, given up; then nothing is out for ten seconds. */
static void wait_in_vain(unsigned i, uint64_t us)
{
	send_one(i);
	fake_wait(&net, us);
	session_forget(flight(i));
	fake_wait(&net, 10 * SEC);
	assert_told("nothing is out", "");
}

static void test_given_up_counts(void **state)
{
	(void)state;
	wait_in_vain(0, 500 * MS);
	wait_in_vain(1, 300 * MS);
	send_one(2);
	fake_wait(&net, 200 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("a second in all", "?p");
}

/* Far more than a second was waited: the next one finds out at the first look. */
static void test_given_up_again_and_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		session_forget(send_one(i)); /* at once: not waited for */
		wait_in_vain(i, LOOK - 1);
	}
	send_one(0);
	fake_wait(&net, LOOK - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("silent", "?p");
}

static void test_given_up_then_life(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lives); i++) {
		const char *row = lives[i].name;

		start_again();
		wait_in_vain(0, 900 * MS);
		send_one(1);
		show_life(lives[i].life, lives[i].life == LATE_ANSWER ? 0 : 1);
		if (lives[i].life == LATE_ANSWER)
			session_forget(flight(1));
		assert_told(row, lives[i].told);
		fake_wait(&net, 10 * SEC);
		send_one(2);
		fake_wait(&net, SEC - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "?p");
	}
}

/* While another is out, the time runs once. */
static void test_given_up_beside_another(void **state)
{
	(void)state;
	send_one(0);
	fake_wait(&net, 500 * MS);
	send_one(1);
	fake_wait(&net, 200 * MS);
	session_forget(flight(0));
	fake_wait(&net, 300 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("a second since the first", "?p");
}

/* One that was not sent has not been waited for. */
static void test_given_up_in_the_queue(void **state)
{
	(void)state;
	fake->room = 0;
	submit(0);
	fake_wait(&net, 5 * SEC);
	session_forget(flight(0));
	fake_room(fake, 10);
	send_one(1);
	fake_wait(&net, SEC - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("silent", "?p");
}

/* ------------------------------------------------------------------ suspect */

static void test_suspect(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		send_one(i);
	session_forget(flight(1));
	fake_wait(&net, SEC);
	assert_told("for each that is out", "?pp");
	assert_int_equal(late[0], 1);
	assert_int_equal(late[1], 0);
	assert_int_equal(late[2], 1);
	assert_true(is_out(flight(0)) && flight(0)->late);
	assert_int_equal(session->state, SESSION_READY);
	assert_false(session_has_room(session));
	assert_int_equal(session->sent_count, 2);
	fake_wait(&net, 9 * SEC);
	assert_told("once", "");
}

/* What could not be sent has nothing to hope for here. */
static void test_suspect_with_a_queue(void **state)
{
	(void)state;
	send_one(0);
	fake->room = 1;
	for (unsigned i = 1; i < 4; i++)
		submit(i);
	fake_wait(&net, SEC);
	assert_told("what was not sent returns, what was is late", "?--pp");
	assert_int_equal(returned[2] + returned[3], 2);
	assert_int_equal(asks[2].request.sends, 0);
	assert_int_equal(session->queued_count, 0);
	assert_int_equal(session->sent_count, 2);
	fake_room(fake, 10);
	fake_turn(&net);
	assert_int_equal(fake->sent_count, 2);
	assert_told("nothing is lost", "");
}

/* An answer shows that the path is good, though nobody needs it. */
static void test_recovered(void **state)
{
	static const char *const told_of[] = { "!+", "!", "!-" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lives); i++) {
		const char *row = lives[i].name;

		start_again();
		session_forget(send_one(2));
		send_one(1);
		send_one(0);
		fake_wait(&net, SEC);
		assert_told(row, "?pp");
		show_life(lives[i].life, lives[i].life == LATE_ANSWER ? 0 : 1);
		assert_told(row, told_of[i]);
		expect(row, !session->suspect);
		expect(row, session_has_room(session));
		fake_answer_nth(fake, 2);
		assert_told(row, "+");
	}
}

/* The seconds begin anew, and all that is out is late anew. */
static void test_suspect_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		send_one(i);
	fake_wait(&net, 7 * SEC);
	assert_told("silent", "?ppp");
	fake_answer_nth(fake, 1);
	assert_told("recovered", "!+");
	fake_wait(&net, SEC - 1);
	assert_told("good", "");
	fake_wait(&net, 1);
	assert_told("silent again", "?pp");
	fake_wait(&net, 10 * SEC - 1);
	assert_told("still", "");
	fake_wait(&net, 1);
	assert_told("given up", "u--x");
	assert_int_equal(late[0], 2);
}

/* One that was not taken up as late may be a slow name when the path is good again. */
static void test_recovered_then_slow(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	late_refused = true;
	fake_wait(&net, 2 * SEC);
	assert_told("silent, and nobody else is there", "?pp");
	assert_false(flight(0)->late);
	late_refused = false;
	fake_answer_nth(fake, 1);
	assert_told("recovered", "!+");
	fake_wait(&net, LOOK);
	assert_told("two seconds old", "n");
}

/* One that was taken up is not asked for again. */
static void test_recovered_then_not_slow(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	fake_wait(&net, 2 * SEC);
	assert_told("silent", "?pp");
	fake_answer_nth(fake, 1);
	assert_told("recovered", "!+");
	fake_wait(&net, 900 * MS);
	assert_told("asked elsewhere already", "");
}

/* ------------------------------------------------------------------ given up for good */

static void assert_given_up(const char *row)
{
	expect_int(row, last_end.fault, FAULT_TIMEOUT);
	expect_int(row, last_end.stage, STAGE_DNS);
	expect(row, last_end.text[0]);
	expect(row, !ended_by_itself);
	expect(row, fake->closed && fake->freed);
	expect_int(row, net.turn.timers.count, 0);
}

static void test_nobody_is_there(void **state)
{
	(void)state;
	for (unsigned before = 0; before < 2; before++) {
		const char *row = before ? "answered before" : "answered nothing";

		start_again();
		if (before)
			hear("");
		ask_init(&asks[0], 0);
		make_suspect();
		fake_wait(&net, 10 * SEC - 1);
		assert_told(row, "");
		fake_wait(&net, 1);
		assert_told(row, "u-x");
		assert_given_up(row);
		expect_int(row, unanswered, 1);
		expect_int(row, asks[0].request.sends, !before);
	}
}

/* From when it became suspect, however that was. */
static void test_unacked_then_given_up(void **state)
{
	(void)state;
	get_stuck(0);
	fake_wait(&net, 300 * MS);
	assert_told("unacknowledged", "?p");
	fake_wait(&net, 10 * SEC - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("given up", "u-x");
	assert_given_up("unacknowledged");
}

/* All moved and were answered elsewhere: that nobody is there stays true. */
static void test_given_up_without_queries(void **state)
{
	(void)state;
	make_suspect();
	session_forget(flight(0));
	fake_wait(&net, 10 * SEC - 1);
	assert_told("nothing is out", "");
	assert_int_equal(session->state, SESSION_READY);
	fake_wait(&net, 1);
	assert_told("given up", "ux");
	assert_given_up("without queries");
	assert_int_equal(unanswered, 0);
}

static void test_late_answer_saves_it(void **state)
{
	(void)state;
	make_suspect();
	session_forget(flight(0));
	fake_wait(&net, 10 * SEC - 1);
	fake_answer_nth(fake, 0);
	assert_told("somebody is there", "!");
	fake_wait(&net, 60 * SEC);
	assert_told("idle", "");
	assert_int_equal(session->state, SESSION_READY);
	assert_true(session_has_room(session));
}

/* The answer comes in the turn in which it was given up, before that was done. */
static void test_saved_at_the_last_moment(void **state)
{
	(void)state;
	for (unsigned retiring = 0; retiring < 2; retiring++) {
		start_again();
		make_suspect();
		if (retiring)
			session_retire(session);
		told[0] = '\0';
		fake_wait(&net, 10 * SEC - 1);
		turn_end(&net.turn);
		net.clock_us++;
		turn_begin(&net.turn);
		assert_told("not in the timer", "");
		fake_answer_nth(fake, 0);
		assert_told("recovered", "!+");
		fake_wait(&net, 60 * SEC);
		assert_told("saved", retiring ? "x" : "");
		assert_int_equal(fake->closed, retiring);
		assert_true(!retiring || ended_by_itself);
	}
}

/* ------------------------------------------------------------------ retiring */

static void test_retiring_becomes_suspect(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	session_retire(session);
	assert_told("retired", "u");
	fake_wait(&net, SEC);
	assert_told("silent", "?pp");
	assert_int_equal(session->state, SESSION_RETIRING);
	fake_answer_nth(fake, 0);
	assert_told("recovered", "!+");
	assert_false(session_has_room(session));
	fake_wait(&net, SEC);
	assert_told("silent again", "?p");
	fake_wait(&net, 10 * SEC);
	assert_told("given up", "-x");
	assert_given_up("retiring");
}

static void test_suspect_retires(void **state)
{
	(void)state;
	send_one(0);
	send_one(1);
	fake_wait(&net, SEC);
	session_retire(session);
	assert_told("suspect, then retired", "?ppu");
	assert_true(session->suspect);
	fake_answer_nth(fake, 0);
	assert_told("recovered", "!+");
	fake_answer_nth(fake, 1);
	fake_turn(&net);
	assert_told("the last", "+x");
	assert_true(ended_by_itself);
}

static void test_suspect_retires_idle(void **state)
{
	(void)state;
	make_suspect();
	session_forget(flight(0));
	session_retire(session);
	assert_told("retired", "u");
	fake_turn(&net);
	assert_told("nothing to wait for", "x");
	assert_true(ended_by_itself);
	assert_int_equal(net.turn.timers.count, 0);
}

static void test_suspect_is_lost(void **state)
{
	(void)state;
	make_suspect();
	fake_end(fake, FAULT_RESET, STAGE_DNS);
	assert_told("lost", "u-x");
	fake_turn(&net);
	assert_int_equal(net.turn.timers.count, 0);
	assert_true(fake->freed);
}

/* ------------------------------------------------------------------ half an answer in the way */

/* Frames begin with their length: the id is behind it. */
enum part { NONE, OF_0, OF_1, OF_0_LONG, OF_UNKNOWN, OF_LATE, LENGTH_ONLY };

static const struct {
	const char *name;
	bool answered_before;
	enum part part;
	unsigned out;
	const char *charged; /* for each one out, 1: it pays */
} halves[] = {
	{ "nothing has come", true, NONE, 3, "000" },
	{ "of the first", true, OF_0, 3, "100" },
	{ "of the second", true, OF_1, 3, "010" },
	{ "much of the first", true, OF_0_LONG, 3, "100" },
	{ "of an id never used", true, OF_UNKNOWN, 3, "000" },
	{ "of one given up", true, OF_LATE, 3, "000" },
	{ "a length, three out", true, LENGTH_ONLY, 3, "000" },
	{ "a length, one out", true, LENGTH_ONLY, 1, "1" },
	{ "nothing has come, no answer before", false, NONE, 3, "111" },
	{ "of the first, no answer before", false, OF_0, 3, "100" },
	{ "a length, one out, no answer before", false, LENGTH_ONLY, 1, "1" },
	{ "of one given up, no answer before", false, OF_LATE, 3, "111" },
};

static uint16_t id_of(enum part part, uint16_t late_id)
{
	uint16_t id = 1;

	if (part == OF_LATE)
		return late_id;
	if (part == OF_0 || part == OF_0_LONG || part == OF_1)
		return flight(part == OF_1)->id;
	while (idmap_find(&session->ids, id))
		id++;
	return id;
}

static void put_part(enum part part, uint16_t late_id)
{
	static uint8_t bytes[1000];

	wire_put16(bytes, 60000);
	wire_put16(bytes + 2, id_of(part, late_id));
	fake->partial = bytes;
	fake->partial_len = part == NONE	  ? 0
			    : part == LENGTH_ONLY ? 3
			    : part == OF_0_LONG	  ? 1000
						  : 4;
}

static void assert_charged(const char *row, size_t i)
{
	for (unsigned k = 0; k < halves[i].out; k++) {
		unsigned pays = halves[i].charged[k] == '1';

		expect_int(row, flight(k)->charged, pays);
		expect_int(row, asks[k].request.sends, pays);
		expect_int(row, asks[k].request.returns, !pays);
	}
}

static void wait_behind(size_t i)
{
	uint16_t late_id;

	start_again();
	late_id = send_one(9)->id;
	session_forget(flight(9));
	if (halves[i].answered_before)
		hear("");
	ask_init(&asks[0], 0);
	for (unsigned k = 0; k < halves[i].out; k++)
		send_one(k);
	put_part(halves[i].part, late_id);
	fake_wait(&net, SEC - 1);
	for (unsigned k = 0; k < halves[i].out; k++)
		expect_int(halves[i].name, asks[k].request.sends, 1);
	fake_wait(&net, 1);
	told[0] = '\0';
}

/* Charges stand when it becomes suspect, and do not change with its end. */
static void test_half_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(halves); i++) {
		const char *row = halves[i].name;

		wait_behind(i);
		expect(row, session->suspect);
		assert_charged(row, i);
		fake_wait(&net, 10 * SEC);
		assert_told(row, halves[i].out == 3 ? "u---x" : "u-x");
		assert_charged(row, i);
	}
}

/* Charged or not, an answer that comes yet is an answer. */
static void test_half_answer_comes_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(halves); i++) {
		const char *row = halves[i].name;

		wait_behind(i);
		fake->partial_len = 0;
		for (unsigned k = 0; k < halves[i].out; k++)
			fake_answer_nth(fake, (long)k - (long)halves[i].out);
		assert_told(row, halves[i].out == 3 ? "!+++" : "!+");
		assert_charged(row, i);
	}
}

/* Suspect again and again, a flight is not paid back twice; a request not without end. */
static void test_returns_while_suspect(void **state)
{
	(void)state;
	hear("");
	ask_init(&asks[0], 0);
	asks[1].request.returns = REQUEST_RETURNS_MAX;
	send_one(0);
	send_one(1);
	for (unsigned i = 0; i < 3; i++) {
		session_forget(send_one(2));
		fake_wait(&net, SEC);
		assert_true(session->suspect);
		assert_int_equal(asks[0].request.sends, 0);
		assert_int_equal(asks[0].request.returns, 1);
		assert_int_equal(asks[1].request.sends, 1);
		assert_true(flight(1)->charged);
		fake_answer_nth(fake, -1);
		assert_false(session->suspect);
	}
	told[0] = '\0';
}

/* ------------------------------------------------------------------ slow names */

/* Others are asked and answered every so often. */
static void answer_others(uint64_t us)
{
	const uint64_t until = net.clock_us + us;

	while (net.clock_us < until) {
		ask_init(&asks[1], 1);
		send_one(1);
		fake_answer_nth(fake, -1);
		assert_true(told[strlen(told) - 1] == '+');
		told[strlen(told) - 1] = '\0';
		fake_wait(&net, until - net.clock_us < 50 * MS ? until - net.clock_us : 50 * MS);
	}
}

static void test_slow_name(void **state)
{
	(void)state;
	send_one(0);
	answer_others(1500 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("slow", "n");
	assert_true(flight(0)->late);
	assert_true(session_has_room(session));
	answer_others(60 * SEC);
	assert_told("once", "");
	fake_answer_nth(fake, 0);
	assert_told("answered after all", "+");
	assert_int_equal(late[0], 1);
}

/* Nobody can be asked now: perhaps at the next look. */
static void test_slow_name_is_asked_for_again(void **state)
{
	(void)state;
	send_one(0);
	late_refused = true;
	answer_others(1500 * MS);
	assert_told("slow", "n");
	for (unsigned i = 0; i < 5; i++) {
		answer_others(LOOK);
		assert_told("again", "n");
		assert_false(flight(0)->late);
	}
	late_refused = false;
	answer_others(LOOK);
	assert_told("taken up", "n");
	answer_others(10 * SEC);
	assert_told("once", "");
	assert_int_equal(late[0], 7);
}

/* Without answers to others it is the path. */
static void test_slow_name_alone(void **state)
{
	(void)state;
	hear("");
	send_one(1);
	fake_wait(&net, SEC);
	assert_told("silent", "?p");
	fake_wait(&net, 9 * SEC);
	assert_told("no name is slow", "");
}

/* Each by its own age, the oldest first. */
static void test_slow_names(void **state)
{
	(void)state;
	send_one(2);
	send_one(3);
	answer_others(250 * MS);
	send_one(4);
	answer_others(1250 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("two", "nn");
	assert_int_equal(late[2] + late[3], 2);
	answer_others(250 * MS - 1);
	assert_told("not yet", "");
	answer_others(LOOK);
	assert_told("the third", "n");
	assert_int_equal(late[4], 1);
}

/* A name that was given up, or answered in time, is not slow. */
static void test_slow_name_in_time(void **state)
{
	(void)state;
	send_one(2);
	send_one(3);
	answer_others(1500 * MS - 1);
	session_forget(flight(2));
	fake_answer_nth(fake, 1);
	assert_told("in time", "+");
	answer_others(SEC);
	assert_told("nothing", "");
}

static void test_slow_name_while_retiring(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		send_one(i);
	session_retire(session);
	assert_told("retired", "u");
	for (unsigned i = 1; i < 3; i++) {
		fake_wait(&net, 700 * MS);
		fake_answer_nth(fake, i);
		assert_told("another", "+");
	}
	fake_wait(&net, LOOK);
	assert_told("both that are left", "nn");
	fake_answer_nth(fake, 0);
	fake_answer_nth(fake, 3);
	fake_turn(&net);
	assert_told("the last", "++x");
}

/* Sent into a silence that is over: the path has swallowed it, however many there are. */
static void test_swallowed(void **state)
{
	(void)state;
	send_one(2);
	fake_wait(&net, 400 * MS);
	send_one(3);
	fake_wait(&net, 500 * MS);
	answer_others(600 * MS - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("1.5 s after the first", "s");
	answer_others(400 * MS);
	fake_wait(&net, LOOK);
	assert_told("1.5 s after the second", "s");
	assert_int_equal(late[2] + late[3], 2);
	answer_others(10 * SEC);
	assert_told("once", "");
}

/* A silence that is none yet, one that ended before it was sent. */
static void test_not_swallowed(void **state)
{
	(void)state;
	answer_others(100 * MS);
	send_one(2);
	fake_wait(&net, 500 * MS - 1);
	answer_others(1001 * MS);
	fake_wait(&net, LOOK);
	assert_told("half a second, nearly", "n");
	start_again();
	send_one(2);
	fake_wait(&net, 600 * MS);
	fake_answer_nth(fake, 0);
	assert_told("after a silence", "+");
	send_one(3);
	answer_others(1500 * MS);
	fake_wait(&net, LOOK);
	assert_told("sent afterwards", "n");
}

/* Of a session that has answered nothing yet a tenth of a second is enough: it may stand for a suspect one. */
static void test_swallowed_from_the_beginning(void **state)
{
	(void)state;
	send_one(2);
	fake_wait(&net, 100 * MS);
	answer_others(1400 * MS);
	fake_wait(&net, LOOK);
	assert_told("after 100 ms", "s");
	start_again();
	send_one(2);
	fake_wait(&net, 100 * MS - 1);
	answer_others(1401 * MS);
	fake_wait(&net, LOOK);
	assert_told("before", "n");
}

/* What is answered behind the silence was only late. */
static void test_not_swallowed_but_late(void **state)
{
	(void)state;
	send_one(2);
	send_one(3);
	fake_wait(&net, 990 * MS);
	answer_others(400 * MS);
	fake_answer_nth(fake, 1);
	fake_answer_nth(fake, 0);
	assert_told("both", "++");
	answer_others(3 * SEC);
	assert_told("nothing", "");
}

/* Where the silence has ended just now, others may be on their way: until then it is a slow name. */
static void test_swallowed_perhaps(void **state)
{
	(void)state;
	send_one(2);
	answer_others(700 * MS);
	late_refused = true;
	fake_wait(&net, 700 * MS);
	answer_others(500 * MS - 1);
	assert_told("they may come", "nnnn");
	late_refused = false;
	answer_others(LOOK);
	assert_told("they do not", "s");
}

/* Slow, and then the path is in doubt: it is late for that, too. */
static void test_slow_name_then_suspect(void **state)
{
	(void)state;
	send_one(0);
	answer_others(1500 * MS);
	assert_told("slow", "n");
	fake_wait(&net, SEC - 1);
	assert_told("not yet", "");
	fake_wait(&net, 1);
	assert_told("silent", "?p");
	assert_int_equal(late[0], 2);
}

/* ------------------------------------------------------------------ two sessions */

/* Late on one path, asked for on another, answered there: what comes late is a sign of life. */
static void test_moved(void **state)
{
	(void)state;
	open_other();
	make_suspect();
	assert_false(other->suspect);
	send_other(0);
	fake_answer_nth(other_fake, 0);
	assert_told("elsewhere", "2+");
	session_forget(flight(0));
	assert_true(session->suspect);
	fake_answer_nth(fake, 0);
	assert_told("recovered", "!");
	assert_int_equal(answered[0], 1);
	assert_int_equal(net.stats.upstream_late, 1);
	assert_true(session_has_room(session));
}

/* Or the first path has it after all. */
static void test_moved_in_vain(void **state)
{
	(void)state;
	open_other();
	make_suspect();
	send_other(0);
	fake_answer_nth(fake, 0);
	assert_told("after all", "!+");
	session_forget(other_flight(0));
	fake_turn(&net);
	fake_answer_nth(other_fake, 0);
	assert_told("late", "");
	assert_int_equal(other->ids.abandoned, 0);
	assert_int_equal(net.stats.upstream_late, 1);
}

/* Each path is judged by itself. */
static void test_both_suspect(void **state)
{
	(void)state;
	open_other();
	make_suspect();
	send_other(0);
	fake_wait(&net, SEC);
	assert_told("the other, too", "2?2p");
	assert_int_equal(asks[0].request.sends, 2);
	fake_wait(&net, 9 * SEC);
	assert_told("the first is given up", "u-x");
	assert_true(is_out(other_flight(0)));
	fake_wait(&net, SEC);
	assert_told("the other", "2u2-2x");
	assert_int_equal(asks[0].request.sends, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		READY_TEST(test_unacked),
		READY_TEST(test_unacked_to_the_microsecond),
		READY_TEST(test_acknowledged_in_time),
		READY_TEST(test_unacked_though_answered),
		READY_TEST(test_unacked_without_queries),
		READY_TEST(test_looks),
		READY_TEST(test_looked_at_in_time),
		READY_TEST(test_acknowledgement_does_not_recover),
		READY_TEST(test_silent),
		READY_TEST(test_silent_on_the_last_send),
		READY_TEST(test_silent_under_load),
		READY_TEST(test_life_ends_the_silence),
		READY_TEST(test_noise_is_silence),
		READY_TEST(test_idle_is_not_silence),
		READY_TEST(test_given_up_counts),
		READY_TEST(test_given_up_again_and_again),
		READY_TEST(test_given_up_then_life),
		READY_TEST(test_given_up_beside_another),
		READY_TEST(test_given_up_in_the_queue),
		READY_TEST(test_suspect),
		READY_TEST(test_suspect_with_a_queue),
		READY_TEST(test_recovered),
		READY_TEST(test_suspect_again),
		READY_TEST(test_recovered_then_slow),
		READY_TEST(test_recovered_then_not_slow),
		READY_TEST(test_nobody_is_there),
		READY_TEST(test_unacked_then_given_up),
		READY_TEST(test_given_up_without_queries),
		READY_TEST(test_late_answer_saves_it),
		READY_TEST(test_saved_at_the_last_moment),
		READY_TEST(test_retiring_becomes_suspect),
		READY_TEST(test_suspect_retires),
		READY_TEST(test_suspect_retires_idle),
		READY_TEST(test_suspect_is_lost),
		READY_TEST(test_half_answer),
		READY_TEST(test_half_answer_comes_whole),
		READY_TEST(test_returns_while_suspect),
		READY_TEST(test_slow_name),
		READY_TEST(test_slow_name_is_asked_for_again),
		READY_TEST(test_slow_name_alone),
		READY_TEST(test_slow_names),
		READY_TEST(test_slow_name_in_time),
		READY_TEST(test_slow_name_while_retiring),
		READY_TEST(test_swallowed),
		READY_TEST(test_not_swallowed),
		READY_TEST(test_swallowed_from_the_beginning),
		READY_TEST(test_not_swallowed_but_late),
		READY_TEST(test_swallowed_perhaps),
		READY_TEST(test_slow_name_then_suspect),
		READY_TEST(test_moved),
		READY_TEST(test_moved_in_vain),
		READY_TEST(test_both_suspect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
