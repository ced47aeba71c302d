/* What time certificates are judged at: by the clock, unless it stands before the day of the build. */
#include "proxy/upstream/verify_dates.h"

#include "tests/unit/cm.h"

#define YEAR 31536000

static unsigned told;

static void note(void *arg)
{
	assert_ptr_equal(arg, &told);
	told++;
}

static time_t begin(long ahead)
{
	time_t now = time(NULL);

	told = 0;
	verify_dates_init(now + ahead, note, &told);
	return now;
}

static void assert_about(time_t got, time_t wanted)
{
	assert_in_range(got, wanted, wanted + 60);
}

static void test_believed(void **state)
{
	time_t now = begin(-YEAR);

	(void)state;
	assert_true(verify_dates_believed());
	assert_about(verify_dates_now(), now);
	/* However late the last proof was: nobody's clock is set back by a file. */
	verify_dates_remember(now + 10 * YEAR);
	assert_true(verify_dates_believed());
	assert_about(verify_dates_now(), now);
}

static void test_not_set(void **state)
{
	time_t now = begin(YEAR);

	(void)state;
	assert_false(verify_dates_believed());
	assert_int_equal(verify_dates_now(), now + YEAR);
	verify_dates_remember(now + YEAR - 1); /* before the build: says nothing */
	assert_int_equal(verify_dates_now(), now + YEAR);
	verify_dates_remember(now + YEAR + 5);
	assert_int_equal(verify_dates_now(), now + YEAR + 5);
	verify_dates_remember(now + YEAR + 4); /* never back */
	assert_int_equal(verify_dates_now(), now + YEAR + 5);
	verify_dates_remember(0);
	assert_int_equal(verify_dates_now(), now + YEAR + 5);
}

/* Nothing is proven by an assumed date. */
static void test_no_proof_without_a_clock(void **state)
{
	(void)state;
	begin(YEAR);
	verify_dates_prove();
	assert_int_equal(told, 0);
	assert_int_equal(verify_dates_proven(), 0);
}

static void test_proof(void **state)
{
	time_t now = begin(-YEAR);

	(void)state;
	verify_dates_prove();
	assert_int_equal(told, 1);
	assert_about(verify_dates_proven(), now);
	verify_dates_prove(); /* once a day is enough */
	assert_int_equal(told, 1);
	now = begin(-YEAR);
	verify_dates_remember(now - VERIFY_DATES_FRESH_S - 1);
	verify_dates_prove();
	assert_int_equal(told, 1);
	now = begin(-YEAR);
	verify_dates_remember(now - VERIFY_DATES_FRESH_S + 100);
	verify_dates_prove();
	assert_int_equal(told, 0);
}

static void test_build_not_known(void **state)
{
	(void)state;
	verify_dates_init(0, NULL, NULL);
	assert_true(verify_dates_believed());
	verify_dates_prove(); /* nobody to tell */
	assert_about(verify_dates_now(), time(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_believed),
		cmocka_unit_test(test_not_set),
		cmocka_unit_test(test_no_proof_without_a_clock),
		cmocka_unit_test(test_proof),
		cmocka_unit_test(test_build_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
