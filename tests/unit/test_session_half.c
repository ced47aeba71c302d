/* A session whose next answer has begun, and does not end. */
#include "tests/unit/session_watch_case.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		READY_TEST(test_half_answer),
		READY_TEST(test_half_answer_comes_whole),
		READY_TEST(test_returns_while_suspect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
