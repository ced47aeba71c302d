#include "common/base/timerq.h"

#include "tests/unit/cm.h"

#include <stdlib.h>

#define TIMERS 500u
#define STEPS  100000u

/* A timer that says what it did, and does what it is told. */
struct probe {
	struct timer timer;
	uint64_t restart_us; /* start itself anew for then; 0: not */
	struct timer *stop;  /* stop this one */
};

static struct timerq queue;
static struct probe *fired[64];
static size_t fired_count;

static void on_fire(struct timer *t)
{
	struct probe *p = (struct probe *)(void *)t;
	uint64_t restart_us = p->restart_us;

	assert_false(timer_running(t));
	if (fired_count < 64)
		fired[fired_count] = p;
	fired_count++;
	p->restart_us = 0;
	if (restart_us)
		assert_int_equal(timer_start(&queue, t, restart_us), 0);
	if (p->stop)
		timer_stop(&queue, p->stop);
}

static void start(struct probe *p, uint64_t due_us)
{
	p->timer.fire = on_fire;
	assert_int_equal(timer_start(&queue, &p->timer, due_us), 0);
}

static int setup(void **state)
{
	(void)state;
	timerq_init(&queue);
	fired_count = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	timerq_deinit(&queue);
	return 0;
}

static void check_heap(void)
{
	for (size_t i = 0; i < queue.count; i++) {
		const struct timer *t = queue.heap[i], *parent = queue.heap[i ? (i - 1) / 2 : 0];

		assert_int_equal(t->slot, i + 1);
		assert_true(parent->due_us < t->due_us
			|| (parent->due_us == t->due_us && parent->order <= t->order));
	}
}

static void test_order_of_time(void **state)
{
	static const uint64_t due[] = { 50, 10, 40, 10, 30, 20 };
	static const unsigned wanted[] = { 1, 3, 5, 4, 2, 0 };
	struct probe p[6] = { 0 };

	(void)state;
	assert_int_equal(timerq_next_us(&queue), UINT64_MAX);
	for (size_t i = 0; i < 6; i++)
		start(&p[i], due[i]);
	check_heap();
	assert_int_equal(timerq_next_us(&queue), 10);
	assert_int_equal(timerq_run(&queue, 9, 100), 0);
	assert_int_equal(timerq_run(&queue, 40, 100), 5);
	assert_int_equal(timerq_next_us(&queue), 50);
	assert_int_equal(timerq_run(&queue, 60, 100), 1);
	for (size_t i = 0; i < 6; i++)
		assert_ptr_equal(fired[i], &p[wanted[i]]);
}

static void test_limit(void **state)
{
	struct probe p[5] = { 0 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		start(&p[i], i);
	assert_int_equal(timerq_run(&queue, 100, 3), 3);
	assert_int_equal(timerq_next_us(&queue), 3);
	assert_int_equal(timerq_run(&queue, 100, 0), 0);
	assert_int_equal(timerq_run(&queue, 100, 3), 2);
}

static void test_move_and_stop(void **state)
{
	struct probe p[3] = { 0 };

	(void)state;
	start(&p[0], 10);
	start(&p[1], 20);
	start(&p[2], 30);
	start(&p[0], 40);
	assert_int_equal(queue.count, 3);
	assert_int_equal(timerq_next_us(&queue), 20);
	timer_stop(&queue, &p[1].timer);
	assert_false(timer_running(&p[1].timer));
	timer_stop(&queue, &p[1].timer);
	start(&p[0], 5);
	assert_int_equal(timerq_run(&queue, 100, 100), 2);
	assert_ptr_equal(fired[0], &p[0]);
	assert_ptr_equal(fired[1], &p[2]);
}

/* What is started for "now" waits for the next call, what is overdue does not. */
static void test_started_while_it_runs(void **state)
{
	struct probe again_now = { .restart_us = 100 }, again_before = { .restart_us = 99 };
	struct probe last = { 0 };

	(void)state;
	start(&again_now, 10);
	start(&again_before, 20);
	start(&last, 100);
	assert_int_equal(timerq_run(&queue, 100, 100), 4);
	assert_ptr_equal(fired[0], &again_now);
	assert_ptr_equal(fired[1], &again_before);
	assert_ptr_equal(fired[2], &again_before);
	assert_ptr_equal(fired[3], &last);
	assert_true(timer_running(&again_now.timer));
	assert_int_equal(timerq_run(&queue, 100, 100), 1);
	assert_ptr_equal(fired[4], &again_now);
}

static void test_stopped_by_another(void **state)
{
	struct probe victim = { 0 }, killer = { .stop = &victim.timer };

	(void)state;
	start(&killer, 10);
	start(&victim, 10);
	assert_int_equal(timerq_run(&queue, 10, 100), 1);
	assert_int_equal(queue.count, 0);
}

static void test_deinit_stops(void **state)
{
	struct probe p = { 0 };

	(void)state;
	start(&p, 10);
	timerq_deinit(&queue);
	assert_false(timer_running(&p.timer));
	timer_stop(&queue, &p.timer);
}

static uint64_t least_due(const struct probe *p)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < TIMERS; i++) {
		if (timer_running(&p[i].timer) && p[i].timer.due_us < least)
			least = p[i].timer.due_us;
	}
	return least;
}

static void test_random_steps(void **state)
{
	struct probe *p = calloc(TIMERS, sizeof *p);
	uint64_t now_us = 0;

	(void)state;
	assert_non_null(p);
	srandom(1);
	for (unsigned step = 0; step < STEPS; step++) {
		struct probe *one = &p[(unsigned)random() % TIMERS];

		switch (random() % 4) {
		case 0:
		case 1:
			start(one, now_us + (unsigned)random() % 1000);
			break;
		case 2:
			timer_stop(&queue, &one->timer);
			break;
		default:
			now_us += (unsigned)random() % 10;
			timerq_run(&queue, now_us, 1000);
			assert_true(timerq_next_us(&queue) > now_us);
		}
		if (step % 64 == 0) {
			check_heap();
			assert_int_equal(timerq_next_us(&queue), least_due(p));
		}
	}
	assert_true(fired_count > 1000);
	timerq_deinit(&queue);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order_of_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_move_and_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_started_while_it_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stopped_by_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deinit_stops, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_steps, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
