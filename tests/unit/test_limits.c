#include "proxy/upstream/limits.h"

#include "tests/unit/cm.h"

#define MS  UINT64_C(1000)
#define SEC (1000 * MS)

/* The server closes at once after so many answers, nothing being out. */
static void close_after(struct limits *l, uint64_t answers)
{
	limits_closed(l, answers, 0, false);
}

static void close_idle(struct limits *l, uint64_t idle_us)
{
	limits_closed(l, 7, idle_us, false);
}

/* ------------------------------------------------------------------ answers */

static const struct {
	const char *name;
	uint64_t closes[4]; /* ended by 0 */
	uint64_t wanted;
} answer_rows[] = {
	{ "none", { 0 }, 0 },
	{ "one proves nothing", { 5 }, 0 },
	{ "two alike", { 5, 5 }, 5 },
	{ "one answer each", { 1, 1 }, 1 },
	{ "two that differ", { 5, 6 }, 0 },
	{ "alike, not in a row", { 5, 6, 5 }, 0 },
	{ "the second two", { 5, 6, 6 }, 6 },
	{ "a third contradicts", { 5, 5, 4 }, 0 },
	{ "and is confirmed", { 5, 5, 4, 4 }, 4 },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(answer_rows); i++) {
		struct limits l = { 0 };

		for (size_t k = 0; k < 4 && answer_rows[i].closes[k]; k++)
			close_after(&l, answer_rows[i].closes[k]);
		expect_int(answer_rows[i].name, l.answers, answer_rows[i].wanted);
		expect_int(answer_rows[i].name, l.idle_us, 0);
	}
}

/* Which kind of limit it was: what came close behind an answer, or cut queries, is a number's. */
static const struct {
	const char *name;
	uint64_t idle_us;
	bool busy;
	uint64_t answers, idle_learnt_us;
} kinds[] = {
	{ "at once", 0, false, 3, 0 },
	{ "soon", 100 * MS - 1, false, 3, 0 },
	{ "later", 100 * MS, false, 0, 100 * MS },
	{ "idle", 30 * SEC, false, 0, 30 * SEC },
	{ "queries out", 30 * SEC, true, 3, 0 },
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct limits l = { 0 };

		limits_closed(&l, 3, kinds[i].idle_us, kinds[i].busy);
		expect_int(kinds[i].name, l.answers, 0);
		expect_int(kinds[i].name, l.idle_us, 0);
		limits_closed(&l, 3, kinds[i].idle_us, kinds[i].busy);
		expect_int(kinds[i].name, l.answers, kinds[i].answers);
		expect_int(kinds[i].name, l.idle_us, kinds[i].idle_learnt_us);
	}
}

/* The one says nothing of the other. */
static void test_kinds_are_apart(void **state)
{
	struct limits l = { 0 };

	(void)state;
	close_after(&l, 5);
	close_idle(&l, 30 * SEC);
	close_after(&l, 5);
	close_idle(&l, 30 * SEC);
	assert_int_equal(l.answers, 5);
	assert_int_equal(l.idle_us, 30 * SEC);
	limits_outlived(&l, 100);
	assert_int_equal(l.answers, 0);
	assert_int_equal(l.idle_us, 30 * SEC);
	close_after(&l, 5);
	close_after(&l, 5);
	limits_outslept(&l, 60 * SEC);
	assert_int_equal(l.answers, 5);
	assert_int_equal(l.idle_us, 0);
}

static void test_answers_outlived(void **state)
{
	struct limits l = { 0 };

	(void)state;
	close_after(&l, 5);
	close_after(&l, 5);
	limits_outlived(&l, 4);
	assert_int_equal(l.answers, 5);
	limits_outlived(&l, 5);
	assert_int_equal(l.answers, 0);
	close_after(&l, 5); /* from the beginning: one proves nothing */
	assert_int_equal(l.answers, 0);
	close_after(&l, 5);
	assert_int_equal(l.answers, 5);
}

/* ------------------------------------------------------------------ idle time */

static const struct {
	const char *name;
	uint64_t first_us, second_us, wanted_us;
} idle_rows[] = {
	{ "alike", 30 * SEC, 30 * SEC, 30 * SEC },
	{ "the shorter counts", 31 * SEC, 30 * SEC, 30 * SEC },
	{ "whichever it was", 30 * SEC, 31 * SEC, 30 * SEC },
	{ "within a tenth", 90 * SEC, 100 * SEC, 90 * SEC },
	{ "just not", 90 * SEC - 1, 100 * SEC, 0 },
	{ "short ones within half a second", 2 * SEC, 2500 * MS, 2 * SEC },
	{ "just not", 2 * SEC, 2500 * MS + 1, 0 },
	{ "far apart", 10 * SEC, 120 * SEC, 0 },
};

static void test_idle(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(idle_rows); i++) {
		struct limits l = { 0 };

		close_idle(&l, idle_rows[i].first_us);
		expect_int(idle_rows[i].name, l.idle_us, 0);
		close_idle(&l, idle_rows[i].second_us);
		expect_int(idle_rows[i].name, l.idle_us, idle_rows[i].wanted_us);
		expect_int(idle_rows[i].name, l.answers, 0);
	}
}

/* It follows a server that changes its mind. */
static void test_idle_changes(void **state)
{
	struct limits l = { 0 };

	(void)state;
	close_idle(&l, 30 * SEC);
	close_idle(&l, 30 * SEC);
	close_idle(&l, 10 * SEC);
	assert_int_equal(l.idle_us, 30 * SEC);
	close_idle(&l, 10 * SEC);
	assert_int_equal(l.idle_us, 10 * SEC);
	close_idle(&l, 60 * SEC);
	close_idle(&l, 60 * SEC);
	assert_int_equal(l.idle_us, 60 * SEC);
}

static void test_idle_outslept(void **state)
{
	struct limits l = { 0 };

	(void)state;
	limits_outslept(&l, 3600 * SEC);
	close_idle(&l, 30 * SEC);
	close_idle(&l, 30 * SEC);
	limits_outslept(&l, 29 * SEC);
	limits_outslept(&l, 30 * SEC + 500 * MS); /* as alike as two closes may be */
	assert_int_equal(l.idle_us, 30 * SEC);
	limits_outslept(&l, 30 * SEC + 500 * MS + 1);
	assert_int_equal(l.idle_us, 0);
	close_idle(&l, 30 * SEC);
	assert_int_equal(l.idle_us, 0);
	close_idle(&l, 30 * SEC);
	assert_int_equal(l.idle_us, 30 * SEC);
}

/* The shortest pause in which a session was forgotten, until one lives longer. */
static void test_forgotten(void **state)
{
	struct limits l = { 0 };

	(void)state;
	limits_forgotten(&l, 10000000);
	assert_int_equal(l.idle_us, 10000000);
	limits_forgotten(&l, 20000000);
	assert_int_equal(l.idle_us, 10000000);
	limits_forgotten(&l, 5000000);
	assert_int_equal(l.idle_us, 5000000);
	limits_outslept(&l, 5100000);
	assert_int_equal(l.idle_us, 5000000);
	limits_outslept(&l, 6000000);
	assert_int_equal(l.idle_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_kinds_are_apart),
		cmocka_unit_test(test_answers_outlived),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_idle_changes),
		cmocka_unit_test(test_idle_outslept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
