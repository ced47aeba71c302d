/* For how long a way over datagrams is left alone. */
#include "proxy/upstream/silence.h"

#include "tests/unit/cm.h"

#define MINUTE (60ull * 1000000)
#define NOW    (1000 * MINUTE)

static void test_never_heard(void **state)
{
	struct silence s = { 0 };

	(void)state;
	assert_false(silence_is_on(&s, NOW));
	assert_int_equal(silence_begin(&s, true, NOW), 24 * 60 * MINUTE);
	assert_true(silence_is_on(&s, NOW));
	assert_true(silence_is_on(&s, NOW + 24 * 60 * MINUTE - 1));
	assert_false(silence_is_on(&s, NOW + 24 * 60 * MINUTE));
}

/* The stream does not work either, or it was heard before: never within 15 minutes, up to a day. */
static void check_growth(struct silence *s, bool stream_works)
{
	static const unsigned minutes[] = { 15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440 };

	for (size_t i = 0; i < COUNT_OF(minutes); i++)
		assert_int_equal(silence_begin(s, stream_works, NOW), minutes[i] * MINUTE);
}

static void test_growth(void **state)
{
	struct silence s = { 0 };

	(void)state;
	check_growth(&s, false);
	silence_heard(&s);
	check_growth(&s, true);
	assert_int_equal(silence_begin(&s, true, NOW), SILENCE_MAX_US);
	silence_heard(&s);
	assert_int_equal(silence_begin(&s, true, NOW), SILENCE_MIN_US);
}

static void test_sessions(void **state)
{
	struct silence s = { 0 };

	(void)state;
	assert_false(silence_unanswered(&s));
	silence_heard(&s);
	assert_false(silence_unanswered(&s));
	assert_true(silence_unanswered(&s));
	silence_begin(&s, true, NOW);
	assert_false(silence_unanswered(&s));
}

static void test_another_network(void **state)
{
	struct silence s = { 0 };

	(void)state;
	silence_heard(&s);
	silence_begin(&s, true, NOW);
	silence_forget(&s);
	assert_false(silence_is_on(&s, NOW));
	assert_int_equal(silence_begin(&s, true, NOW), SILENCE_MAX_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_heard),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_another_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
