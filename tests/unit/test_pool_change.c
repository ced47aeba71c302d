/* The upstreams of a pool are changed while it works: who stays keeps all, who leaves answers first. */
#include "tests/unit/pool_case.h"

static int finish(void **state);

static struct upstream *gone[128];
static unsigned gone_count;

static void on_gone(void *arg, struct upstream *u)
{
	assert_ptr_equal(arg, &pool);
	assert_true(list_empty(&u->sessions));
	for (unsigned i = 0; i < ASKS; i++)
		assert_true(asks[i].request.state != REQUEST_ACTIVE || asks[i].request.own != u);
	gone[gone_count++] = u;
}

/* A and B; C is filled in, but does not belong to it. */
static int begin(void **state)
{
	(void)state;
	init(11, 2, POLICY_FAILOVER, 1, 100);
	pool.gone = on_gone;
	pool.gone_arg = &pool;
	gone_count = 0;
	set_up(2, 1, 100);
	return 0;
}

/* The case looks for transports among the first so many. */
static void change(size_t count, struct upstream *const *list)
{
	pool_change(&pool, list, count);
}

static void add_address_of_c(void)
{
	struct addr a = address_of(2);

	ways_set_addresses(&ups[2], &a, 1);
}

/* upstream_of() goes by pool.count; these tests have their own. */
static struct fake *transport_to(size_t upstream)
{
	struct addr a = address_of(upstream);

	for (size_t i = net.count; i-- > 0;) {
		struct fake *f = net.fakes[i];

		if (!f->ended && !f->closed && !f->freed && addr_equal(&f->to, &a))
			return f;
	}
	return NULL;
}

static void test_who_stays_keeps_its_session(void **state)
{
	struct fake *a = connect_up();
	size_t opened = net.count;
	uint64_t srtt = ups[0].srtt_us;

	(void)state;
	send_one(0);
	change(2, (struct upstream *[]){ &ups[1], &ups[0] });
	change(1, (struct upstream *[]){ &ups[0] });
	assert_ptr_equal(transport_to(0), a);
	answer(0, a);
	turn();
	assert_answered_by(0, 0);
	send_one(1);
	answer(1, a);
	turn();
	assert_answered_by(1, 0);
	assert_int_equal(net.count, opened);
	assert_int_equal(ups[0].srtt_us, srtt);
	pass(SEC);
	assert_int_equal(gone_count, 1);
	assert_ptr_equal(gone[0], &ups[1]);
}

/* What was asked of A is answered by A; what comes now goes to C. */
static void test_who_leaves_answers_first(void **state)
{
	struct fake *a = connect_up();

	(void)state;
	send_one(0);
	change(2, (struct upstream *[]){ &ups[2], &ups[1] });
	add_address_of_c();
	pass(SEC / 2);
	assert_int_equal(gone_count, 0);
	submit(1);
	turn();
	assert_null(flight_on(1, a));
	assert_non_null(transport_to(2));
	fake_ready(transport_to(2));
	turn();
	assert_non_null(flight_on(1, transport_to(2)));
	answer(0, a);
	turn();
	assert_answered_by(0, 0);
	assert_true(a->closed);
	answer(1, transport_to(2));
	turn();
	assert_answered_by(1, 2);
	pass(SEC);
	assert_int_equal(gone_count, 1);
	assert_ptr_equal(gone[0], &ups[0]);
}

/* A's last session is lost: its query goes to who is there now, and never to A. */
static void test_what_it_loses_goes_on(void **state)
{
	struct fake *a = connect_up();

	(void)state;
	send_one(0);
	change(1, (struct upstream *[]){ &ups[2] });
	add_address_of_c();
	fake_end(a, FAULT_RESET, STAGE_DNS);
	turn();
	assert_null(transport_to(0));
	fake_ready(transport_to(2));
	turn();
	answer(0, transport_to(2));
	turn();
	assert_answered_by(0, 2);
	pass(SEC);
	assert_int_equal(gone_count, 2);
}

/* One that never answers is not waited for without end, and the request forgets it. */
static void test_silent_one(void **state)
{
	(void)state;
	connect_up();
	send_one(0);
	change(1, (struct upstream *[]){ &ups[2] });
	pass(90 * SEC);
	assert_int_equal(gone_count, 2);
	assert_null(transport_to(0));
	assert_null(asks[0].request.own);
	assert_int_equal(asks[0].request.avoid, 0);
	assert_true(fates[0].inside);
}

/* Attempts under way are of no use to anybody. */
static void test_attempts_end(void **state)
{
	(void)state;
	submit(0);
	turn();
	assert_non_null(transport_to(0));
	change(1, (struct upstream *[]){ &ups[2] });
	turn();
	assert_null(transport_to(0));
	add_address_of_c();
	turn();
	fake_ready(transport_to(2));
	turn();
	answer(0, transport_to(2));
	turn();
	assert_answered_by(0, 2);
}

/* A hundred changes in a row, each of which takes one out that owes an answer: bits are never short. */
static void test_many_changes(void **state)
{
	static struct upstream more[100];
	static char names[100][16];

	(void)state;
	connect_up();
	send_one(0);
	for (size_t i = 0; i < COUNT_OF(more); i++) {
		struct addr a = address_of(10 + i);

		memset(&more[i], 0, sizeof more[i]);
		snprintf(names[i], sizeof names[i], "m%zu", i);
		more[i].session = fake_setup(&net);
		more[i].session.max_inflight = 10;
		more[i].connections = 1;
		more[i].label = names[i];
		change(1, (struct upstream *[]){ &more[i] });
		ways_set_addresses(&more[i], &a, 1);
		assert_true(pool_bit(&more[i]) != 0);
		assert_int_equal(pool.everybody, pool_bit(&more[i]));
		submit((unsigned)(1 + i));
		turn();
		fake_ready(net.fakes[net.count - 1]);
		turn();
	}
	assert_int_equal(net.stats.bound_memory, 0);
	/* Those whose upstream was cut off have gone on to another one. */
	for (unsigned rounds = 0; rounds < 4; rounds++) {
		for (size_t k = 0; k < net.count; k++) {
			struct fake *f = net.fakes[k];

			for (unsigned i = 0; i <= COUNT_OF(more) && !f->closed && !f->ended; i++)
				if (fates[i].inside && flight_on(i, f) && flight_on(i, f)->sent)
					answer(i, f);
		}
		turn();
	}
	for (unsigned i = 0; i <= COUNT_OF(more); i++)
		assert_int_equal(fates[i].answered, 1);
	pass(SEC);
	assert_int_equal(gone_count, 2 + COUNT_OF(more) - 1);
	assert_true(list_empty(&pool.leaving));
}

static void test_nobody_left(void **state)
{
	struct fake *a = connect_up();

	(void)state;
	send_one(0);
	assert_false(pool_is_idle(&pool));
	answer(0, a);
	turn();
	assert_true(pool_is_idle(&pool));
	pool_change(&pool, NULL, 0);
	pass(SEC);
	assert_int_equal(gone_count, 2);
	assert_true(list_empty(&pool.leaving));
}

static void test_fail_all(void **state)
{
	struct fake *a = connect_up();

	(void)state;
	send_one(0);
	submit(1);
	pool_fail_all(&pool, (struct ede){ EDE_NOT_READY, "over" });
	turn();
	assert_int_equal(fates[0].failed, 1);
	assert_string_equal(fates[0].text, "over");
	assert_int_equal(fates[1].failed, 1);
	assert_true(pool_is_idle(&pool));
	assert_false(a->closed);
}

/* ------------------------------------------------------------------ anything, in any order */

static bool belongs[UPSTREAMS_MAX], left[UPSTREAMS_MAX];

static uint32_t chance(uint32_t n)
{
	return random32(&net.random) % n;
}

/* Some of those that belong to it or can come (again), in some order. */
static void change_somehow(void)
{
	struct upstream *list[UPSTREAMS_MAX];
	bool fresh[UPSTREAMS_MAX] = { false };
	size_t count = 0;

	for (size_t k = 0, first = chance(UPSTREAMS_MAX); k < UPSTREAMS_MAX; k++) {
		size_t i = (first + k) % UPSTREAMS_MAX;

		if (left[i] || chance(3) == 0)
			continue;
		fresh[i] = !belongs[i];
		if (fresh[i]) {
			memset(&ups[i], 0, sizeof ups[i]);
			set_up(i, 1 + chance(2), 1 + chance(20));
		}
		list[count++] = &ups[i];
	}
	if (count == 0)
		return;
	for (size_t i = 0; i < UPSTREAMS_MAX; i++) {
		bool stays = false;

		for (size_t k = 0; k < count; k++)
			stays |= list[k] == &ups[i];
		left[i] |= belongs[i] && !stays;
		belongs[i] = stays;
	}
	change(count, list);
	for (size_t i = 0; i < UPSTREAMS_MAX; i++) {
		struct addr a = address_of(i);

		if (fresh[i])
			ways_set_addresses(&ups[i], &a, 1);
	}
}

/* Of those that belong to it, and of those that leave. */
static uint32_t taken_bits(void)
{
	uint32_t bits = pool.everybody;

	list_for_each (n, &pool.leaving)
		bits |= pool_bit(container_of(n, struct upstream, leaving));
	return bits;
}

static void on_random_gone(void *arg, struct upstream *u)
{
	size_t i = (size_t)(u - ups);

	(void)arg;
	assert_true(left[i]);
	left[i] = false;
	for (unsigned k = 0; k < ASKS; k++) {
		const struct request *r = &asks[k].request;

		assert_true(r->state != REQUEST_ACTIVE || (r->own != u && !(r->avoid & ~taken_bits())));
	}
	memset(u, 0xdd, sizeof *u); /* whoever looks at it is found out */
}

static void something_happens(void)
{
	struct fake *f = net.count > 0 ? net.fakes[chance((uint32_t)net.count)] : NULL;
	unsigned i = chance(40);

	if (chance(12) == 0) {
		change_somehow();
	} else if (chance(3) == 0) {
		if (!fates[i].inside) {
			memset(&fates[i], 0, sizeof fates[i]);
			submit(i);
		} else if (chance(8) == 0) {
			cancel(i);
		}
	} else if (f && !f->ended && !f->closed && !f->freed) {
		if (!f->ready)
			chance(5) ? fake_ready(f) : fake_end(f, FAULT_RESET, STAGE_TCP);
		else if (fates[i].inside && flight_on(i, f) && flight_on(i, f)->sent)
			chance(4) ? answer(i, f) : answer_with(i, f, RCODE_SERVFAIL);
		else if (chance(10) == 0)
			fake_end(f, chance(2) ? FAULT_CLOSED : FAULT_RESET, STAGE_DNS);
	}
	if (chance(3) == 0)
		pass(chance(300) * MS);
	else
		turn();
}

/* Every request has one end, no bit outlives its upstream, and nobody is asked who has gone. */
static void test_random(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		init(seed, 2, (enum config_policy)(seed % 3), 1, 10);
		pool.gone = on_random_gone;
		pool.gone_arg = &pool;
		for (size_t i = 0; i < UPSTREAMS_MAX; i++) {
			belongs[i] = i < 2;
			left[i] = false;
		}
		for (unsigned step = 0; step < 300; step++)
			something_happens();
		for (unsigned i = 0; i < ASKS; i++) {
			assert_true(fates[i].done <= 1);
			assert_true(!fates[i].inside || fates[i].done == 0);
		}
		finish(NULL);
	}
}

static int finish(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ASKS; i++)
		if (fates[i].inside)
			cancel(i);
	pool_deinit(&pool);
	assert_int_equal(net.turn.timers.count, 0);
	fake_net_deinit(&net);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_stays_keeps_its_session, begin, finish),
		cmocka_unit_test_setup_teardown(test_who_leaves_answers_first, begin, finish),
		cmocka_unit_test_setup_teardown(test_what_it_loses_goes_on, begin, finish),
		cmocka_unit_test_setup_teardown(test_silent_one, begin, finish),
		cmocka_unit_test_setup_teardown(test_attempts_end, begin, finish),
		cmocka_unit_test_setup_teardown(test_many_changes, begin, finish),
		cmocka_unit_test_setup_teardown(test_nobody_left, begin, finish),
		cmocka_unit_test(test_random),
		cmocka_unit_test_setup_teardown(test_fail_all, begin, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
