#include "proxy/upstream/race.h"

#include "tests/unit/addr_words.h"
#include "tests/unit/cm.h"

#define MS  UINT64_C(1000)
#define SEC (1000 * MS)
/* When a test begins: 0 means never. */
#define START (1000 * SEC)

static void set(struct race *r, const char *words)
{
	struct addr in[ADDR_WORDS_MAX];

	race_set(r, in, addrs_from_words(words, in));
}

static struct race race_of(const char *words)
{
	struct race r = { .winner = RACE_NONE };

	set(&r, words);
	race_begin(&r);
	return r;
}

static void won(struct race *r, const char *word, uint64_t now_us)
{
	struct addr to = one_addr(word);

	race_won(r, &to, now_us);
}

static void closed(struct race *r, const char *word)
{
	struct addr to = one_addr(word);

	race_closed(r, &to);
}

/* The addresses in order of rank, as words. */
static const char *ranks(const struct race *r)
{
	static char text[ADDR_WORDS_MAX * 8];
	char word[ADDR_TEXT_MAX];

	text[0] = '\0';
	for (size_t i = 0; i < r->count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
			addr_word(&r->list[i].addr, word));
	return text;
}

static void assert_next(const struct race *r, uint64_t quiet_us, const char *word, uint64_t due_us)
{
	char text[ADDR_TEXT_MAX];
	uint64_t due;
	size_t i = race_next(r, quiet_us, &due);

	if (i == RACE_NONE)
		fail_msg("none, not %s", word);
	assert_string_equal(addr_word(&r->list[i].addr, text), word);
	assert_int_equal(due, due_us);
}

static void assert_none(const struct race *r, uint64_t quiet_us)
{
	uint64_t due;

	assert_int_equal(race_next(r, quiet_us, &due), RACE_NONE);
}

/* Opens whatever is next. */
static void open_next(struct race *r, uint64_t now_us)
{
	uint64_t due;
	size_t i = race_next(r, now_us, &due);

	assert_int_not_equal(i, RACE_NONE);
	race_opened(r, i, now_us);
}

static unsigned open_count(const struct race *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->list[i].open;
	return n;
}

/* ------------------------------------------------------------------ the order of rank */

static const struct {
	const char *in, *wanted;
} orders[] = {
	{ "", "" },
	{ "4.1", "4.1" },
	{ "6.1", "6.1" },
	{ "4.1 6.1", "6.1 4.1" },
	{ "6.1 4.1", "6.1 4.1" },
	{ "4.1 4.2 6.1 6.2", "6.1 4.1 6.2 4.2" },
	{ "6.2 6.1 4.2 4.1", "6.2 4.2 6.1 4.1" },
	{ "4.1 4.2 4.3 6.1", "6.1 4.1 4.2 4.3" },
	{ "6.1 6.2 6.3 4.1", "6.1 4.1 6.2 6.3" },
	{ "4.3 4.1 4.2", "4.3 4.1 4.2" },
	{ "4.1 4.1 6.1 6.1", "6.1 4.1" },
	{ "4.2 4.1 4.2 4.1 4.3", "4.2 4.1 4.3" },
};

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		struct race r = race_of(orders[i].in);

		if (strcmp(ranks(&r), orders[i].wanted) != 0)
			fail_msg("%s: %s, not %s", orders[i].in, ranks(&r), orders[i].wanted);
		expect(orders[i].in, r.winner == RACE_NONE);
		expect(orders[i].in, race_round_open(&r) == (r.count > 0));
	}
}

/* Too many: both families keep their half. */
static void test_too_many(void **state)
{
	struct addr in[40];
	char word[16];
	struct race r = { .winner = RACE_NONE };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(in); i++) {
		snprintf(word, sizeof word, "%c.%u", i < 20 ? '4' : '6', 1 + i % 20);
		in[i] = one_addr(word);
	}
	race_set(&r, in, COUNT_OF(in));
	assert_int_equal(r.count, RACE_ADDRESSES_MAX);
	assert_string_equal(
		ranks(&r), "6.1 4.1 6.2 4.2 6.3 4.3 6.4 4.4 6.5 4.5 6.6 4.6 6.7 4.7 6.8 4.8");
	r = (struct race){ .winner = RACE_NONE };
	race_set(&r, in, 17);
	assert_int_equal(r.count, RACE_ADDRESSES_MAX);
	assert_true(addr_equal(&r.list[15].addr, &in[15]));
}

/* Another port is another address. */
static void test_ports_differ(void **state)
{
	struct addr in[] = { one_addr("4.1"), one_addr("4.1") };
	struct race r = { .winner = RACE_NONE };

	(void)state;
	addr_set_port(&in[1], 8853);
	race_set(&r, in, COUNT_OF(in));
	assert_int_equal(r.count, 2);
	race_opened(&r, 1, START);
	race_closed(&r, &in[0]);
	assert_int_equal(r.list[1].open, 1);
}

/* ------------------------------------------------------------------ 250 ms apart */

static void test_one_after_the_other(void **state)
{
	struct race r = race_of("6.1 4.1 6.2");

	(void)state;
	assert_next(&r, 0, "6.1", 0);
	race_opened(&r, 0, START);
	assert_next(&r, START, "4.1", START + 250 * MS);
	/* SYN-ACK: it may yet come to something. */
	assert_next(&r, START + 200 * MS, "4.1", START + 450 * MS);
	race_opened(&r, 1, START + 450 * MS);
	assert_next(&r, START + 450 * MS, "6.2", START + 700 * MS);
	assert_true(race_round_open(&r));
	race_opened(&r, 2, START + 700 * MS);
	assert_false(race_round_open(&r));
}

/* Nobody is under way: the next need not wait. */
static void test_at_once_after_a_failure(void **state)
{
	struct race r = race_of("6.1 4.1");

	(void)state;
	race_opened(&r, 0, START);
	closed(&r, "6.1");
	assert_int_equal(open_count(&r), 0);
	assert_next(&r, 0, "4.1", 0);
	race_opened(&r, 1, START);
	closed(&r, "4.1");
	assert_false(race_round_open(&r));
	race_begin(&r);
	assert_true(race_round_open(&r));
	assert_next(&r, 0, "6.1", 0);
}

static void test_without_addresses(void **state)
{
	struct race r = race_of("");

	(void)state;
	assert_none(&r, 0);
	assert_none(&r, START);
	assert_false(race_round_open(&r));
	assert_int_equal(race_retest(&r, UINT64_MAX), RACE_NONE);
	won(&r, "4.1", START);
	assert_int_equal(r.winner, RACE_NONE);
}

/* ------------------------------------------------------------------ the winner first */

static const struct {
	const char *winner, *order[4];
} preferences[] = {
	{ "6.1", { "6.1", "4.1", "6.2", "4.2" } },
	{ "4.1", { "4.1", "6.1", "6.2", "4.2" } },
	{ "6.2", { "6.2", "6.1", "4.1", "4.2" } },
	{ "4.2", { "4.2", "6.1", "4.1", "6.2" } },
};

static void test_winner_is_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(preferences); i++) {
		struct race r = race_of("6.1 4.1 6.2 4.2");

		won(&r, preferences[i].winner, START);
		race_begin(&r);
		for (size_t k = 0; k < 4; k++) {
			assert_next(&r, 0, preferences[i].order[k], 0);
			open_next(&r, START);
		}
		assert_false(race_round_open(&r));
	}
}

/* ------------------------------------------------------------------ joined, not replaced */

static void test_joined_after_a_second(void **state)
{
	struct race r = race_of("4.1");

	(void)state;
	race_opened(&r, 0, START);
	assert_next(&r, START, "4.1", START + SEC);
	/* Something was heard of it just before. */
	assert_next(&r, START + 900 * MS, "4.1", START + 1150 * MS);
	race_opened(&r, 0, START + SEC);
	assert_next(&r, START + SEC, "4.1", START + 2 * SEC);
	race_opened(&r, 0, START + 2 * SEC);
	assert_none(&r, START + 2 * SEC);
	closed(&r, "4.1");
	assert_next(&r, START + 2 * SEC, "4.1", START + 3 * SEC);
	assert_int_equal(open_count(&r), 2);
}

/* All addresses first, then the one that has stood for longest. */
static void test_longest_is_joined(void **state)
{
	struct race r = race_of("6.1 4.1 6.2");

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		open_next(&r, START + i * 250 * MS);
	assert_next(&r, START + 500 * MS, "6.1", START + SEC);
	race_opened(&r, 0, START + SEC);
	assert_next(&r, START + SEC, "4.1", START + 1250 * MS);
	race_opened(&r, 1, START + 1250 * MS);
	assert_next(&r, START + 1250 * MS, "6.2", START + 1500 * MS);
	/* Of two that stand for as long the preferred one. */
	r = race_of("6.1 4.1");
	won(&r, "4.1", START);
	race_opened(&r, 0, START);
	race_opened(&r, 1, START);
	assert_next(&r, START, "4.1", START + SEC);
}

static void test_three_at_most_to_one(void **state)
{
	struct race r = race_of("6.1 4.1");

	(void)state;
	for (unsigned i = 0; i < 2 * RACE_JOINED_MAX; i++)
		open_next(&r, START + i * SEC);
	assert_int_equal(r.list[0].open, RACE_JOINED_MAX);
	assert_int_equal(r.list[1].open, RACE_JOINED_MAX);
	assert_none(&r, START + 9 * SEC);
	closed(&r, "4.1");
	assert_next(&r, START + 9 * SEC, "4.1", START + 9250 * MS);
}

static void test_eight_at_most(void **state)
{
	struct race r = race_of("6.1 4.1 6.2 4.2");

	(void)state;
	for (unsigned i = 0; i < RACE_ATTEMPTS_MAX; i++)
		open_next(&r, START + i * SEC);
	assert_int_equal(open_count(&r), RACE_ATTEMPTS_MAX);
	assert_none(&r, START + 9 * SEC);
	closed(&r, "6.2");
	assert_next(&r, START + 9 * SEC, "6.1", START + 9250 * MS);
	/* More addresses than attempts: those that were not tried wait, too. */
	r = race_of("6.1 6.2 6.3 6.4 6.5 4.1 4.2 4.3 4.4 4.5");
	for (unsigned i = 0; i < RACE_ATTEMPTS_MAX; i++)
		open_next(&r, START);
	assert_none(&r, START);
	assert_true(race_round_open(&r));
	closed(&r, "6.1");
	assert_next(&r, START, "6.5", START + 250 * MS);
}

/* What is not known is ignored. */
static void test_unknown_addresses(void **state)
{
	struct race r = race_of("6.1 4.1"), before;

	(void)state;
	race_opened(&r, 1, START);
	won(&r, "4.1", START);
	before = r;
	closed(&r, "4.9");
	won(&r, "6.9", START);
	closed(&r, "6.1"); /* known, but none is open */
	assert_memory_equal(&r, &before, sizeof r);
}

/* ------------------------------------------------------------------ other addresses */

static void test_set_keeps_what_is_known(void **state)
{
	struct race r = race_of("6.1 4.1 6.2");

	(void)state;
	race_opened(&r, 0, START);
	race_opened(&r, 1, START + 250 * MS);
	race_opened(&r, 1, START + 2 * SEC);
	won(&r, "4.1", START + 3 * SEC);
	set(&r, "6.3 4.1 6.1");
	assert_string_equal(ranks(&r), "6.3 4.1 6.1");
	assert_int_equal(r.winner, 1);
	assert_int_equal(r.list[0].open, 0);
	assert_int_equal(r.list[0].tried_us, 0);
	assert_false(r.list[0].in_round);
	assert_int_equal(r.list[1].open, 2);
	assert_int_equal(r.list[1].tried_us, START + 2 * SEC);
	assert_true(r.list[1].in_round);
	assert_int_equal(r.list[2].open, 1);
	assert_true(race_round_open(&r));
	/* The new one is the next, however long the others stand. */
	assert_next(&r, START + 2 * SEC, "6.3", START + 2250 * MS);
	closed(&r, "6.2");
	assert_int_equal(open_count(&r), 3);
}

static void test_set_without_the_winner(void **state)
{
	struct race r = race_of("6.1 4.1");

	(void)state;
	won(&r, "4.1", START);
	set(&r, "6.1 4.2");
	assert_int_equal(r.winner, RACE_NONE);
	assert_int_equal(race_retest(&r, UINT64_MAX), RACE_NONE);
	assert_next(&r, 0, "6.1", 0);
	set(&r, "");
	assert_int_equal(r.count, 0);
	assert_none(&r, 0);
}

/* ------------------------------------------------------------------ the loser again */

static void test_retest(void **state)
{
	struct race r = race_of("6.1 4.1 6.2");

	(void)state;
	won(&r, "6.1", START);
	assert_int_equal(race_retest(&r, UINT64_MAX), RACE_NONE); /* there is no better one */
	won(&r, "4.1", START);
	assert_int_equal(race_retest(&r, START + 10 * SEC - 1), RACE_NONE);
	assert_int_equal(race_retest(&r, START + 10 * SEC), 0);
	won(&r, "4.1", START + 9 * SEC); /* once more, by a second session: no news */
	assert_int_equal(race_retest(&r, START + 10 * SEC), 0);
	won(&r, "6.2", START + 9 * SEC); /* another one: its time begins */
	assert_int_equal(race_retest(&r, START + 19 * SEC - 1), RACE_NONE);
	assert_int_equal(race_retest(&r, START + 19 * SEC), 0);
	won(&r, "6.1", START + 19 * SEC);
	assert_int_equal(race_retest(&r, UINT64_MAX), RACE_NONE);
}

static void test_retest_doubles(void **state)
{
	static const uint64_t waits[] = { 20, 40, 80, 160, 320, 600, 600, 600 };
	struct race r = race_of("6.1 4.1");
	uint64_t now = START + 10 * SEC;

	(void)state;
	won(&r, "4.1", START);
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		assert_int_equal(race_retest(&r, now), 0);
		race_retest_failed(&r, now);
		assert_int_equal(race_retest(&r, now + waits[i] * SEC - 1), RACE_NONE);
		now += waits[i] * SEC;
		assert_int_equal(race_retest(&r, now), 0);
	}
}

static void test_better(void **state)
{
	static const struct {
		const char *winner, *word;
		bool better;
	} rows[] = {
		{ "4.9", "6.1", false }, /* no winner */
		{ "6.1", "6.1", false },
		{ "6.1", "4.1", false },
		{ "4.1", "6.1", true },
		{ "4.1", "4.1", false },
		{ "4.1", "6.2", false },
		{ "6.2", "4.1", true },
		{ "6.2", "4.9", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct race r = race_of("6.1 4.1 6.2");
		struct addr to = one_addr(rows[i].word);

		won(&r, rows[i].winner, START);
		expect(rows[i].word, race_is_better(&r, &to) == rows[i].better);
	}
}

/* New addresses neither shorten nor forget the wait, where it is still about something. */
static void test_retest_and_set(void **state)
{
	struct race r = race_of("6.1 4.1");

	(void)state;
	won(&r, "4.1", START);
	race_retest_failed(&r, START);
	set(&r, "6.1 4.1 4.2");
	assert_int_equal(race_retest(&r, START + 20 * SEC - 1), RACE_NONE);
	assert_int_equal(race_retest(&r, START + 20 * SEC), 0);
	set(&r, "4.1 4.2"); /* now it ranks first */
	assert_int_equal(race_retest(&r, UINT64_MAX), RACE_NONE);
}

/* Before it had ended there was nothing left to test, then there is again: no test at once. */
static void test_retest_that_was_overtaken(void **state)
{
	struct race r = race_of("6.1 4.1");

	(void)state;
	won(&r, "4.1", START);
	won(&r, "6.1", START + 10 * SEC);
	race_retest_failed(&r, START + 15 * SEC);
	set(&r, "6.2 6.1 4.1");
	assert_int_equal(race_retest(&r, START + 15 * SEC), RACE_NONE);
	race_retest_failed(&r, START + 15 * SEC);
	assert_int_equal(race_retest(&r, START + 16 * SEC), RACE_NONE);
}

/* Another network: order and places stay, what happened does not. */
static void test_renew(void **state)
{
	struct race r = race_of("6.1 4.1 6.2");
	struct addr v4, gone;

	(void)state;
	won(&r, "4.1", START);
	race_retest_failed(&r, START);
	addr_from_word("4.1", &v4);
	addr_from_word("4.7", &gone);
	race_renew(&r, &v4);
	assert_string_equal(ranks(&r), "6.1 4.1 6.2");
	assert_true(addr_equal(race_winner(&r), &v4));
	assert_true(race_is_new(&r));
	assert_int_equal(race_retest(&r, START), 0); /* won it may have, but when? */
	race_renew(&r, &gone);
	assert_null(race_winner(&r));
	race_renew(&r, &v4);
	race_renew(&r, NULL);
	assert_null(race_winner(&r));
	assert_int_equal(race_retest(&r, UINT64_MAX), RACE_NONE);
	assert_string_equal(ranks(&r), "6.1 4.1 6.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_ports_differ),
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_at_once_after_a_failure),
		cmocka_unit_test(test_without_addresses),
		cmocka_unit_test(test_winner_is_first),
		cmocka_unit_test(test_joined_after_a_second),
		cmocka_unit_test(test_longest_is_joined),
		cmocka_unit_test(test_three_at_most_to_one),
		cmocka_unit_test(test_eight_at_most),
		cmocka_unit_test(test_unknown_addresses),
		cmocka_unit_test(test_set_keeps_what_is_known),
		cmocka_unit_test(test_set_without_the_winner),
		cmocka_unit_test(test_retest),
		cmocka_unit_test(test_retest_doubles),
		cmocka_unit_test(test_better),
		cmocka_unit_test(test_retest_and_set),
		cmocka_unit_test(test_retest_that_was_overtaken),
		cmocka_unit_test(test_renew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
