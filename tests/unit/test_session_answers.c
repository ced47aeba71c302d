/* Ids, and which answer is matched to which query. */
#include "tests/unit/session_case.h"

#include "tests/unit/build.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ ids */

/* A random source that gives a written sequence of 16-bit numbers. */
static uint16_t script[4096];
static size_t script_len, script_pos;

static void fill_from_script(void *arg, void *buf, size_t len)
{
	uint16_t *out = buf;

	(void)arg;
	assert_int_equal(len % sizeof *out, 0);
	for (size_t i = 0; i < len / sizeof *out; i++)
		out[i] = script[script_pos++ % script_len];
}

static void follow(const uint16_t *numbers, size_t count)
{
	memcpy(script, numbers, count * sizeof *numbers);
	script_len = count;
	script_pos = 0;
	net.random = (struct random_source){ .fill = fill_from_script };
}

#define FOLLOW(...)                                                                                \
	do {                                                                                       \
		static const uint16_t numbers_[] = { __VA_ARGS__ };                                \
		follow(numbers_, COUNT_OF(numbers_));                                              \
	} while (0)

static void test_ids_are_the_random_numbers(void **state)
{
	static const uint16_t want[] = { 7, 0, 65535, 513, 12 };

	(void)state;
	FOLLOW(7, 7, 0, 7, 0, 65535, 513, 0, 12); /* one in use is drawn again */
	for (unsigned i = 0; i < COUNT_OF(want); i++) {
		send_one(i);
		assert_int_equal(flight(i)->id, want[i]);
		assert_int_equal(wire_get16(fake_sent(fake, i)->bytes), want[i]);
	}
}

static void test_answered_id_is_free(void **state)
{
	(void)state;
	FOLLOW(7);
	for (unsigned i = 0; i < 3; i++) {
		send_one(i);
		assert_int_equal(flight(i)->id, 7);
		fake_answer_nth(fake, -1);
	}
	assert_told("answered", "+++");
}

static void test_abandoned_id_stays_taken(void **state)
{
	(void)state;
	FOLLOW(7, 7, 8, 7);
	session_forget(send_one(0));
	assert_int_equal(session->ids.abandoned, 1);
	assert_int_equal(session_inflight(session), 0);
	send_one(1);
	assert_int_equal(flight(1)->id, 8);

	fake_answer_nth(fake, 0); /* late */
	assert_told("dropped", "");
	assert_int_equal(net.stats.upstream_late, 1);
	assert_int_equal(net.stats.upstream_answers, 0);
	assert_int_equal(session->ids.abandoned, 0);

	send_one(2);
	assert_int_equal(flight(2)->id, 7);
	fake_answer_nth(fake, 0); /* the old answer once more: another question */
	assert_told("dropped", "");
	assert_int_equal(net.stats.upstream_mismatch, 1);
	fake_answer_nth(fake, 2);
	assert_told("the right one", "+");
	assert_int_equal(answered[2], 1);
}

/* What is no answer at all does not free an abandoned id. */
static void test_query_back_is_no_late_answer(void **state)
{
	(void)state;
	session_forget(send_one(0));
	fake_deliver(fake, fake_sent(fake, 0)->bytes, fake_sent(fake, 0)->len);
	assert_int_equal(session->ids.abandoned, 1);
	assert_int_equal(net.stats.upstream_late, 0);
	assert_int_equal(net.stats.upstream_mismatch, 1);
}

static void test_duplicate_answer(void **state)
{
	(void)state;
	send_one(0);
	fake_answer_nth(fake, 0);
	fake_answer_nth(fake, 0);
	assert_told("once", "+");
	assert_int_equal(net.stats.upstream_unknown, 1);
	fake_turn(&net);
	assert_told("once", "");
}

static void test_1024_abandoned_retire(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SESSION_ABANDONED_MAX - 1; i++)
		session_forget(send_one(i));
	assert_int_equal(session->state, SESSION_READY);
	fake_answer_nth(fake, 0); /* one comes late: room for one more */
	session_forget(send_one(0));
	assert_int_equal(session->state, SESSION_READY);
	assert_int_equal(net.stats.bound_ids, 0);
	session_forget(send_one(1));
	assert_int_equal(session->state, SESSION_RETIRING);
	assert_int_equal(net.stats.bound_ids, 1);
	assert_told("not yet", "u");
	fake_turn(&net);
	assert_told("nothing is left", "x");
	assert_true(ended_by_itself);
}

static uint8_t taken[65536];

static void note_id(unsigned i)
{
	uint16_t id = flight(i)->id;

	assert_int_equal(taken[id], 0);
	taken[id] = 1;
}

/* A03: more than three times 65,536 queries, some never answered, answers in any order. */
static void test_200000_queries(void **state)
{
	unsigned live[64] = { 0 }, n = 0, given_up = 0;
	long place[64];

	(void)state;
	memset(taken, 0, sizeof taken);
	srandom(2);
	for (unsigned step = 0; step < 200000; step++) {
		unsigned at, i = step % ASKS;

		ask_init(&asks[i], step);
		send_one(i);
		note_id(i);
		live[n] = i;
		place[n++] = (long)fake->sent_count - 1;
		if (n < COUNT_OF(live))
			continue;
		at = (unsigned)random() % n;
		if (random() % 256 == 0 && given_up < 1000) {
			session_forget(flight(live[at])); /* its id stays taken */
			given_up++;
		} else {
			taken[flight(live[at])->id] = 0;
			fake_answer_nth(fake, place[at]);
			assert_int_equal(index_of(&asks[live[at]].request), live[at]);
			assert_true(ask_is_answered_right(&asks[live[at]].request,
				&asks[live[at]].request.answer));
			assert_told("answered", "+");
		}
		live[at] = live[--n];
		place[at] = place[n];
	}
	assert_true(given_up > 600);
	assert_int_equal(session->ids.abandoned, given_up);
	assert_int_equal(session->sent_count, n);
	assert_int_equal(net.stats.upstream_answers, 200000 - given_up - n);
	for (unsigned i = 0; i < n; i++)
		session_forget(flight(live[i]));
}

/* A02: every id there is, three times, unasked. */
static void test_all_ids_unsolicited(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		send_one(i);
	len = fake_answer(fake_sent(fake, 0), FAKE_NO_OPT, msg);
	msg[DNS_HEADER_LEN + 1] = 'x'; /* another name */
	for (unsigned i = 0; i < 3 * 65536; i++) {
		wire_put16(msg, (uint16_t)i);
		fake_deliver(fake, msg, len);
		if (i % 4096 == 0)
			fake_turn(&net);
	}
	assert_told("no effect", "");
	assert_int_equal(session->sent_count, 100);
	assert_int_equal(net.stats.upstream_mismatch, 300);
	assert_int_equal(net.stats.upstream_unknown, 3 * 65536 - 300);
	for (unsigned i = 0; i < 100; i++)
		fake_answer_nth(fake, i);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(answered[i], 1);
}

/* ------------------------------------------------------------------ matching */

enum counter { NONE, MISMATCH, UNKNOWN, MALFORMED, COUNTERS };

static void get_counters(uint64_t ret[COUNTERS])
{
	ret[NONE] = 0;
	ret[MISMATCH] = net.stats.upstream_mismatch;
	ret[UNKNOWN] = net.stats.upstream_unknown;
	ret[MALFORMED] = net.stats.upstream_malformed;
}

/* The question asked is n0.example.com A IN. */
static const struct {
	const char *name;
	const char *message; /* behind the id */
	enum counter counter;
} wrong_answers[] = {
	{ "QR=0", "0180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "another name", "8180 0001 0000 0000 0000 026e31 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "a shorter name", "8180 0001 0000 0000 0000 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "a longer name", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 0161 00 0001 0001", MISMATCH },
	{ "the same octets in other labels", "8180 0001 0000 0000 0000 036e3007 6578616d706c65 03636f6d 00 0001 0001",
		MISMATCH },
	{ "the root", "8180 0001 0000 0000 0000 00 0001 0001", MISMATCH },
	{ "type AAAA", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 001c 0001", MISMATCH },
	{ "class CH", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0003", MISMATCH },
	{ "two questions", "8180 0002 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001"
			   "026e30 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "two questions, one there", "8180 0002 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001", MISMATCH },
	{ "QDCOUNT 1 without a question", "8180 0001 0000 0000 0000", MISMATCH },
	{ "the question is cut", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 00", MISMATCH },
	{ "the question's name is a pointer", "8180 0001 0000 0000 0000 c00c 0001 0001", MISMATCH },
	{ "malformed, and another name", "8180 0001 0000 0000 0000 026e31 076578616d706c65 03636f6d 00 0001 0001 00",
		MISMATCH },
	{ "QDCOUNT 0 with octets behind", "8180 0000 0000 0000 0000 00", MISMATCH },
	{ "too short for a header", "8180 0001 0000 0000 00", MISMATCH },
	{ "the id alone", "", MISMATCH },
};

/* A wrong one alone changes nothing; the right one behind it is taken. */
static void try_wrong(const char *row, const uint8_t *msg, size_t len, enum counter counter)
{
	uint64_t before[COUNTERS], after[COUNTERS];

	get_counters(before);
	fake_deliver(fake, msg, len);
	fake_turn(&net);
	assert_told(row, "");
	get_counters(after);
	for (unsigned c = NONE + 1; c < COUNTERS; c++)
		expect_int(row, after[c], before[c] + (c == counter));
	expect(row, is_out(flight(0)));
	fake_answer_nth(fake, -1);
	assert_told(row, "+");
}

static void test_wrong_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong_answers); i++) {
		struct flight *f = send_one(0);
		uint8_t msg[300];
		size_t len = 2 + hex_bytes(wrong_answers[i].message, msg + 2, sizeof msg - 2);

		wire_put16(msg, f->id);
		try_wrong(wrong_answers[i].name, msg, len, wrong_answers[i].counter);
	}
}

static void test_wrong_id(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 16; bit++) {
		struct flight *f = send_one(0);
		uint8_t msg[FAKE_ANSWER_MAX];
		size_t len = fake_answer(fake_sent(fake, -1), FAKE_NO_OPT, msg);

		wire_put16(msg, (uint16_t)(f->id ^ 1u << bit));
		try_wrong("wrong id", msg, len, UNKNOWN);
	}
}

static void test_wrong_opcode(void **state)
{
	(void)state;
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		uint8_t msg[FAKE_ANSWER_MAX];
		size_t len;

		send_one(0);
		len = fake_answer(fake_sent(fake, -1), FAKE_NO_OPT, msg);
		msg[2] |= (uint8_t)(opcode << 3);
		try_wrong("wrong opcode", msg, len, MISMATCH);
	}
}

/* Of another query in flight on the same session. */
static void test_crossed_ids(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	send_one(0);
	send_one(1);
	len = fake_answer(fake_sent(fake, 1), FAKE_NO_OPT, msg);
	wire_put16(msg, flight(0)->id);
	fake_deliver(fake, msg, len);
	assert_told("crossed", "");
	assert_int_equal(net.stats.upstream_mismatch, 1);
	assert_int_equal(session->sent_count, 2);
}

static bool may_lack_question(unsigned rcode)
{
	return rcode == 1 || rcode == 2 || rcode == 4 || rcode == 5;
}

static void test_without_question(void **state)
{
	(void)state;
	for (unsigned rcode = 0; rcode < 16; rcode++) {
		struct flight *f = send_one(0);
		uint8_t msg[12] = { 0 };

		wire_put16(msg, f->id);
		wire_put16(msg + 2, (uint16_t)(0x8180 | rcode));
		if (may_lack_question(rcode)) {
			fake_deliver(fake, msg, sizeof msg);
			assert_told("accepted", "+");
			assert_int_equal(message_rcode(&f->request->answer), rcode);
			assert_int_equal(f->request->answer.qdcount, 0);
		} else {
			try_wrong("no question", msg, sizeof msg, MISMATCH);
		}
	}
}

/* RFC 4343: only ASCII letters fold. */
static void test_letter_case(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	send_one(0);
	len = fake_answer(fake_sent(fake, 0), FAKE_NO_OPT, msg);
	for (size_t i = DNS_HEADER_LEN + 1; i < DNS_HEADER_LEN + 16; i++)
		if (msg[i] >= 'a' && msg[i] <= 'z')
			msg[i] ^= 0x20;
	fake_deliver(fake, msg, len);
	assert_told("accepted", "+");

	send_one(0);
	len = fake_answer(fake_sent(fake, 1), FAKE_NO_OPT, msg);
	msg[DNS_HEADER_LEN + 2] ^= 0x20; /* '0' */
	try_wrong("a digit", msg, len, MISMATCH);
}

static void test_any_rcode_and_flags(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 0x800; flags++) { /* AA TC RD RA Z AD CD RCODE */
		uint8_t msg[FAKE_ANSWER_MAX];
		size_t len;

		send_one(0);
		len = fake_answer(fake_sent(fake, -1), FAKE_NO_OPT, msg);
		wire_put16(msg + 2, (uint16_t)(0x8000 | flags));
		fake_deliver(fake, msg, len);
		assert_told("accepted", "+");
	}
}

static const struct {
	const char *name, *message;
} malformed_answers[] = {
	{ "an octet too many", "8180 0001 0000 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001 00" },
	{ "no record where one is counted", "8180 0001 0001 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001" },
	{ "RDATA beyond the end",
		"8180 0001 0001 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001 c00c 0001 0001 00000000 0005 01020304" },
	{ "a pointer loop",
		"8180 0001 0001 0000 0000 026e30 076578616d706c65 03636f6d 00 0001 0001 c020 0001 0001 00000000 0000" },
	{ "two OPT", "8180 0001 0000 0000 0002 026e30 076578616d706c65 03636f6d 00 0001 0001"
		     "00 0029 0200 00000000 0000 00 0029 0200 00000000 0000" },
	{ "SERVFAIL without question, an octet too many", "8182 0000 0000 0000 0000 00" },
};

static void test_malformed_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(malformed_answers); i++) {
		const char *row = malformed_answers[i].name;
		struct flight *f;
		uint8_t msg[300];
		size_t len;

		start_again();
		f = send_one(0);
		send_one(1);
		len = 2 + hex_bytes(malformed_answers[i].message, msg + 2, sizeof msg - 2);
		wire_put16(msg, f->id);
		fake_deliver(fake, msg, len);
		assert_told(row, "-");
		expect_int(row, returned[0], 1);
		expect_int(row, paid[0], 1);
		expect_int(row, f->request->bad_answers, 1);
		expect(row, f->spent);
		expect_int(row, net.stats.upstream_malformed, 1);
		expect_int(row, net.stats.upstream_answers, 0);
		/* The session lives on, and the id is free. */
		expect_int(row, session->state, SESSION_READY);
		expect_int(row, session_inflight(session), 1);
		expect(row, !idmap_find(&session->ids, f->id));
		fake_answer_nth(fake, 1);
		assert_told(row, "+");
	}
}

static void test_malformed_is_the_last_of_a_retiring_one(void **state)
{
	uint8_t msg[FAKE_ANSWER_MAX];
	size_t len;

	(void)state;
	send_one(0);
	session_retire(session);
	len = fake_answer(fake_sent(fake, 0), FAKE_NO_OPT, msg);
	fake_deliver(fake, msg, len - 1);
	assert_told("returned", "u-");
	fake_turn(&net);
	assert_told("ended", "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		READY_TEST(test_ids_are_the_random_numbers),
		READY_TEST(test_answered_id_is_free),
		READY_TEST(test_abandoned_id_stays_taken),
		READY_TEST(test_query_back_is_no_late_answer),
		READY_TEST(test_duplicate_answer),
		READY_TEST(test_1024_abandoned_retire),
		READY_TEST(test_200000_queries),
		READY_TEST(test_all_ids_unsolicited),
		READY_TEST(test_wrong_answers),
		READY_TEST(test_wrong_id),
		READY_TEST(test_wrong_opcode),
		READY_TEST(test_crossed_ids),
		READY_TEST(test_without_question),
		READY_TEST(test_letter_case),
		READY_TEST(test_any_rcode_and_flags),
		READY_TEST(test_malformed_answers),
		READY_TEST(test_malformed_is_the_last_of_a_retiring_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
