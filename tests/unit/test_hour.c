#include "proxy/ops/hour.h"

#include "common/dns/ede.h"
#include "tests/unit/cm.h"

#include <string.h>

#define STEP (HOUR_STEP_S * UINT64_C(1000000))

static struct hour h;
static struct stats sums;

static int begin(void **state)
{
	(void)state;
	memset(&h, 0, sizeof h);
	memset(&sums, 0, sizeof sums);
	return 0;
}

static void test_differences(void **state)
{
	const struct hour_step *s;

	(void)state;
	sums.queries_udp = 1000; /* before anybody looked */
	hour_add(&h, &sums, 7);
	assert_int_equal(h.count, 0);
	sums.queries_udp += 10;
	sums.queries_tcp += 5;
	sums.cache_hits += 4;
	sums.cache_stale += 2;
	sums.cache_cuts += 1;
	sums.replies_local += 3;
	sums.rcodes[RCODE_SERVFAIL] += 2;
	for (unsigned i = 0; i < 100; i++)
		histogram_add(&sums.waited, i < 90 ? 10000 : 400000);
	hour_add(&h, &sums, 7 + STEP);
	assert_int_equal(h.count, 1);
	s = hour_at(&h, 0);
	assert_int_equal(s->queries, 15);
	assert_int_equal(s->cached, 7);
	assert_int_equal(s->local, 3);
	assert_int_equal(s->asked, 100);
	assert_int_equal(s->failed, 2);
	assert_true(s->p50_us > 8000 && s->p50_us < 12500);
	assert_true(s->p95_us > 390000 && s->p95_us < 530000);
	hour_add(&h, &sums, 7 + 2 * STEP);
	assert_int_equal(h.count, 2);
	assert_int_equal(hour_at(&h, 1)->queries, 0);
	assert_int_equal(hour_at(&h, 1)->p99_us, 0);
}

/* A timer that is late or early by a little adds no step and loses none, whatever it adds up to. */
static void test_drift(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 200; i++) {
		sums.queries_udp++;
		hour_add(&h, &sums, i * STEP + (i * 7919 % 1000) * 4000);
	}
	assert_int_equal(h.count, 200);
	for (size_t i = 0; i < h.count; i++)
		assert_int_equal(hour_at(&h, i)->queries, 1);
}

static void test_too_soon(void **state)
{
	(void)state;
	hour_add(&h, &sums, 0);
	sums.queries_udp = 5;
	hour_add(&h, &sums, STEP / 3);
	assert_int_equal(h.count, 0);
	sums.queries_udp = 6;
	hour_add(&h, &sums, STEP);
	assert_int_equal(h.count, 1);
	assert_int_equal(hour_at(&h, 0)->queries, 6);
}

static void test_pause(void **state)
{
	(void)state;
	hour_add(&h, &sums, 0);
	sums.queries_udp = 9;
	hour_add(&h, &sums, 4 * STEP);
	assert_int_equal(h.count, 4);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(hour_at(&h, i)->queries, 0);
	assert_int_equal(hour_at(&h, 3)->queries, 9);
	sums.queries_udp = 10;
	hour_add(&h, &sums, 1000000 * STEP); /* as if it had slept for months */
	assert_int_equal(h.count, HOUR_STEPS);
	assert_int_equal(hour_at(&h, HOUR_STEPS - 1)->queries, 1);
	assert_int_equal(hour_at(&h, 0)->queries, 0);
}

static void test_oldest_go(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= HOUR_STEPS + 10; i++) {
		sums.queries_udp += i;
		hour_add(&h, &sums, i * STEP);
	}
	assert_int_equal(h.count, HOUR_STEPS);
	assert_int_equal(hour_at(&h, 0)->queries, 11);
	assert_int_equal(hour_at(&h, HOUR_STEPS - 1)->queries, HOUR_STEPS + 10);
}

/* A worker that was not heard in time is missing from the sums. */
static void test_shrinking(void **state)
{
	(void)state;
	sums.queries_udp = 100;
	histogram_add(&sums.waited, 1000);
	hour_add(&h, &sums, 0);
	memset(&sums, 0, sizeof sums);
	hour_add(&h, &sums, STEP);
	assert_int_equal(hour_at(&h, 0)->queries, 0);
	assert_int_equal(hour_at(&h, 0)->asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_differences, begin),
		cmocka_unit_test_setup(test_drift, begin),
		cmocka_unit_test_setup(test_too_soon, begin),
		cmocka_unit_test_setup(test_pause, begin),
		cmocka_unit_test_setup(test_oldest_go, begin),
		cmocka_unit_test_setup(test_shrinking, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
