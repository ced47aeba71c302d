/*
 * An upstream under whatever servers, networks and clients do, in any order, for long.  What must
 * hold does hold after each step; and whenever the servers are well again everybody is answered.
 */
#include "proxy/upstream/renew.h"
#include "tests/unit/upstream_stage.h"

#define STEPS 100000u
/* As often the servers get well, and everybody who waits is answered within that. */
#define HEAL_EVERY 5000u
#define HEAL_US	   (15 * SEC)

/* What the servers are like for a while. */
static enum { GOOD, SLOW, HOLE, REFUSE, SHAKE_ONLY, MUTE, LIMITED, ANYHOW, MOODS } mood;
static bool is_waiting[ASKS], dispatch_due, loose;
static size_t answered_in_all;

static uint64_t draw(uint64_t below)
{
	uint64_t x;

	net.random.fill(net.random.arg, &x, sizeof x);
	return x % below;
}

static bool chance(unsigned percent)
{
	return draw(100) < percent;
}

/* ------------------------------------------------------------------ a small pool */

static unsigned number_of(const struct request *r)
{
	return (unsigned)(container_of((uintptr_t)r, struct ask, request) - asks);
}

static void set_waiting(unsigned i, bool waits)
{
	wanted += waits - is_waiting[i];
	is_waiting[i] = waits;
	dispatch_due |= waits;
}

static bool is_flying(unsigned i)
{
	for (size_t k = 0; k < REQUEST_SENDS_MAX; k++)
		if (asks[i].request.flights[k].session)
			return true;
	return false;
}

static struct flight *free_flight(unsigned i)
{
	for (size_t k = 0; k < REQUEST_SENDS_MAX; k++)
		if (!asks[i].request.flights[k].session)
			return &asks[i].request.flights[k];
	return NULL;
}

static void forget(unsigned i)
{
	for (size_t k = 0; k < REQUEST_SENDS_MAX; k++)
		if (asks[i].request.flights[k].session)
			session_forget(&asks[i].request.flights[k]);
	set_waiting(i, false);
}

static void pool_room(void *arg)
{
	on_room(arg);
	dispatch_due = true;
}

static void pool_lost(void *arg, struct upstream *u)
{
	on_lost(arg, u);
	dispatch_due = true;
}

static bool pool_late(void *arg, struct upstream *u, struct flight *f, enum session_late why)
{
	unsigned i = number_of(f->request);

	on_late(arg, u, f, why);
	if (why == LATE_NAME && chance(50)) {
		upstream_ensure_second(u);
		return false;
	}
	if (free_flight(i))
		set_waiting(i, true);
	return true;
}

static void pool_returned(void *arg, struct upstream *u, struct flight *f)
{
	unsigned i = number_of(f->request);

	on_returned(arg, u, f);
	if (!up.closing && !is_flying(i))
		set_waiting(i, true);
	asks[i].request.sends = 0;
	dispatch_due = true;
}

static void pool_answered(void *arg, struct upstream *u, struct flight *f)
{
	on_answered(arg, u, f);
	forget(number_of(f->request));
	answered_in_all++;
	dispatch_due = true;
}

static const struct upstream_owner pool_owner = {
	.wanted = on_wanted,
	.room = pool_room,
	.lost = pool_lost,
	.late = pool_late,
	.returned = pool_returned,
	.answered = pool_answered,
};

static bool send_one(unsigned i)
{
	struct session *s = upstream_session(&up, &asks[i].request);
	struct flight *f = free_flight(i);

	if (!s || !f)
		return false;
	set_waiting(i, false);
	asks[i].request.sends = 0;
	*f = (struct flight){ .request = &asks[i].request };
	upstream_submit(&up, s, f);
	return true;
}

static void dispatch(void)
{
	uint64_t until;

	dispatch_due = false;
	for (unsigned i = 0; i < ASKS; i++) {
		if (!is_waiting[i] || send_one(i))
			continue;
		upstream_ensure(&up, true);
		upstream_is_awaited(&up, &until);
	}
}

/* ------------------------------------------------------------------ what holds */

static void check_race_loosely(void)
{
	size_t connecting = sessions_of(SESSION_CONNECTING);

	assert_true(attempts_counted() <= connecting);
	if (connecting == 0)
		loose = false; /* of addresses that were taken away nothing is left */
	if (!loose)
		assert_int_equal(attempts_counted(), connecting);
}

static void check_sessions(void)
{
	list_for_each (n, &up.sessions) {
		const struct session *s = container_of(n, struct session, node);

		if (s->quota > 0)
			assert_true(s->asked + s->queued_count <= s->quota);
		assert_true(session_inflight(s) <= up.session.max_inflight);
	}
}

/* Who waits is not forgotten: something will happen by itself. */
static void check_somebody_cares(void)
{
	if (wanted == 0 || upstream_ready(&up) > 0 || up.race.count == 0)
		return;
	assert_true(up.connecting > 0 || timer_running(&up.retry));
}

static void settle(void)
{
	const char *reason = NULL;

	fake_turn(&net);
	for (unsigned i = 0; dispatch_due; i++) {
		assert_true(i < 100);
		dispatch();
		fake_turn(&net);
	}
	check();
	check_race_loosely();
	check_sessions();
	check_somebody_cares();
	assert_int_equal(upstream_standing(&up, &reason) == UPSTREAM_UP, upstream_ready(&up) > 0);
	assert_non_null(reason);
	if (net.count > 40)
		fake_sweep(&net);
}

/* ------------------------------------------------------------------ servers */

static bool is_open(const struct fake *f)
{
	return !f->ended && !f->closed && !f->freed;
}

static void end_somehow(struct fake *f)
{
	static const enum transport_fault faults[] = { FAULT_CLOSED, FAULT_RESET, FAULT_TIMEOUT,
		FAULT_PROTOCOL, FAULT_LOCAL };
	enum transport_stage stage = STAGE_DNS;

	if (!f->ready)
		stage = f->established ? STAGE_TLS : STAGE_TCP;
	fake_end(f, faults[draw(COUNT_OF(faults))], stage);
}

/* Delivers one answer that is owed; false: none is. */
static bool answer_one(struct fake *f)
{
	for (size_t i = 0; i < f->sent_count; i++) {
		if (f->sent[i].answered)
			continue;
		fake_answer_nth(f, (long)i);
		return true;
	}
	return false;
}

static void answer_sometimes(struct fake *f, unsigned percent)
{
	if (!f->ready)
		fake_ready(f);
	else if (chance(percent))
		answer_one(f);
}

/* So many answers, then a close. */
static void be_limited(struct fake *f)
{
	if (f->ready && f->matched >= 3)
		fake_end(f, FAULT_CLOSED, STAGE_DNS);
	else if (!f->ready)
		fake_ready(f);
	else
		f->matched += answer_one(f);
}

static void do_anything(struct fake *f)
{
	switch (draw(8)) {
	case 0:
		end_somehow(f);
		break;
	case 1:
		if (!f->established)
			fake_establish(f);
		break;
	case 2:
		f->stuck_since_us = f->stuck_since_us ? 0 : net.clock_us;
		break;
	case 3:
		fake_room(f, chance(50) ? draw(4) : SIZE_MAX);
		break;
	default:
		answer_sometimes(f, 80);
	}
}

static void act(struct fake *f)
{
	switch (chance(90) ? mood : ANYHOW) {
	case GOOD:
		answer_sometimes(f, 100);
		break;
	case SLOW:
		answer_sometimes(f, 5);
		break;
	case REFUSE:
		if (!f->established)
			fake_end(f, FAULT_RESET, STAGE_TCP);
		break;
	case SHAKE_ONLY:
		if (!f->ready)
			fake_ready(f);
		else
			fake_end(f, FAULT_CLOSED, STAGE_DNS);
		break;
	case MUTE:
		if (!f->ready)
			fake_ready(f);
		break;
	case LIMITED:
		be_limited(f);
		break;
	case ANYHOW:
		do_anything(f);
		break;
	case HOLE:
	case MOODS:
		break;
	}
}

static void servers_act(void)
{
	for (size_t i = 0; i < net.count; i++)
		if (is_open(net.fakes[i]) && chance(30))
			act(net.fakes[i]);
}

/* ------------------------------------------------------------------ everything else */

static void move_addresses(void)
{
	static const char *const lists[] = { "4.1", "6.1 4.1", "4.1 4.2 4.3", "6.1 6.2 4.1 4.2",
		"6.2 4.2", "", "6.1 6.2 6.3 6.4 6.5 4.1 4.2 4.3 4.4 4.5" };

	set_addresses(lists[draw(COUNT_OF(lists))]);
	loose = true;
}

static void change_the_world(void)
{
	mood = draw(MOODS);
	net.refuse = chance(10);
	net.refuse_family = chance(20) ? (chance(50) ? AF_INET : AF_INET6) : 0;
	if (chance(30))
		move_addresses();
}

static void retire_one(void)
{
	size_t skip = draw(UPSTREAM_SESSIONS_MAX);

	list_for_each (n, &up.sessions)
		if (skip-- == 0)
			session_retire(container_of(n, struct session, node));
}

static void let_time_pass(void)
{
	uint64_t us = draw(20 * MS);

	if (chance(10))
		us = draw(SEC);
	else if (chance(2))
		us = draw(60 * SEC);
	for (uint64_t until = net.clock_us + us; net.clock_us < until; settle()) {
		uint64_t next = timerq_next_us(&net.turn.timers);

		fake_wait(&net, (next < until ? next : until) - net.clock_us);
	}
}

static void step(void)
{
	unsigned i = (unsigned)draw(ASKS);

	switch (draw(100)) {
	case 0:
		retire_one();
		break;
	case 1:
		upstream_ensure_second(&up);
		break;
	case 2:
		upstream_ensure(&up, false);
		break;
	case 3:
		if (chance(10)) {
			renew_upstream(&up, chance(50) ? race_winner(&up.race) : NULL);
			assert_true(list_empty(&up.sessions));
			renew_reopen(&up);
		}
		break;
	case 4:
	case 5:
		forget(i);
		break;
	default:
		if (chance(30))
			let_time_pass();
		else if (chance(50))
			servers_act();
		else if (!is_waiting[i] && !is_flying(i))
			set_waiting(i, true);
	}
	settle();
}

/* ------------------------------------------------------------------ well again */

static bool is_anybody_waiting(void)
{
	for (unsigned i = 0; i < ASKS; i++)
		if (is_waiting[i] || is_flying(i))
			return true;
	return false;
}

static void serve_well(struct fake *f)
{
	f->stuck_since_us = 0;
	if (!f->ready) {
		fake_ready(f);
		return;
	}
	fake_room(f, SIZE_MAX);
	while (is_open(f) && answer_one(f))
		;
}

static void heal(void)
{
	uint64_t until = net.clock_us + HEAL_US;

	net.refuse = false;
	net.refuse_family = 0;
	if (up.race.count == 0)
		set_addresses("6.1 4.1");
	loose = true;
	while (is_anybody_waiting()) {
		if (net.clock_us > until)
			fail_msg("%zu wait, %u connect, %u ready", wanted, up.connecting,
				upstream_ready(&up));
		for (size_t i = 0; i < net.count; i++)
			if (is_open(net.fakes[i]))
				serve_well(net.fakes[i]);
		settle();
		fake_wait(&net, 10 * MS);
		settle();
	}
}

/* Nobody asks: all comes to rest. */
static void rest(void)
{
	size_t opened;

	fake_wait(&net, 60 * SEC);
	opened = net.opened;
	fake_wait(&net, 2 * 3600 * SEC);
	check();
	assert_int_equal(net.opened, opened);
	assert_int_equal(session_count(), 0);
	assert_int_equal(net.turn.timers.count, 0);
}

static void run(uint64_t seed)
{
	end(NULL);
	raise_stage("6.1 4.1 6.2 4.2", &pool_owner);
	net.noise = seed;
	up.session.max_inflight = 8;
	memset(is_waiting, 0, sizeof is_waiting);
	dispatch_due = loose = false;
	answered_in_all = 0;
	for (unsigned i = 1; i <= STEPS; i++) {
		if (i % 200 == 0)
			change_the_world();
		step();
		if (i % HEAL_EVERY == 0)
			heal();
	}
	assert_true(answered_in_all > STEPS / 50);
	assert_int_equal(wanted, 0);
	rest();
}

static void test_random(void **state)
{
	static const uint64_t seeds[] = { 1, 2, 3, 4 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(seeds); i++)
		run(seeds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
