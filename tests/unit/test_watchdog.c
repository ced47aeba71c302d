/* Signs of life for the service manager: with workers that only take mail, or are stuck and take none. */
#include "proxy/ops/watchdog.h"

#include "proxy/mailbox.h"
#include "proxy/ops/notify.h"
#include "proxy/worker.h"
#include "tests/unit/cm.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------ in place of workers and notify */

struct worker {
	struct mailbox mailbox;
	struct event_base *base;
	bool stuck;
};

static struct worker workers[3];
static struct worker *const crew[] = { &workers[0], &workers[1], &workers[2] };
static struct event_base *base;
static struct mailbox mailbox;
static struct watchdog *watchdog;
static unsigned told, refused;
static int full; /* the service manager takes nothing so often */

struct mailbox *worker_mailbox(struct worker *w)
{
	return &w->mailbox;
}

int notify_send(const char *state)
{
	assert_string_equal(state, "WATCHDOG=1");
	if (full > 0) {
		full--;
		refused++;
		return -EAGAIN;
	}
	told++;
	return 0;
}

/* One look at each thread's loop, as they would have it at one time. */
static void go_round(void)
{
	event_base_loop(base, EVLOOP_ONCE);
	for (size_t i = 0; i < COUNT_OF(workers); i++)
		if (!workers[i].stuck)
			event_base_loop(workers[i].base, EVLOOP_NONBLOCK);
}

/* ------------------------------------------------------------------ the stage */

static void begin(const char *usec)
{
	struct watchdog_setup setup = { base, &mailbox, crew, COUNT_OF(crew) };

	setenv("WATCHDOG_USEC", usec, 1);
	assert_int_equal(watchdog_new(&setup, &watchdog), 0);
}

static int set_up(void **state)
{
	(void)state;
	told = refused = 0;
	full = 0;
	unsetenv("WATCHDOG_PID");
	base = event_base_new();
	assert_int_equal(mailbox_init(&mailbox, base, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(workers); i++) {
		workers[i] = (struct worker){ .base = event_base_new() };
		assert_int_equal(mailbox_init(&workers[i].mailbox, workers[i].base, &workers[i]), 0);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(workers); i++) {
		mailbox_deinit(&workers[i].mailbox);
		event_base_free(workers[i].base);
	}
	mailbox_deinit(&mailbox);
	watchdog_free(watchdog);
	event_base_free(base);
	watchdog = NULL;
	unsetenv("WATCHDOG_USEC");
	return 0;
}

/* ------------------------------------------------------------------ tests */

static void test_environment(void **state)
{
	static const struct {
		const char *usec, *pid;
		uint64_t expected;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ NULL, "42", 0 },
		{ "30000000", NULL, 30000000 },
		{ "30000000", "42", 30000000 },
		{ "30000000", "43", 0 },
		{ "30000000", "", 0 },
		{ "30000000", "42x", 0 },
		{ "", NULL, 0 },
		{ "0", NULL, 0 },
		{ "-1", NULL, 0 },
		{ " 5", NULL, 0 },
		{ "30s", NULL, 0 },
		{ "18446744073709551615", NULL, 0 },
		{ "99999999999999999999", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		expect_int(rows[i].usec ? rows[i].usec : "none",
			watchdog_interval_us(rows[i].usec, rows[i].pid, 42), rows[i].expected);
}

static void test_nobody_asks(void **state)
{
	struct watchdog_setup setup = { base, &mailbox, crew, COUNT_OF(crew) };

	(void)state;
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(watchdog_new(&setup, &watchdog), 0);
	assert_null(watchdog);
	begin("1000");
	assert_non_null(watchdog);
	watchdog_free(watchdog);
	setenv("WATCHDOG_PID", "1", 1);
	begin("1000");
	assert_null(watchdog);
}

static void test_all_answer(void **state)
{
	(void)state;
	begin("2000");
	for (unsigned rounds = 0; told < 5 && rounds < 1000; rounds++)
		go_round();
	assert_int_equal(told, 5);
}

/* Two of three go on: that is not enough. */
static void test_one_is_stuck(void **state)
{
	(void)state;
	begin("2000");
	for (unsigned rounds = 0; told < 1 && rounds < 1000; rounds++)
		go_round();
	workers[1].stuck = true;
	for (unsigned rounds = 0; rounds < 20; rounds++)
		go_round(); /* each a tick at least: an answer on the way has come */
	told = 0;
	for (unsigned rounds = 0; rounds < 50; rounds++)
		go_round();
	assert_int_equal(told, 0);
	/* Late is better than never. */
	workers[1].stuck = false;
	for (unsigned rounds = 0; told < 3 && rounds < 1000; rounds++)
		go_round();
	assert_int_equal(told, 3);
}

/* What the service manager could not take is told again, before it has waited too long. */
static void test_manager_is_busy(void **state)
{
	(void)state;
	begin("400000"); /* long enough for the second try to come before the next tick */
	full = 1;
	for (unsigned rounds = 0; told < 1 && rounds < 1000; rounds++)
		go_round();
	assert_int_equal(refused, 1);
	assert_int_equal(told, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test_setup_teardown(test_nobody_asks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_is_stuck, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_manager_is_busy, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
