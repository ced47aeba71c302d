/* When an epoch begins, and what workers are told of it: the network and the workers are the test's. */
#include "proxy/epochs.h"

#include "proxy/mailbox.h"
#include "proxy/names.h"
#include "proxy/ops/surroundings.h"
#include "proxy/resolve/portal.h"
#include "proxy/worker.h"
#include "tests/unit/cm.h"

#include <event2/event.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ in place of all around it */

struct worker {
	struct mailbox mailbox;
	struct event_base *base;
	struct addr uses; /* the address of its connections */
	unsigned renewed;
	struct worker_epoch last;
};

struct netwatch {
	struct netwatch_setup setup;
};

static struct worker worker;
static struct worker *const crew[] = { &worker };
static struct event_base *base;
static struct mailbox mailbox;
static struct netwatch network;
static struct surroundings around;
static struct epochs *epochs;
static uint64_t slept_us;
static size_t here, entering; /* places of networks */
static bool no_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

uint64_t __wrap_clock_slept_us(void);
uint64_t __wrap_clock_slept_us(void)
{
	return slept_us;
}

struct mailbox *worker_mailbox(struct worker *w)
{
	return &w->mailbox;
}

void worker_renew(struct worker *w, const struct worker_epoch *e)
{
	w->renewed++;
	w->last = *e;
}

bool worker_moved(struct worker *w, const struct addr *addrs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (addr_same_host(&w->uses, &addrs[i]))
			return true;
	return false;
}

void names_renew(struct names *n)
{
	(void)n;
}

size_t names_addresses(const struct names *n, size_t upstream, struct addr *ret, size_t max)
{
	(void)n;
	(void)upstream;
	(void)ret;
	(void)max;
	return 0;
}

struct netwatch *netwatch_new(const struct netwatch_setup *setup)
{
	network.setup = *setup;
	return &network;
}

void netwatch_free(struct netwatch *w)
{
	(void)w;
}

void netwatch_start(struct netwatch *w)
{
	(void)w;
}

void netwatch_look(struct netwatch *w)
{
	(void)w;
}

/* What has moved was seen by the check that called `moved`. */
bool netwatch_check(struct netwatch *w)
{
	(void)w;
	return false;
}

size_t netwatch_enter(struct netwatch *w, bool *ret_fresh)
{
	(void)w;
	*ret_fresh = true;
	here = entering;
	return here;
}

size_t netwatch_here(const struct netwatch *w)
{
	(void)w;
	return here;
}

const struct route *netwatch_route(const struct netwatch *w)
{
	(void)w;
	return NULL;
}

void netwatch_get_figures(const struct netwatch *w, struct netwatch_figures *ret)
{
	(void)w;
	*ret = (struct netwatch_figures){ .watching = true };
}

/* ------------------------------------------------------------------ the stage */

static struct addr address(uint8_t last)
{
	struct addr a = { .in4 = { .sin_family = AF_INET } };

	a.in4.sin_addr.s_addr = htonl(UINT32_C(0xc0000200) | last);
	return a;
}

static void move(uint8_t last)
{
	struct addr a = address(last);

	network.setup.moved(network.setup.arg, &a, 1, "it is reached by another way");
}

/* Until nobody has mail any more. */
static void deliver_all(void)
{
	for (int i = 0; i < 4; i++) {
		event_base_loop(worker.base, EVLOOP_NONBLOCK);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

static int set_up(void **state)
{
	(void)state;
	slept_us = 0;
	here = 0;
	entering = 1;
	base = event_base_new();
	worker = (struct worker){ .base = event_base_new(), .uses = address(1) };
	assert_int_equal(mailbox_init(&mailbox, base, NULL), 0);
	assert_int_equal(mailbox_init(&worker.mailbox, worker.base, &worker), 0);
	epochs = epochs_new(&(struct epochs_setup){ .base = base,
		.mailbox = &mailbox,
		.workers = crew,
		.worker_count = 1,
		.around = &around });
	assert_non_null(epochs);
	epochs_start(epochs, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mailbox_deinit(&worker.mailbox);
	event_base_free(worker.base);
	mailbox_deinit(&mailbox);
	epochs_free(epochs);
	event_base_free(base);
	return 0;
}

/* ------------------------------------------------------------------ tests */

static void test_a_move_that_concerns_somebody(void **state)
{
	(void)state;
	move(1);
	deliver_all();
	assert_int_equal(worker.renewed, 1);
	assert_true(worker.last.moved);
	assert_int_equal(worker.last.fresh, 1 << 1);
	assert_int_equal(worker.last.entered, 1);
}

static void test_a_move_that_concerns_nobody(void **state)
{
	(void)state;
	move(2);
	deliver_all();
	assert_int_equal(worker.renewed, 0);
	assert_int_equal(around.network.epoch, 1);
}

/* Another comes before the worker has answered: what it says of the first counts. */
static void test_two_moves_at_once(void **state)
{
	(void)state;
	move(1);
	move(2);
	deliver_all();
	assert_int_equal(worker.renewed, 1);
	assert_true(worker.last.moved);
}

/* Asked twice, moved once. */
static void test_one_epoch_for_both(void **state)
{
	(void)state;
	move(1);
	move(1);
	deliver_all();
	assert_int_equal(worker.renewed, 1);
	assert_int_equal(around.network.epoch, 2);
}

/* The worker has renewed by itself as it woke, but on the network of before: it is to do so once more. */
static void test_a_move_seen_before_the_sleep(void **state)
{
	(void)state;
	slept_us = 60000000;
	move(1);
	deliver_all();
	assert_int_equal(worker.renewed, 1);
	assert_true(worker.last.moved);
	assert_int_equal(worker.last.entered, 1);
}

/* The epoch of the sleep begins while the worker is asked: it settles nothing. */
static void test_a_sleep_while_it_is_asked(void **state)
{
	(void)state;
	move(1);
	slept_us = 60000000;
	epochs_look_for_sleep(epochs);
	deliver_all();
	assert_int_equal(worker.renewed, 2);
	assert_true(worker.last.moved);
}

/* No epoch is lost: who cannot be asked is told. */
static void test_without_memory(void **state)
{
	(void)state;
	no_memory = true;
	move(2);
	move(1);
	deliver_all();
	no_memory = false;
	assert_true(worker.renewed >= 1);
	assert_true(worker.last.moved);
	slept_us = 60000000;
	no_memory = true;
	epochs_resumed(epochs);
	deliver_all();
	no_memory = false;
	assert_int_equal(worker.last.slept_us, slept_us);
}

static void deliver_nothing(struct mail *m, void *receiver)
{
	(void)m;
	(void)receiver;
}

static void discard_nothing(struct mail *m)
{
	(void)m;
}

/* The worker hangs, and its mailbox is full. */
static void test_without_room(void **state)
{
	static struct mail mails[MAILBOX_MAX];

	(void)state;
	for (size_t i = 0; i < MAILBOX_MAX; i++) {
		mails[i] = (struct mail){ .deliver = deliver_nothing, .discard = discard_nothing };
		assert_true(mailbox_offer(&worker.mailbox, &mails[i]));
	}
	move(1);
	assert_int_equal(mailbox_refused(&worker.mailbox), 1);
	deliver_all();
	assert_int_equal(worker.renewed, 1);
	assert_int_equal(worker.last.entered, 1);
}

static void begin_epoch(size_t place)
{
	entering = place;
	slept_us += 60000000;
	move(1); /* the machine has slept: it begins without asking */
}

/* The first is on its way; those that follow are told as one step, and no place is forgotten. */
static void test_several_while_it_hangs(void **state)
{
	(void)state;
	for (size_t place = 1; place <= 4; place++)
		begin_epoch(place);
	event_base_loop(worker.base, EVLOOP_NONBLOCK);
	assert_int_equal(worker.renewed, 1);
	assert_int_equal(worker.last.left, 0);
	assert_int_equal(worker.last.entered, 1);
	assert_int_equal(worker.last.fresh, 1 << 1);
	deliver_all();
	assert_int_equal(worker.renewed, 2);
	assert_int_equal(worker.last.left, 1);
	assert_int_equal(worker.last.entered, 4);
	assert_int_equal(worker.last.fresh, 1 << 2 | 1 << 3 | 1 << 4);
	assert_int_equal(worker.last.slept_us, slept_us);
	begin_epoch(5);
	deliver_all();
	assert_int_equal(worker.renewed, 3);
	assert_int_equal(worker.last.left, 4);
}

/* Many workers notice at once. */
static void test_a_sleep_is_told_once(void **state)
{
	(void)state;
	slept_us = 60000000;
	for (int i = 0; i < 10; i++)
		epochs_resumed(epochs);
	assert_int_equal(mailbox.count, 1);
	deliver_all();
	assert_int_equal(worker.renewed, 1);
	assert_int_equal(around.network.epoch, 2);
}

/* ------------------------------------------------------------------ a captive portal */

static struct portal portal;
static const uint8_t login[] = "\5login\5hotel";

static uint32_t no_time(void *arg)
{
	(void)arg;
	return 0;
}

static bool may_go_out(void)
{
	return portal_has(&portal, 1, login, sizeof login);
}

static int open_portal(void **state)
{
	struct addr resolver = address(9);

	set_up(state);
	portal_init(&portal, no_time, NULL);
	portal_open(&portal, 1, &resolver, 600);
	around.portal = &portal;
	assert_true(portal_add(&portal, login) && may_go_out());
	return 0;
}

static int drop_portal(void **state)
{
	around.portal = NULL;
	portal_deinit(&portal);
	return tear_down(state);
}

static void test_a_portal_while_the_network_changes(void **state)
{
	(void)state;
	network.setup.stirred(network.setup.arg, true);
	assert_false(may_go_out());
	assert_true(portal_is_open(&portal));
	network.setup.stirred(network.setup.arg, false);
	assert_true(may_go_out());
}

/* With the move that was found, not with what comes of it. */
static void test_a_portal_ends_with_a_move(void **state)
{
	struct portal_look l;

	(void)state;
	network.setup.stirred(network.setup.arg, true);
	move(2); /* nobody's connections are concerned */
	network.setup.stirred(network.setup.arg, false);
	assert_false(may_go_out() || portal_is_open(&portal));
	portal_look(&portal, &l);
	assert_int_equal(l.end, PORTAL_NETWORK);
	assert_int_equal(around.network.epoch, 1);
}

/* By a worker that wakes up, before main has heard of it; and by main's own look. */
static void test_a_portal_ends_with_a_sleep(void **state)
{
	bool by_worker = *state == NULL;

	slept_us = 60000000;
	if (by_worker)
		epochs_resumed(epochs);
	else
		epochs_look_for_sleep(epochs);
	assert_false(may_go_out() || portal_is_open(&portal));
	deliver_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_move_that_concerns_somebody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_move_that_concerns_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_moves_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_epoch_for_both, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_move_seen_before_the_sleep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_sleep_while_it_is_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_several_while_it_hangs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_sleep_is_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_portal_while_the_network_changes, open_portal, drop_portal),
		cmocka_unit_test_setup_teardown(
			test_a_portal_ends_with_a_move, open_portal, drop_portal),
		cmocka_unit_test_setup_teardown(
			test_a_portal_ends_with_a_sleep, open_portal, drop_portal),
		cmocka_unit_test_prestate_setup_teardown(
			test_a_portal_ends_with_a_sleep, open_portal, drop_portal, &slept_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
