#include "common/base/turn.h"

#include "tests/unit/cm.h"

#include <stdio.h>
#include <string.h>

/* A piece of work that writes its letter down, and may queue another for a phase. */
struct job {
	struct turn_work work;
	char letter;
	struct list *then_phase; /* NULL: nothing more */
	struct job *then;
	unsigned times; /* how often it still does that */
	struct job *forgets;
};

static struct turn turn;
static uint64_t clock_us;
static unsigned clock_reads;
static char trace[5000];

static uint64_t read_clock(void *arg)
{
	assert_ptr_equal(arg, &clock_us);
	clock_reads++;
	return clock_us;
}

static void on_run(struct turn_work *w)
{
	struct job *job = container_of(w, struct job, work);
	size_t len = strlen(trace);

	assert_false(list_linked(&w->node));
	assert_true(len + 1 < sizeof trace);
	trace[len] = job->letter;
	if (job->forgets)
		turn_forget(&job->forgets->work);
	if (job->times > 0) {
		job->times--;
		turn_queue(job->then_phase, &job->then->work);
	}
}

static struct job job(char letter)
{
	return (struct job){ .work = { .run = on_run }, .letter = letter };
}

static void chain(struct job *from, struct list *phase, struct job *to, unsigned times)
{
	from->then_phase = phase;
	from->then = to;
	from->times = times;
}

static void end(const char *wanted)
{
	memset(trace, 0, sizeof trace);
	turn_end(&turn);
	assert_string_equal(trace, wanted);
}

static void begin(const char *wanted)
{
	memset(trace, 0, sizeof trace);
	turn_begin(&turn);
	assert_string_equal(trace, wanted);
}

static int setup(void **state)
{
	(void)state;
	clock_us = 1000;
	clock_reads = 0;
	turn_init(&turn, (struct turn_clock){ read_clock, &clock_us });
	memset(trace, 0, sizeof trace);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	turn_deinit(&turn);
	return 0;
}

static void test_order_of_phases(void **state)
{
	struct job a = job('a'), b = job('b'), c = job('c'), d = job('d');

	(void)state;
	turn_bury(&turn, &d.work);
	turn_send(&turn, &c.work);
	turn_seal(&turn, &b.work);
	turn_defer(&turn, &a.work);
	assert_true(turn_has_ready(&turn));
	end("abcd");
	assert_false(turn_has_ready(&turn));
	end("");
}

static void test_queued_once(void **state)
{
	struct job a = job('a');

	(void)state;
	turn_defer(&turn, &a.work);
	turn_defer(&turn, &a.work);
	turn_bury(&turn, &a.work); /* stays where it is */
	end("a");
	turn_defer(&turn, &a.work);
	turn_forget(&a.work);
	end("");
}

static void test_deferred_until_none_is_left(void **state)
{
	struct job a = job('a'), b = job('b');

	(void)state;
	chain(&a, &turn.deferred, &a, 100);
	turn_defer(&turn, &a.work);
	turn_seal(&turn, &b.work);
	memset(trace, 0, sizeof trace);
	turn_end(&turn);
	assert_int_equal(strlen(trace), 102);
	assert_int_equal(trace[101], 'b');
	assert_int_equal(turn.rounds_exceeded, 0);
}

static void test_sealing_makes_callbacks(void **state)
{
	struct job a = job('a'), s = job('s'), out = job('o');

	(void)state;
	chain(&s, &turn.deferred, &a, 1);
	chain(&a, &turn.sealing, &s, 1);
	turn_seal(&turn, &s.work);
	turn_send(&turn, &out.work);
	end("saso");
	assert_int_equal(turn.rounds_exceeded, 0);
}

static void test_rounds_are_bounded(void **state)
{
	struct job a = job('a'), s = job('s'), out = job('o');

	(void)state;
	chain(&s, &turn.deferred, &a, 1000);
	chain(&a, &turn.sealing, &s, 1000);
	turn_seal(&turn, &s.work);
	turn_send(&turn, &out.work);
	end("sasasasasasasaso");
	assert_int_equal(turn.rounds_exceeded, 1);
	assert_true(turn_has_ready(&turn));
	s.times = 0;
	end("as");
	assert_false(turn_has_ready(&turn));
	assert_int_equal(turn.rounds_exceeded, 1);
}

/* Work that feeds itself must not hang the daemon. */
static void test_endless_callback(void **state)
{
	struct job a = job('a');

	(void)state;
	chain(&a, &turn.deferred, &a, UINT32_MAX);
	turn_defer(&turn, &a.work);
	a.letter = '\0'; /* leaves no trace */
	turn_end(&turn);
	assert_int_equal(turn.rounds_exceeded, 1);
	assert_true(turn_has_ready(&turn));
	turn_forget(&a.work);
}

static void test_late_work_keeps_ready(void **state)
{
	struct job out = job('o'), dead = job('d'), late = job('l'), bury = job('b');

	(void)state;
	chain(&out, &turn.deferred, &late, 1);
	chain(&dead, &turn.dead, &bury, 1);
	turn_send(&turn, &out.work);
	turn_bury(&turn, &dead.work);
	end("odb");
	assert_true(turn_has_ready(&turn));
	end("l");
	assert_false(turn_has_ready(&turn));
}

static void test_sending_makes_sending(void **state)
{
	struct job out = job('o'), more = job('m');

	(void)state;
	chain(&out, &turn.sending, &more, 1);
	turn_send(&turn, &out.work);
	end("o");
	assert_true(turn_has_ready(&turn));
	end("m");
	assert_false(turn_has_ready(&turn));
}

static void test_ready_runs_once_a_turn(void **state)
{
	struct job a = job('a'), b = job('b');

	(void)state;
	chain(&a, &turn.ready, &a, 2);
	turn_ready(&turn, &a.work);
	turn_ready(&turn, &b.work);
	begin("ab");
	assert_true(turn_has_ready(&turn));
	begin("a");
	begin("a");
	assert_false(turn_has_ready(&turn));
	begin("");
}

static void test_forget_in_the_same_batch(void **state)
{
	struct job a = job('a'), b = job('b'), c = job('c');

	(void)state;
	a.forgets = &b;
	turn_ready(&turn, &a.work);
	turn_ready(&turn, &b.work);
	turn_ready(&turn, &c.work);
	begin("ac");
}

static void test_clock_is_read_once(void **state)
{
	(void)state;
	turn_begin(&turn);
	assert_int_equal(turn_now_us(&turn), 1000);
	clock_us = 2000;
	assert_int_equal(turn_now_us(&turn), 1000);
	turn_end(&turn);
	assert_int_equal(clock_reads, 1);
	turn_begin(&turn);
	assert_int_equal(turn_now_us(&turn), 2000);
	assert_int_equal(clock_reads, 2);
}

static unsigned fired;

static void on_timer(struct timer *t)
{
	(void)t;
	fired++;
}

static void test_timers_fire_in_begin(void **state)
{
	struct timer t = { .fire = on_timer };

	(void)state;
	fired = 0;
	assert_int_equal(timer_start(&turn.timers, &t, 1500), 0);
	turn_begin(&turn);
	assert_int_equal(fired, 0);
	assert_false(turn_has_ready(&turn));
	clock_us = 1500;
	turn_begin(&turn);
	assert_int_equal(fired, 1);
	assert_false(turn_has_ready(&turn));
}

static void test_timers_of_a_turn_are_bounded(void **state)
{
	static struct timer timers[5000];

	(void)state;
	fired = 0;
	for (size_t i = 0; i < 5000; i++) {
		timers[i].fire = on_timer;
		assert_int_equal(timer_start(&turn.timers, &timers[i], 1), 0);
	}
	turn_begin(&turn);
	turn_end(&turn);
	assert_int_equal(fired, 4096);
	assert_true(turn_has_ready(&turn));
	turn_begin(&turn);
	assert_int_equal(fired, 5000);
	assert_false(turn_has_ready(&turn));
}

static void test_deinit(void **state)
{
	struct job a = job('a'), d = job('d'), s = job('s'), r = job('r'), o = job('o');
	struct timer t = { .fire = on_timer };

	(void)state;
	fired = 0;
	chain(&a, &turn.dead, &d, 1);
	chain(&d, &turn.deferred, &a, 1);
	turn_defer(&turn, &a.work);
	turn_seal(&turn, &s.work);
	turn_send(&turn, &o.work);
	turn_ready(&turn, &r.work);
	assert_int_equal(timer_start(&turn.timers, &t, 1), 0);
	turn_deinit(&turn);
	assert_string_equal(trace, "ada");
	assert_false(list_linked(&s.work.node));
	assert_false(list_linked(&o.work.node));
	assert_false(list_linked(&r.work.node));
	assert_false(timer_running(&t));
	assert_int_equal(fired, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order_of_phases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queued_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deferred_until_none_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sealing_makes_callbacks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rounds_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_endless_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late_work_keeps_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sending_makes_sending, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ready_runs_once_a_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forget_in_the_same_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock_is_read_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timers_fire_in_begin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timers_of_a_turn_are_bounded, setup, teardown),
		cmocka_unit_test_setup(test_deinit, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
